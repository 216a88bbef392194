/* Region as Python has it: `with Region()` blocks, and what one shows of itself. */
// SPDX-License-Identifier: MIT
#include "check.h"
#include "life.h"
#include "mode.h"
#include "state.h"
#include "verbs.h"

int owned_region_add(PyObject *module);

/* ---- Region() blocks: each open one holds the birth region around it, the thread holds the innermost --------- */

void
owned_region_open(owned_region *r, owned_region *outer)
{
    owned_store_ptr(&r->outer, (owned_region *)Py_NewRef((PyObject *)outer));
    owned_thread_set_birth((owned_region *)Py_NewRef((PyObject *)r));
}

static void
refuse_enter(PyObject *self, owned_region *now)
{
    if (owned_region_state_of(now) == OWNED_SHARED)
        owned_refuse(owned_the_state->OwnershipError, "enter", self,
                     "this Region is shared, so that nothing is born in it any more: make another, and under the lock "
                     "region.merge(other)");
    else
        owned_violation(self, now, &(owned_access){OWNED_VERB, "enter", "the region", 1}, NULL);
}

static PyObject *
region_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_region *r = (owned_region *)self;
    owned_region *outer = owned_birth_region();
    if (outer == NULL)
        return NULL;
    owned_region *now = owned_region_resolve(r); /* another one, if it was merged */
    if (owned_region_is_mine(now))
        r = now;
    else if (owned_mode_now() != OWNED_MODE_OFF) {
        refuse_enter(self, now);
        r = NULL;
    }
    Py_DECREF((PyObject *)now); /* `self` keeps it */
    if (r == NULL)
        return NULL;
    if (owned_region_is_open(r)) {
        PyErr_SetString(PyExc_RuntimeError, "this region's block is open already: a region is entered once at a time");
        return NULL;
    }
    owned_region_open(r, outer);
    return Py_NewRef(self);
}

static void
close_innermost(void)
{
    owned_region *r = owned_this_thread.birth;
    owned_region *outer = r->outer;
    owned_thread_set_birth(outer);
    owned_store_ptr(&r->outer, NULL);
    Py_DECREF((PyObject *)outer); /* the home region is the Tenure's, any other is held by its own open block */
    Py_DECREF((PyObject *)r);
}

void
owned_region_close_blocks(owned_region *birth, owned_region *home)
{
    while (birth != home) {
        close_innermost();
        birth = owned_this_thread.birth;
    }
}

static PyObject *
region_exit(PyObject *self, PyObject *Py_UNUSED(args))
{
    owned_region *now = owned_region_resolve((owned_region *)self);
    Py_DECREF((PyObject *)now); /* `self` keeps it */
    if (owned_this_thread.birth != now && owned_this_thread.birth != (owned_region *)self) {
        PyErr_SetString(PyExc_RuntimeError, "region blocks are closed by the thread that opened them, innermost first");
        return NULL;
    }
    close_innermost();
    Py_RETURN_NONE;
}

/* ---- the Python type --------------------------------------------------------------------------------------- */

static const char *const state_names[] = {"private", "shared", "frozen", "in transit", "forwarded"};

const char *
owned_region_named(owned_region *r, owned_region **now)
{
    for (;;) {
        *now = owned_region_resolve(r);
        owned_region_state state = owned_region_state_of(*now);
        if (state != OWNED_FORWARDED)
            return owned_region_is_orphaned(*now) ? "orphaned" : state_names[state];
        Py_DECREF((PyObject *)*now); /* forwarded once more, while we looked */
    }
}

static PyObject *
region_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Region", keywords))
        return NULL;
    (void)type; /* Region cannot be subclassed: Lock and RLock have a tp_new of their own */
    PyObject *self = (PyObject *)owned_region_new(OWNED_PRIVATE, NULL, NULL, NULL);
    if (self != NULL) {
        ((owned_region *)self)->named = 1;
        owned_life_made(self);
    }
    return self;
}

static PyObject *
region_get_state(PyObject *self, void *Py_UNUSED(closure))
{
    owned_region *now;
    PyObject *name = PyUnicode_FromString(owned_region_named((owned_region *)self, &now));
    Py_DECREF((PyObject *)now);
    return name;
}

PyObject *
owned_region_lock(owned_region *r)
{
    if (owned_region_state_of(r) != OWNED_SHARED)
        return Py_NewRef(Py_None);
    PyObject *lock;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    lock = Py_NewRef(Py_IS_TYPE((PyObject *)r, owned_the_state->Region) && r->foreign != NULL ? r->foreign
                                                                                               : (PyObject *)r);
    OWNED_END_CRITICAL();
    return lock;
}

