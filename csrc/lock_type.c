/* owned.Lock and owned.RLock as Python sees them, and what the types of all our locks share. What they do: lock.c. */
// SPDX-License-Identifier: MIT
#include "lock_type.h"

#include "compound_lock.h"
#include "state.h"
#include "timeout.h"
#include "verbs.h"

/* ---- what all locks share ---------------------------------------------------------------------------------------- */

PyObject *
owned_lock_alloc(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    /* A subclass whose __init__ takes arguments may be called with them, as with object.__new__. */
    if (type->tp_init == PyBaseObject_Type.tp_init &&
        (PyTuple_GET_SIZE(args) != 0 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0))) {
        PyObject *name = PyType_GetName(type);
        if (name != NULL)
            PyErr_Format(PyExc_TypeError, "%U() takes no arguments", name);
        Py_XDECREF(name);
        return NULL;
    }
    PyObject *self = type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    owned_region_init_lock(&((owned_lock_head *)self)->region);
    if (OWNED_UNLIKELY(owned_mode_is_strict()))
        ((owned_lock_head *)self)->tag.made = owned_place_here();
    owned_watch(self, OWNED_WATCH_MADE);
    return self;
}

uint64_t
owned_lock_parse_depth(PyObject *state)
{
    Py_ssize_t depth = PyLong_AsSsize_t(state);
    if (depth == -1 && PyErr_Occurred())
        return 0;
    if (depth >= 1)
        return (uint64_t)depth;
    PyErr_Format(PyExc_ValueError, "`state` must come from _release_save(), got %zd", depth);
    return 0;
}

PyObject *
owned_lock_protect(PyObject *self, PyObject *obj)
{
    return owned_share(obj, self);
}

PyObject *
owned_lock_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, self); /* it raises */
}

/* ---- methods -------------------------------------------------------------------------------------------------- */

static PyObject *
lock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (OWNED_LIKELY(owned_lock_take_free((owned_lock *)self)))
        Py_RETURN_TRUE;
    return owned_lock_answer(owned_lock_take_once((owned_lock *)self, OWNED_FOR_EVER));
}

static PyObject *
lock_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (nargs == 0 && names == NULL)
        return lock_enter(self, NULL);
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    return owned_lock_answer(owned_lock_take_once((owned_lock *)self, timeout));
}

static PyObject *
rlock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (OWNED_LIKELY(owned_lock_take_free((owned_lock *)self)))
        Py_RETURN_TRUE;
    return owned_lock_answer(owned_lock_take_recursive((owned_lock *)self, OWNED_FOR_EVER));
}

static PyObject *
rlock_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (nargs == 0 && names == NULL)
        return rlock_enter(self, NULL);
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    return owned_lock_answer(owned_lock_take_recursive((owned_lock *)self, timeout));
}

static PyObject *
lock_release(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (OWNED_UNLIKELY(owned_lock_release((owned_lock *)self) < 0))
        return NULL;
    Py_RETURN_NONE;
}

/* Called with three arguments, and METH_VARARGS would have a tuple made of them. */
static PyObject *
lock_exit(PyObject *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    return lock_release(self, NULL);
}

static PyObject *
lock_locked(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_load_u64(&((owned_lock *)self)->head.region.holder) != OWNED_NOBODY);
}

static PyObject *
lock_is_owned(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_lock_is_mine((owned_lock *)self));
}

static PyObject *
rlock_recursion_count(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLongLong(owned_lock_is_mine((owned_lock *)self) ? ((owned_lock *)self)->again + 1 : 0);
}

static PyObject *
lock_release_save(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_lock *self = (owned_lock *)op;
    if (!owned_lock_is_mine(self)) {
        owned_lock_refuse_release(self);
        return NULL;
    }
    PyObject *depth = PyLong_FromUnsignedLongLong(self->again + 1);
    if (depth != NULL) {
        owned_store_u64(&self->again, 0);
        owned_lock_give_back(self);
    }
    return depth;
}

static PyObject *
lock_acquire_restore(PyObject *self, PyObject *state)
{
    uint64_t depth = owned_lock_parse_depth(state);
    if (depth == 0 || owned_lock_acquire_restore((owned_lock *)self, depth) < 0)
        return NULL;
    Py_RETURN_NONE;
}

#ifdef HAVE_FORK
static PyObject *
lock_at_fork_reinit(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (owned_lock_reinit((owned_lock *)self) < 0)
        return NULL;
    Py_RETURN_NONE;
}
#endif

