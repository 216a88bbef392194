/* adopt(obj_or_thread): what a finished thread left behind.
 *
 * Of a thread: it gets an heir, once, and every region it held follows at its next touch (check.c), in constant time.
 * Of an object: the orphaned objects it reaches are re-pointed at this thread's birth region. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "life.h"
#include "lock.h"
#include "membrane.h"
#include "mode.h"
#include "semaphore.h"
#include "state.h"
#include "stats.h"
#include "verbs.h"
#include "watch.h"

int owned_adopt_add(PyObject *module);

static const owned_access adopting = {OWNED_VERB, "adopt", NULL, 1};

static int
takes_orphaned(owned_region *region, PyObject *Py_UNUSED(obj))
{
    return owned_region_is_orphaned(region);
}

/* Another thread was first: whose it is now. Always OWNED_REFUSED or -1. */
static int
refuse_second(PyObject *obj)
{
    owned_region *region;
    if (owned_verb_target("adopt", obj, &region) < 0)
        return -1;
    int result = owned_violation(obj, region, &adopting, NULL);
    Py_DECREF((PyObject *)region);
    return result;
}

/* The object itself goes first, in one step: of several threads one has it, and the others do not even look at what it
 * refers to, which is that one's by then. A wrapper goes with its region, which arrives once. */
static int
adopt_graph(PyObject *obj, owned_region *region, PyObject *record)
{
    int is_wrapper = owned_is_wrapper(obj);
    if (!is_wrapper && !owned_region_repoint_orphan(obj, owned_carried(obj), owned_this_thread.birth))
        return refuse_second(obj);
    owned_graph graph;
    int result = is_wrapper ? owned_graph_walk(&graph, &obj, 1, takes_orphaned)
                            : owned_graph_walk_children(&graph, obj, takes_orphaned);
    if (result == 0 && is_wrapper && !owned_region_arrive(region, record))
        result = refuse_second(obj);
    else if (result == 0) {
        for (size_t i = 0; i < graph.membranes_used; i++)
            owned_region_arrive(graph.membranes[i], record);
        for (size_t i = 0; i < graph.taken_used; i++)
            owned_region_repoint_orphan(graph.taken[i], owned_carried(graph.taken[i]), owned_this_thread.birth);
        owned_graph_tell(&graph, record);
        if (!is_wrapper)
            owned_life_step(obj, record);
    }
    else if (!is_wrapper)
        owned_region_repoint(obj, owned_carried(obj), region); /* as if nothing had been */
    owned_graph_release(&graph);
    return result;
}

static int
adopt_orphaned(PyObject *obj, owned_region *region)
{
    PyObject *record = owned_verb_record("adopt", obj, 1);
    if (record == NULL)
        return -1;
    int result = 0;
    if (!Py_IS_TYPE(obj, owned_the_state->Region))
        result = adopt_graph(obj, region, record);
    else if (!owned_region_arrive(region, record))
        result = refuse_second(obj);
    else
        owned_life_step((PyObject *)region, record);
    Py_DECREF(record);
    return result;
}

static int
adopt_object(PyObject *obj)
{
    owned_region *region;
    if (owned_verb_target("adopt", obj, &region) < 0)
        return -1;
    int result = 0;
    if (owned_region_is_orphaned(region))
        result = adopt_orphaned(obj, region);
    else if (owned_region_state_of(region) == OWNED_SHARED || owned_region_state_of(region) == OWNED_FROZEN) {
        const char *state = owned_region_state_of(region) == OWNED_SHARED ? "shared" : "frozen";
        PyTypeObject *type = owned_known_type(obj);
        result = owned_refuse(owned_the_state->OwnershipError, "adopt", obj,
                              "this %.200s is %s: it belongs to no thread, so there is nothing to adopt", type->tp_name,
                              state);
        Py_DECREF((PyObject *)type);
    }
    else {
        owned_thread_info *owner = owned_region_owner(region);
        int by_thread = owned_region_state_of(region) == OWNED_PRIVATE && owned_load_ptr(&region->task) == NULL;
        if (!owned_region_is_mine(region) && (!by_thread || owner != owned_this_thread.info))
            result = owned_violation(obj, region, &adopting, NULL);
        Py_XDECREF((PyObject *)owner);
    }
    Py_DECREF((PyObject *)region);
    return result;
}

