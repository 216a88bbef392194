/* share(obj, lock=None): PRIVATE -> SHARED. A lock is a region, so what is shared points at it; a Region() and a membrane
 * forward there as a whole. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "life.h"
#include "lock.h"
#include "membrane.h"
#include "mode.h"
#include "state.h"
#include "stats.h"
#include "strict.h"
#include "verbs.h"

int owned_share_add(PyObject *module);

static const owned_access sharing = {OWNED_VERB, "share", NULL, 1};

PyObject *
owned_verb_record(const char *verb, PyObject *root, size_t count)
{
    PyTypeObject *type = owned_known_type(root);
    PyObject *record = PyObject_CallFunction(owned_the_state->make_record, "sOn", verb, (PyObject *)type, (Py_ssize_t)count);
    Py_DECREF((PyObject *)type);
    return record;
}

int
owned_verb_target(const char *verb, PyObject *obj, owned_region **region)
{
    owned_region **where = owned_carried(obj);
    if (owned_thread_id() == 0)
        return -1;
    if (where != NULL && owned_is_wrapper(obj))
        return (*region = owned_membrane_of(obj)) == NULL ? -1 : 0;
    if (where != NULL)
        *region = owned_region_of(obj, where);
    else if (Py_IS_TYPE(obj, owned_the_state->Region))
        *region = owned_region_resolve((owned_region *)obj);
    else {
        PyErr_Format(PyExc_TypeError,
                     "%s() takes a guarded object (an instance of an @owned class, a List, Dict or Set, what own() gave, "
                     "or a Region), got %.200s: wrap it first, %s(own(obj))",
                     verb, Py_TYPE(obj)->tp_name, verb);
        return -1;
    }
    if (*region == NULL) { /* never touched since its class's allocation went around ours: it is born here */
        owned_region_repoint(obj, where, owned_this_thread.birth);
        owned_life_made(obj);
        *region = (owned_region *)Py_NewRef((PyObject *)owned_this_thread.birth);
    }
    return 0;
}

int
owned_verb_refuse_open(const char *verb, owned_region *region)
{
    if (!owned_region_is_open(region))
        return 0;
    PyErr_Format(PyExc_RuntimeError, "%s() of a region whose `with` block is still open: close the block first", verb);
    return -1;
}

/* The walk and the record are made first; what follows cannot fail. */
static int
share_private(PyObject *obj, owned_region *region, owned_region *lock)
{
    owned_graph graph = {0};
    int result = -1;
    int whole = Py_IS_TYPE(obj, owned_the_state->Region);
    if (whole ? owned_verb_refuse_open("share", region) < 0
              : owned_strict_share(obj) < 0 || owned_graph_walk(&graph, &obj, 1, owned_graph_takes_mine) < 0)
        goto done;
    PyObject *record = owned_verb_record("share", obj, graph.taken_used + graph.membranes_used);
    if (record == NULL)
        goto done;
    owned_region_note(lock, record);
    if (whole) {
        owned_life_step((PyObject *)region, record);
        owned_region_forward(region, lock);
    }
    else {
        owned_graph_give(&graph, lock);
        owned_graph_tell(&graph, record);
    }
    Py_DECREF(record);
    owned_count(OWNED_COUNT_SHARES);
    result = 0;
done:
    owned_graph_release(&graph);
    return result;
}

/* Refuse an object because of the state it is in; `format` tells about a type's name. */
static int
refuse_state(PyObject *kind, PyObject *obj, const char *format)
{
    PyTypeObject *type = owned_known_type(obj);
    int result = owned_refuse(kind, "share", obj, format, type->tp_name);
    Py_DECREF((PyObject *)type);
    return result;
}