/* As CPython's, with the holder's name where RLock's has a number, also for Lock. */
static PyObject *
lock_repr(PyObject *op)
{
    owned_lock *self = (owned_lock *)op;
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    PyObject *info = holder == OWNED_NOBODY ? Py_NewRef(Py_None) : owned_thread_info_of(holder);
    PyObject *name = NULL, *count = NULL, *text = NULL;
    if (info == NULL)
        goto done;
    if (holder == OWNED_NOBODY)
        name = PyUnicode_FromString("");
    else if (info == Py_None)
        name = PyUnicode_FromFormat("owner=thread-%llu ", (unsigned long long)holder);
    else
        name = PyUnicode_FromFormat("owner=%R%s ", ((owned_thread_info *)info)->name,
                                    owned_load_u64(&((owned_thread_info *)info)->finished) ? " (ended)" : "");
    if (Py_IS_TYPE(op, owned_the_state->Lock))
        count = PyUnicode_FromString("");
    else {
        uint64_t depth = holder == OWNED_NOBODY ? 0 : owned_load_u64(&self->again) + 1;
        count = PyUnicode_FromFormat("count=%llu ", (unsigned long long)depth);
    }
    if (name != NULL && count != NULL)
        text = PyUnicode_FromFormat("<%s %s object %U%Uat %p>", holder == OWNED_NOBODY ? "unlocked" : "locked",
                                    Py_TYPE(self)->tp_name, name, count, self);
done:
    Py_XDECREF(info);
    Py_XDECREF(name);
    Py_XDECREF(count);
    return text;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static PyObject *
lock_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    owned_lock *self = (owned_lock *)owned_lock_alloc(type, args, kwargs);
    if (self == NULL)
        return NULL;
    self->wakeup = PyThread_allocate_lock();
    if (self->wakeup == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    PyThread_acquire_lock(self->wakeup, WAIT_LOCK);
    return (PyObject *)self;
}

static void
lock_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self); /* a callback may run the collector */
    owned_lock_clear((owned_lock *)self);
    owned_region_dealloc_lock(self);
}

/* ---- functions of the module ----------------------------------------------------------------------------------- */

static const owned_access locked_call = {OWNED_OPERATION, "call", "locked()", 1};

static PyObject *
lock_to_take_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return owned_lock_to_take(obj, &locked_call, NULL);
}

static PyObject *
tell_waits_impl(PyObject *Py_UNUSED(module), PyObject *wanted)
{
    int on = PyObject_IsTrue(wanted);
    if (on < 0)
        return NULL;
    owned_this_thread.tells_waits = (unsigned)on;
    Py_RETURN_NONE;
}

static PyObject *
lock_ordinal_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (owned_lock_check(obj))
        return PyLong_FromUnsignedLongLong(owned_load_u64(&((owned_lock_head *)obj)->tag.ordinal));
    PyErr_Format(PyExc_TypeError, "`lock` must be a lock of ours, got %.200s", Py_TYPE(obj)->tp_name);
    return NULL;
}

static PyObject *
lock_made_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (owned_lock_check(obj))
        return owned_place_told(&((owned_lock_head *)obj)->tag.made);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"tell_waits", tell_waits_impl, METH_O,
     PyDoc_STR("tell_waits(wanted, /)\n--\n\nWhether owned._waits hears of it before this thread waits for a lock.")},
    {"lock_ordinal", lock_ordinal_impl, METH_O,
     PyDoc_STR("lock_ordinal(lock, /)\n--\n\nThe number strict mode gave the lock when it first met it, or 0.")},
    {"lock_made", lock_made_impl, METH_O,
     PyDoc_STR("lock_made(lock, /)\n--\n\nWhere a lock of ours was made in strict mode: its code and line; or None.")},
    {"lock_to_take", lock_to_take_impl, METH_O,
     PyDoc_STR("lock_to_take(obj, /)\n--\n\nThe lock a thread takes to touch the object, or None where it needs none.")},
    {NULL, NULL, 0, NULL},
};

/* ---- the Python types ------------------------------------------------------------------------------------------ */

PyDoc_STRVAR(lock_doc,
"Lock()\n--\n\n"
"A lock that knows its holder: a drop-in for threading.Lock that objects can be shared under.\n\n"
"While a thread holds the lock, the objects shared under it are that thread's to touch. It behaves as threading.Lock\n"
"does, but for two things: only the thread that holds it may release it, and a holder that would wait for itself for\n"
"ever gets an error instead.\n\n"
"Raises:\n"
"    LockNotHeldError: release() by a thread that does not hold it.\n"
"    LockOrderError: acquire() without a timeout by the thread that holds it; in strict mode also in an order with\n"
"        other locks that contradicts the one they were taken in before.\n"
"    OrphanedError: acquire() when the thread that holds it has ended; adopt(lock) takes it over.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time.");