static PyObject *
region_repr(PyObject *self)
{
    owned_region *now;
    const char *state = owned_region_named((owned_region *)self, &now);
    owned_thread_info *owner = owned_region_owner(now);
    owned_task_info *task = owned_region_task(now);
    PyObject *text;
    if (owner == NULL || owned_region_state_of(now) != OWNED_PRIVATE)
        text = PyUnicode_FromFormat("<Region at %p, %s>", self, state);
    else if (task != NULL && task->name != Py_None)
        text = PyUnicode_FromFormat("<Region at %p, %s, of task %R>", self, state, task->name);
    else
        text = PyUnicode_FromFormat("<Region at %p, %s, of thread %R>", self, state, owner->name);
    Py_XDECREF((PyObject *)task);
    Py_XDECREF((PyObject *)owner);
    Py_DECREF((PyObject *)now);
    return text;
}

PyDoc_STRVAR(region_doc,
"Region()\n--\n\n"
"A set of objects that share, move and are adopted as one, in constant time.\n\n"
"Objects made inside ``with Region() as r:`` by this thread are born in ``r``. When the block is closed they are still\n"
"private to the thread; ``share(r, lock=...)`` then shares all of them and ``move(r)`` hands all of them over without\n"
"a walk. ``freeze(r)`` freezes all of them or none; that takes a walk. ``r.merge(other)`` makes one region of two.\n\n"
"Raises:\n"
"    RuntimeError: the block is entered while it is open, or closed by another thread or out of order.\n"
"    OwnershipError: the block is entered by a thread that does not hold the region, or the region is shared.\n\n"
"Threads:\n"
"    A block belongs to the thread that entered it, and so does what is born in it. Every object that thread makes while\n"
"    the block is open is born in the region, whoever asked for it: do not ``await`` or ``yield`` inside the block.");

static PyObject *
region_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, self); /* it raises */
}

PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nFrom now on this thread's objects are born in this region.");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nThis thread's objects are born where they were before.");

PyDoc_STRVAR(merge_doc,
"merge($self, other, /)\n--\n\n"
"Everything that belongs to the region `other` belongs to this one from now on, in constant time.\n\n"
"The two names stand for one region afterwards. Where this region is shared, what `other` holds is shared under the same\n"
"lock, which the caller has to hold. What has one region already is left as it is.\n\n"
"Args:\n"
"    other: a ``Region`` that is private to the calling thread, with no block open.\n\n"
"Raises:\n"
"    TypeError: ``other`` is no ``Region``.\n"
"    WrongThreadError, MovedError, OrphanedError: one of the two is not this thread's.\n"
"    LockNotHeldError: this region is shared, and the caller does not hold the lock.\n"
"    OwnershipError: ``other`` is shared or frozen, and keeps its lock for life.\n"
"    FrozenError: this region is frozen.\n"
"    RuntimeError: the block of ``other`` is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread that owns both.");

static PyMethodDef region_methods[] = {
    {"__enter__", region_enter, METH_NOARGS, enter_doc},
    {"__exit__", region_exit, METH_VARARGS, exit_doc},
    {"__reduce_ex__", region_reduce_ex, METH_O,
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nA region cannot be pickled or copied: TypeError.")},
    {"merge", owned_region_merge, METH_O, merge_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef region_getset[] = {
    {"state", region_get_state, NULL, PyDoc_STR("The state it is in now, as a str."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef region_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_region, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *
leave_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (!Py_IS_TYPE(obj, owned_the_state->Region) || owned_thread_id() == 0 ||
        !owned_region_is_mine((owned_region *)obj) || owned_region_is_open((owned_region *)obj)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "leave() takes a Region of the calling thread whose block is closed");
        return NULL;
    }
    owned_region_leave((owned_region *)obj);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"leave", leave_impl, METH_O,
     PyDoc_STR("leave(region, /)\n--\n\nLet all that was born in a Region belong to whichever thread touches it first.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot region_slots[] = {
    {Py_tp_doc, (void *)region_doc},
    {Py_tp_new, region_new},
    {Py_tp_dealloc, owned_region_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, region_repr},
    {Py_tp_methods, region_methods},
    {Py_tp_getset, region_getset},
    {Py_tp_members, region_members},
    {0, NULL},
};

static PyType_Spec region_spec = {
    .name = "owned._core.Region",
    .basicsize = sizeof(owned_region),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = region_slots,
};

int
owned_region_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->Region, &region_spec, NULL, "Region") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
