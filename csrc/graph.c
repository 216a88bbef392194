/* The walk itself: breadth first over a queue that keeps everything it met alive until the verb is done, so that addresses
 * in `seen` stay true. Children come from tp_traverse: fields in slots and dicts alike, whatever the layout. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "life.h"
#include "membrane.h"
#include "rwlock.h"
#include "state.h"

static int
grow(void *array, size_t *size, size_t used, size_t item)
{
    if (used < *size)
        return 0;
    size_t wanted = *size == 0 ? 64 : *size * 2;
    void *bigger = wanted > SIZE_MAX / item ? NULL : PyMem_Realloc(*(void **)array, wanted * item);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *(void **)array = bigger;
    *size = wanted;
    return 0;
}

static size_t
seen_slot(PyObject **table, size_t size, PyObject *obj)
{
    size_t i = (size_t)((uintptr_t)obj >> 4) * 0x9E3779B97F4A7C15u;
    i ^= i >> 32;
    for (;; i++) {
        i &= size - 1;
        if (table[i] == NULL || table[i] == obj)
            return i;
    }
}

/* 1 if obj is new, 0 if it was met before, -1 with an error set. */
static int
see(owned_graph *g, PyObject *obj)
{
    if (g->seen_used * 2 >= g->seen_size) {
        size_t size = g->seen_size == 0 ? 64 : g->seen_size * 2;
        PyObject **table = PyMem_Calloc(size, sizeof(*table));
        if (table == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        for (size_t i = 0; i < g->seen_size; i++)
            if (g->seen[i] != NULL)
                table[seen_slot(table, size, g->seen[i])] = g->seen[i];
        PyMem_Free(g->seen);
        g->seen = table;
        g->seen_size = size;
    }
    size_t i = seen_slot(g->seen, g->seen_size, obj);
    if (g->seen[i] != NULL)
        return 0;
    g->seen[i] = obj;
    g->seen_used++;
    return 1;
}

/* Plain things that the walk looks behind: containers anywhere, instances of Python classes behind a wrapper. */
static int
is_passage(PyObject *obj, int behind_wrapper)
{
    PyTypeObject *type = Py_TYPE(obj);
    if (type == &PyTuple_Type || type == &PyList_Type || type == &PyDict_Type || type == &PySet_Type ||
        type == &PyFrozenSet_Type)
        return 1;
    return behind_wrapper && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_Check(obj) &&
           type != owned_the_state->Region && !owned_lock_check(obj) && !owned_rwlock_is_side(obj) &&
           type != owned_the_state->Channel && type != owned_the_state->Parcel;
}

/* Somewhere there is a wrapper over it, of another own() perhaps. */
static int
is_wrapped_elsewhere(PyObject *obj)
{
    owned_region *region = owned_membrane_find(obj);
    Py_XDECREF((PyObject *)region);
    return region != NULL;
}

typedef struct {
    owned_graph *graph;
    int behind_wrapper;
} visiting;

static int
meet(PyObject *obj, void *arg)
{
    visiting *v = arg;
    owned_graph *g = v->graph;
    if (owned_is_atomic(obj) || (owned_carried(obj) == NULL && !is_passage(obj, v->behind_wrapper) &&
                                 !(v->behind_wrapper && is_wrapped_elsewhere(obj))))
        return 0;
    int fresh = see(g, obj);
    if (fresh <= 0)
        return fresh;
    if (grow(&g->queue, &g->queue_size, g->queue_used, sizeof(*g->queue)) < 0)
        return -1;
    g->queue[g->queue_used++] = (PyObject *)((uintptr_t)Py_NewRef(obj) | (uintptr_t)(v->behind_wrapper != 0));
    return 0;
}

static int
take_membrane(owned_graph *g, owned_region *region)
{
    for (size_t i = 0; i < g->membranes_used; i++)
        if (g->membranes[i] == region)
            return 0;
    if (grow(&g->membranes, &g->membranes_size, g->membranes_used, sizeof(*g->membranes)) < 0)
        return -1;
    g->membranes[g->membranes_used++] = (owned_region *)Py_NewRef((PyObject *)region);
    return 0;
}

static int
is_wrapper(PyObject *obj)
{
    return owned_the_state->Wrapper != NULL && PyObject_TypeCheck(obj, owned_the_state->Wrapper);
}

/* The region of a wrapper, or of those over something plain. */
static int
take_whole(owned_graph *g, owned_region *region)
{
    if (region->membrane)
        return take_membrane(g, region);
    if (region->of_call)
        return owned_refuse(owned_the_state->OwnershipError, "hand over", (PyObject *)region,
                            "what own() wrapped for a task, or in one, goes where all goes that the task made: to whoever "
                            "takes its result. Return it from the task; or freeze() it, and pass on what that gives");
    return owned_refuse(owned_the_state->OwnershipError, "hand over", (PyObject *)region,
                        "an object that was wrapped by own() inside a `with Region()` block goes where its region goes: "
                        "share or move the region");
}

static int
take(owned_graph *g, PyObject *obj)
{
    if (is_wrapper(obj)) {
        owned_region *membrane = owned_membrane_of(obj);
        int result = membrane == NULL ? -1 : take_whole(g, membrane);
        Py_XDECREF((PyObject *)membrane);
        return result;
    }
    if (grow(&g->taken, &g->taken_size, g->taken_used, sizeof(*g->taken)) < 0)
        return -1;
    g->taken[g->taken_used++] = obj;
    return 0;
}

/* One object of the queue: taken or not, and its children met if the walk goes on behind it. */
static int
visit_one(owned_graph *g, PyObject *obj, int behind_wrapper, owned_region_test takes)
{
    owned_region **where = owned_carried(obj);
    if (where != NULL) {
        owned_region *region = owned_region_of(obj, where);
        int taken = region != NULL && takes(region, obj);
        int result = taken ? take(g, obj) : 0;
        Py_XDECREF((PyObject *)region);
        if (!taken || result < 0)
            return result;
        behind_wrapper = is_wrapper(obj);
    }
    else if (behind_wrapper) {
        owned_region *wrapped_in;
        if (owned_membrane_around(obj, &wrapped_in) < 0)
            return -1;
        owned_region *region = wrapped_in == NULL ? NULL : owned_region_resolve(wrapped_in);
        int taken = region == NULL || takes(region, obj);
        int result = region != NULL && taken ? take_whole(g, region) : 0;
        Py_XDECREF((PyObject *)region);
        Py_XDECREF((PyObject *)wrapped_in);
        if (!taken || result < 0)
            return result;
    }
    traverseproc traverse = Py_TYPE(obj)->tp_traverse;
    int result = 0;
    visiting visit = {g, behind_wrapper};
    OWNED_BEGIN_CRITICAL(obj); /* a plain list, dict or set on the way may be changed by another thread just now */
    if (traverse != NULL)
        result = traverse(obj, meet, &visit);
    OWNED_END_CRITICAL();
    return result;
}

static int
walk_queue(owned_graph *g, owned_region_test takes)
{
    for (size_t i = 0; i < g->queue_used; i++) {
        uintptr_t item = (uintptr_t)g->queue[i];
        if (visit_one(g, (PyObject *)(item & ~(uintptr_t)1), (int)(item & 1), takes) < 0)
            return -1;
    }
    return 0;
}

int
owned_graph_walk(owned_graph *g, PyObject *const *roots, Py_ssize_t count, owned_region_test takes)
{
    *g = (owned_graph){0};
    for (Py_ssize_t i = 0; i < count; i++)
        if (meet(roots[i], &(visiting){g, 0}) < 0)
            return -1;
    return walk_queue(g, takes);
}

int
owned_graph_walk_children(owned_graph *g, PyObject *parent, owned_region_test takes)
{
    *g = (owned_graph){0};
    if (Py_TYPE(parent)->tp_traverse(parent, meet, &(visiting){g, is_wrapper(parent)}) < 0)
        return -1;
    return walk_queue(g, takes);
}

void
owned_graph_give(owned_graph *g, owned_region *to)
{
    for (size_t i = 0; i < g->taken_used; i++)
        owned_region_repoint(g->taken[i], owned_carried(g->taken[i]), to);
    for (size_t i = 0; i < g->membranes_used; i++)
        owned_region_forward(g->membranes[i], to);
}

void
owned_graph_give_mine(owned_graph *g, owned_region *to)
{
    for (size_t i = 0; i < g->taken_used; i++) {
        owned_region **where = owned_carried(g->taken[i]);
        owned_region *region = owned_region_of(g->taken[i], where);
        if (region != NULL && owned_region_is_mine(region))
            owned_region_repoint(g->taken[i], where, to);
        Py_XDECREF((PyObject *)region);
    }
    owned_task_info *task = owned_region_task(to);
    PyObject *record = task == NULL ? NULL : owned_region_record(to);
    for (size_t i = 0; i < g->membranes_used; i++)
        if (owned_region_is_mine(g->membranes[i])) {
            if (task != NULL) /* its objects stay movable, and a membrane moves as a whole */
                owned_region_bind(g->membranes[i], task, record);
            else
                owned_region_forward(g->membranes[i], to);
        }
    Py_XDECREF(record);
    Py_XDECREF((PyObject *)task);
}

/* A membrane that was forwarded keeps the record, and its wrappers take it along when they are next touched. */
void
owned_graph_tell(owned_graph *g, PyObject *record)
{
    for (size_t i = 0; i < g->taken_used; i++)
        owned_life_step(g->taken[i], record);
    for (size_t i = 0; i < g->membranes_used; i++)
        owned_life_step((PyObject *)g->membranes[i], record);
}

void
owned_graph_release(owned_graph *g)
{
    for (size_t i = 0; i < g->membranes_used; i++)
        Py_DECREF((PyObject *)g->membranes[i]);
    for (size_t i = 0; i < g->queue_used; i++)
        Py_DECREF((PyObject *)((uintptr_t)g->queue[i] & ~(uintptr_t)1));
    PyMem_Free(g->membranes);
    PyMem_Free(g->taken);
    PyMem_Free(g->queue);
    PyMem_Free(g->seen);
    *g = (owned_graph){0};
}

int
owned_graph_takes_mine(owned_region *region, PyObject *Py_UNUSED(obj))
{
    return owned_region_is_mine(region);
}