static int
adopt_thread(PyObject *thread)
{
    if (owned_thread_id() == 0)
        return -1;
    PyObject *found = PyObject_CallOneArg(owned_the_state->info_of_thread, thread);
    if (found == NULL)
        return -1;
    if (found == Py_None) { /* it never touched anything of ours */
        Py_DECREF(found);
        return 0;
    }
    owned_thread_info *info = owned_thread_heir((owned_thread_info *)found);
    int result = -1;
    if (info == owned_this_thread.info)
        result = 0;
    else if (!owned_load_u64(&info->finished))
        owned_refuse(owned_the_state->WrongThreadError, "adopt", thread,
                     info == (owned_thread_info *)found
                         ? "thread %R is still running: join it first, or let it move() what it hands over"
                         : "what this thread left was adopted by thread %R, which is still running",
                     info->name);
    else if (owned_thread_set_heir(info, owned_this_thread.info) == 0)
        result = 0;
    else
        owned_refuse(owned_the_state->WrongThreadError, "adopt", thread,
                     "another thread was first to adopt what this thread left");
    Py_DECREF(found);
    return result;
}

static PyObject *
inherit_impl(PyObject *Py_UNUSED(module), PyObject *thread)
{
    if (owned_thread_id() == 0)
        return NULL;
    PyObject *found = PyObject_CallOneArg(owned_the_state->info_of_thread, thread);
    if (found == NULL)
        return NULL;
    owned_thread_info *info = (owned_thread_info *)found;
    int inherits = found != Py_None && owned_mode_now() != OWNED_MODE_OFF && owned_load_u64(&info->finished) &&
                   owned_thread_set_heir(info, owned_this_thread.info) == 0;
    if (inherits)
        owned_count(OWNED_COUNT_ADOPTIONS);
    Py_DECREF(found);
    return PyBool_FromLong(inherits);
}

static PyObject *
adopt_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_state *state = owned_the_state;
    int is_thread = owned_carried(obj) != NULL ? 0 : PyObject_IsInstance(obj, state->Thread);
    if (is_thread < 0)
        return NULL;
    owned_mode_rely();
    if (Py_IS_TYPE(obj, state->Parcel)) {
        PyObject *done = PyObject_CallOneArg(state->adopt_parcel, obj);
        Py_XDECREF(done);
        return done == NULL ? NULL : Py_NewRef(obj);
    }
    if (owned_lock_check(obj) || owned_semaphore_check(obj)) { /* which are taken over in every mode */
        if ((owned_lock_check(obj) ? owned_lock_adopt(obj) : owned_semaphore_adopt(obj)) < 0)
            return NULL;
    }
    else if (owned_mode_now() != OWNED_MODE_OFF || PyObject_TypeCheck(obj, owned_the_state->Owned))
        if ((is_thread ? adopt_thread(obj) : adopt_object(obj)) < 0)
            return NULL;
    owned_count(OWNED_COUNT_ADOPTIONS);
    owned_watch(obj, OWNED_WATCH_ADOPTS);
    return Py_NewRef(obj);
}

PyDoc_STRVAR(adopt_doc,
"adopt($module, obj_or_thread, /)\n--\n\n"
"Take over what a finished thread left behind.\n\n"
"Args:\n"
"    obj_or_thread: an orphaned object (with it go the orphaned objects it reaches), an orphaned ``Region``, a\n"
"        ``threading.Thread`` that has ended (all it had, in constant time), an ``owned.Lock``, ``owned.RLock`` or\n"
"        ``owned.RWLock`` whose holder has ended (the caller holds it then; what ended threads held of the read side of\n"
"        an ``RWLock`` is only let go), an ``owned.BoundedSemaphore`` (the caller has the permits then of all threads that\n"
"        have ended), or a ``Parcel`` that is addressed to a thread or process that has ended (the caller alone may claim\n"
"        it then).\n\n"
"Returns:\n"
"    What was given. An object that is this thread's already is returned as it is.\n\n"
"Raises:\n"
"    TypeError: neither a guarded object nor a thread nor a lock of ours.\n"
"    WrongThreadError: its thread is still running, or another thread was first.\n"
"    MovedError: it is in transit: claim the parcel.\n"
"    OwnershipError: it is shared or frozen and belongs to no thread.\n\n"
"Threads:\n"
"    Any thread. Call ``thread.join()`` first: a thread's objects are orphaned when it has ended, not before.");

static PyMethodDef methods[] = {
    {"adopt", adopt_impl, METH_O, adopt_doc},
    {"inherit", inherit_impl, METH_O,
     PyDoc_STR("inherit(thread, /)\n--\n\n"
               "adopt(thread) of a thread that has ended, if no other thread was first: True if it was this one.")},
    {NULL, NULL, 0, NULL},
};

int
owned_adopt_add(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