PyDoc_STRVAR(rlock_doc,
"RLock()\n--\n\n"
"A reentrant lock that knows its holder: a drop-in for threading.RLock that objects can be shared under.\n\n"
"While a thread holds the lock, the objects shared under it are that thread's to touch. The holder may acquire it again,\n"
"and releases it as often.\n\n"
"Raises:\n"
"    LockNotHeldError: release() by a thread that does not hold it.\n"
"    LockOrderError: in strict mode, acquire() without a timeout in an order with other locks that contradicts the one\n"
"        they were taken in before.\n"
"    OrphanedError: acquire() when the thread that holds it has ended; adopt(lock) takes it over.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time.");

PyDoc_STRVAR(lock_acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take the lock, waiting until it is free, and return True.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds the lock now, False if it was not to be had in time.\n\n"
"Raises:\n"
"    OrphanedError: the thread that holds it has ended, or ends while we wait (noticed within half a second).\n"
"    LockOrderError: there is no timeout, and this thread holds it; or, in strict mode, holds another lock that was\n"
"        taken after it before.\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.Lock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(rlock_acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take the lock, waiting until it is free, and return True. The thread that holds it may take it again.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds the lock now, False if it was not to be had in time.\n\n"
"Raises:\n"
"    OrphanedError: the thread that holds it has ended, or ends while we wait (noticed within half a second).\n"
"    LockOrderError: in strict mode, without a timeout: this thread holds another lock that was taken after it before.\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.RLock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(release_doc,
"release($self, /)\n--\n\n"
"Give the lock back; one that was acquired several times is free after as many releases.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold it.\n\n"
"Threads:\n"
"    The holder.");

PyDoc_STRVAR(locked_doc, "locked($self, /)\n--\n\nIs the lock held by any thread?");
PyDoc_STRVAR(is_owned_doc, "_is_owned($self, /)\n--\n\nDoes the calling thread hold it? For threading.Condition.");
PyDoc_STRVAR(release_save_doc, "_release_save($self, /)\n--\n\nGive it back entirely. For threading.Condition.");
PyDoc_STRVAR(acquire_restore_doc,
"_acquire_restore($self, state, /)\n--\n\nTake it as it was before _release_save(). For threading.Condition.");
PyDoc_STRVAR(recursion_count_doc,
"_recursion_count($self, /)\n--\n\nHow often the calling thread has acquired it.");

/* What both kinds have. */
#define COMMON_METHODS                                                                                                 \
    {"release", lock_release, METH_NOARGS, release_doc},                                                               \
    {"locked", lock_locked, METH_NOARGS, locked_doc},                                                                  \
    OWNED_LOCK_PROTECT_METHOD                                                                                          \
    {"__exit__", (PyCFunction)(void (*)(void))lock_exit, METH_FASTCALL, OWNED_LOCK_EXIT_DOC},                          \
    OWNED_LOCK_REDUCE_METHOD                                                                                           \
    {"_is_owned", lock_is_owned, METH_NOARGS, is_owned_doc},                                                           \
    {"_release_save", lock_release_save, METH_NOARGS, release_save_doc},                                               \
    {"_acquire_restore", lock_acquire_restore, METH_O, acquire_restore_doc},                                           \
    OWNED_LOCK_AT_FORK_METHOD(lock_at_fork_reinit)

static PyMethodDef lock_methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))lock_acquire, METH_FASTCALL | METH_KEYWORDS, lock_acquire_doc},
    {"__enter__", lock_enter, METH_NOARGS, OWNED_LOCK_ENTER_DOC},
    COMMON_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMethodDef rlock_methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))rlock_acquire, METH_FASTCALL | METH_KEYWORDS, rlock_acquire_doc},
    {"__enter__", rlock_enter, METH_NOARGS, OWNED_LOCK_ENTER_DOC},
    {"_recursion_count", rlock_recursion_count, METH_NOARGS, recursion_count_doc},
    COMMON_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_lock, head.region.weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot lock_slots[] = {
    {Py_tp_doc, (void *)lock_doc},
    {Py_tp_new, lock_new},
    {Py_tp_dealloc, lock_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, lock_repr},
    {Py_tp_methods, lock_methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

static PyType_Slot rlock_slots[] = {
    {Py_tp_doc, (void *)rlock_doc},
    {Py_tp_new, lock_new},
    {Py_tp_dealloc, lock_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, lock_repr},
    {Py_tp_methods, rlock_methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

/* As in threading, RLock may be subclassed and Lock may not. */
static PyType_Spec lock_spec = {
    .name = "owned.Lock",
    .basicsize = sizeof(owned_lock),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = lock_slots,
};

static PyType_Spec rlock_spec = {
    .name = "owned.RLock",
    .basicsize = sizeof(owned_lock),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = rlock_slots,
};

int
owned_lock_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->Lock, &lock_spec, NULL, "Lock") < 0 ||
        owned_state_add_type(module, &state->RLock, &rlock_spec, NULL, "RLock") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