static int
share(PyObject *obj, owned_region *region, PyObject *lock)
{
    owned_region_state state = owned_region_state_of(region);
    if (state == OWNED_FROZEN)
        return refuse_state(owned_the_state->FrozenError, obj,
                            "this %.200s is frozen: every thread may read it, and no lock is needed");
    owned_region *guard = lock == Py_None ? NULL : owned_lock_region(lock);
    if (guard == NULL && lock != Py_None)
        return -1;
    int result = -1;
    if (state == OWNED_SHARED) {
        if (guard != NULL && guard == region)
            result = 0;
        else
            refuse_state(owned_the_state->OwnershipError, obj,
                         "this %.200s is shared already, under another lock (lock_of(obj) tells which): an object has one "
                         "lock for life");
    }
    else if (!owned_region_is_mine(region))
        owned_violation(obj, region, &sharing, NULL);
    else {
        if (guard == NULL)
            guard = (owned_region *)PyObject_CallNoArgs((PyObject *)owned_the_state->RLock);
        if (guard != NULL)
            result = share_private(obj, region, guard);
    }
    Py_XDECREF((PyObject *)guard);
    return result;
}

PyObject *
owned_share(PyObject *obj, PyObject *lock)
{
    owned_region *region;
    owned_mode_rely();
    if (owned_mode_now() == OWNED_MODE_OFF && !PyObject_TypeCheck(obj, owned_the_state->Owned))
        return PyObject_CallFunctionObjArgs(owned_the_state->off_share, obj, lock, NULL);
    if (owned_verb_target("share", obj, &region) < 0)
        return NULL;
    int result = share(obj, region, lock);
    Py_DECREF((PyObject *)region);
    return result < 0 ? NULL : Py_NewRef(obj);
}

static PyObject *
share_impl(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"", "lock", NULL};
    PyObject *obj, *lock = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:share", keywords, &obj, &lock))
        return NULL;
    return owned_share(obj, lock);
}

PyDoc_STRVAR(share_doc,
"share($module, obj, /, lock=None)\n--\n\n"
"Share an object: from now on every access, by any thread, is verified to hold the lock.\n\n"
"Sharing is deep: the private objects of this thread that ``obj`` reaches through guarded fields, containers, tuples and\n"
"wrappers go along; what belongs to another region stays there. What is stored in a shared object later joins it.\n"
"A ``Region`` is shared in constant time with all that was born in it.\n\n"
"Args:\n"
"    obj: an instance of an ``@owned`` class, a ``List``, ``Dict`` or ``Set``, what ``own()`` gave, or a ``Region``.\n"
"    lock: an ``owned.Lock``, ``owned.RLock`` or ``owned.RWLock`` (which lets in many readers or one writer); a\n"
"        ``threading.RLock``, ``threading.Condition`` or ``multiprocessing.RLock`` (asked at every access whether the\n"
"        caller holds it). Without one a new ``owned.RLock`` is made: ``locked(obj)`` takes it, ``lock_of(obj)`` tells\n"
"        it. One lock may guard any number.\n\n"
"Returns:\n"
"    ``obj`` itself.\n\n"
"Raises:\n"
"    TypeError: ``obj`` is not guarded, or ``lock`` is no lock that can tell whether this thread holds it\n"
"        (``threading.Lock`` cannot).\n"
"    WrongThreadError: ``obj`` belongs to another thread.\n"
"    OwnershipError: ``obj`` is shared under another lock already. Under the same lock it is returned.\n"
"    FrozenError: ``obj`` is frozen and needs no lock.\n"
"    MovedError, OrphanedError: ``obj`` is in transit, or its thread has ended.\n"
"    RuntimeError: ``obj`` is a ``Region`` whose block is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread that owns ``obj``. Not checked: references to the plain insides of a wrapped object, and\n"
"    unguarded objects in fields, which other code may hold.");

static PyMethodDef methods[] = {
    {"share", (PyCFunction)(void (*)(void))share_impl, METH_VARARGS | METH_KEYWORDS, share_doc},
    {NULL, NULL, 0, NULL},
};

int
owned_share_add(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
