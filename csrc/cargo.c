/* What goes along with a value that is handed over. */
// SPDX-License-Identifier: MIT
#include "cargo.h"

#include "frozen.h"
#include "life.h"
#include "membrane.h"
#include "mode.h"
#include "parcel.h"
#include "state.h"
#include "verbs.h"

/* ---- an object that goes by itself --------------------------------------------------------------------------- */

#define LEAF_DEPTH 3 /* __dict__, a tuple in it, a tuple in that: behind them the walk looks */

/* 1 if there may be something guarded in `obj`, or it cannot be told so easily. */
static int
is_no_leaf(PyObject *obj, void *depth)
{
    if (owned_is_scalar(obj) || PyType_Check(obj) || owned_is_atomic(obj))
        return 0;
    PyTypeObject *type = Py_TYPE(obj);
    if (type != &PyDict_Type && type != &PyTuple_Type && type != &PyList_Type && type != &PySet_Type &&
        type != &PyFrozenSet_Type)
        return owned_carried(obj) != NULL;
#ifdef Py_GIL_DISABLED
    if (type != &PyTuple_Type && type != &PyFrozenSet_Type)
        return 1; /* another thread may be changing it just now: the walk locks it */
#endif
    intptr_t left = (intptr_t)depth;
    return left == 0 || type->tp_traverse(obj, is_no_leaf, (void *)(left - 1));
}

/* This thread's, and nothing guarded behind it. The walk comes to the same and allocates. */
static int
goes_alone(PyObject *value)
{
    owned_region **where = owned_carried(value);
    owned_region *r = where == NULL || owned_is_wrapper(value) ? NULL : owned_load_ptr(where);
    return r != NULL && owned_region_state_of(r) == OWNED_PRIVATE && owned_load_u64(&r->holder) == owned_this_thread.id &&
           !Py_TYPE(value)->tp_traverse(value, is_no_leaf, (void *)LEAF_DEPTH);
}

/* Where this thread's objects are when no `with Region()` block is open: what is got is in none, but it is the task's
 * that runs on this thread. */
static owned_region *
home_borrowed(void)
{
    owned_region *r = owned_this_thread.birth;
    while (owned_region_is_open(r) && r != owned_this_thread.task)
        r = r->outer;
    return r;
}

/* It has no owner: what is in it comes from many threads. */
owned_region *
owned_cargo_common(PyObject *record)
{
    owned_region *r = owned_region_new(OWNED_IN_TRANSIT, record, NULL, NULL);
    if (r != NULL)
        Py_CLEAR(r->owner);
    return r;
}

/* ---- gathering what is to go ----------------------------------------------------------------------------------- */

typedef struct {
    PyObject *roots;  /* list: guarded objects of this thread */
    PyObject *wholes; /* list: regions that go as a whole */
    const owned_access *verb;
} gathering;

static int
gather_region(gathering *g, PyObject *obj)
{
    owned_region *r = owned_region_resolve((owned_region *)obj);
    owned_region_state state = owned_region_state_of(r);
    int result = 0;
    if (state != OWNED_FROZEN && state != OWNED_SHARED) {
        if (!owned_region_is_mine(r))
            result = owned_violation(obj, r, g->verb, NULL);
        else if ((result = owned_verb_refuse_open(g->verb->verb, r)) == 0)
            result = PySequence_Contains(g->wholes, (PyObject *)r);
        if (result == 0)
            result = PyList_Append(g->wholes, (PyObject *)r);
    }
    Py_DECREF((PyObject *)r);
    return result < 0 ? -1 : 0;
}

static int
gather_guarded(gathering *g, PyObject *obj)
{
    owned_region *r;
    if (owned_verb_target(g->verb->verb, obj, &r) < 0)
        return -1;
    owned_region_state state = owned_region_state_of(r);
    int result = 0;
    if (owned_region_is_mine(r))
        result = PyList_Append(g->roots, obj);
    else if (state != OWNED_FROZEN && state != OWNED_SHARED)
        result = owned_violation(obj, r, g->verb, NULL);
    Py_DECREF((PyObject *)r);
    return result < 0 ? -1 : 0;
}

static int gather(PyObject *obj, void *arg);

/* What a partial and our frozendict refer to: a dict of theirs is part of them. */
static int
gather_inside(PyObject *obj, void *arg)
{
    return PyDict_CheckExact(obj) ? Py_TYPE(obj)->tp_traverse(obj, gather, arg) : gather(obj, arg);
}

/* How to look into what owned_passing_of() looks into; NULL for anything else. */
static visitproc
way_into(PyObject *obj)
{
    if (PyTuple_Check(obj) || PyFrozenSet_Check(obj) || PyMethod_Check(obj) || PyCFunction_Check(obj) ||
        PyObject_TypeCheck(obj, (PyTypeObject *)owned_the_state->MethodWrapper))
        return gather;
    PyObject *items = owned_frozendict_items_borrowed(obj);
    if (items == obj)
        return gather;
    return items != NULL || PyObject_TypeCheck(obj, (PyTypeObject *)owned_the_state->partial) ? gather_inside : NULL;
}

static int
gather(PyObject *obj, void *arg)
{
    gathering *g = arg;
    if (owned_is_atomic(obj) || PyType_Check(obj))
        return 0;
    if (Py_IS_TYPE(obj, owned_the_state->Region))
        return gather_region(g, obj);
    if (owned_carried(obj) != NULL)
        return gather_guarded(g, obj);
    visitproc way = way_into(obj);
    traverseproc traverse = Py_TYPE(obj)->tp_traverse;
    if (way == NULL || traverse == NULL)
        return 0;
    if (Py_EnterRecursiveCall(" while a value is handed over"))
        return -1;
    int result = traverse(obj, way, g);
    Py_LeaveRecursiveCall();
    return result;
}

PyObject *
owned_cargo_record(const char *verb, PyObject *value, PyObject *where)
{
    PyTypeObject *type = owned_known_type(value);
    PyObject *record = PyObject_CallFunction(owned_the_state->make_record, "sOnO", verb, (PyObject *)type, (Py_ssize_t)1, where);
    Py_DECREF((PyObject *)type);
    return record;
}

/* ---- getting ready --------------------------------------------------------------------------------------------- */

/* What arrives: the wholes, the membranes, and the region the rest is put into. */
static int
make_regions(owned_cargo *cargo, PyObject *wholes)
{
    owned_graph *graph = &cargo->graph;
    owned_region *transit = NULL;
    if (graph->taken_used > 0 && (transit = owned_region_new(OWNED_PRIVATE, NULL, NULL, NULL)) == NULL)
        return -1;
    for (size_t i = 0; i < graph->membranes_used; i++)
        if (PyList_Append(wholes, (PyObject *)graph->membranes[i]) < 0)
            goto fail;
    if (transit != NULL && PyList_Append(wholes, (PyObject *)transit) < 0)
        goto fail;
    cargo->regions = PyList_GET_SIZE(wholes) == 1 ? Py_NewRef(PyList_GET_ITEM(wholes, 0)) : PyList_AsTuple(wholes);
    cargo->transit = transit;
    Py_XDECREF((PyObject *)transit); /* `wholes` has it, and `regions` */
    return cargo->regions == NULL ? -1 : 0;
fail:
    Py_XDECREF((PyObject *)transit);
    return -1;
}

static int
prepare_graph(owned_cargo *cargo, const owned_access *verb, PyObject *where)
{
    gathering g = {PyList_New(0), PyList_New(0), verb};
    owned_graph *graph = &cargo->graph;
    int result = -1;
    if (owned_mode_is_strict())
        cargo->record = owned_cargo_record(verb->verb, cargo->value, where);
    else
        cargo->record = owned_region_record(cargo->common);
    if (g.roots == NULL || g.wholes == NULL || cargo->record == NULL || gather(cargo->value, &g) < 0)
        goto done;
    if (owned_graph_walk(graph, PySequence_Fast_ITEMS(g.roots), PyList_GET_SIZE(g.roots), owned_graph_takes_mine) < 0)
        goto done;
    cargo->alone = graph->taken_used == 1 && graph->taken[0] == cargo->value && graph->membranes_used == 0 &&
                   !owned_mode_is_strict();
    result = cargo->alone ? 0 : make_regions(cargo, g.wholes);
done:
    Py_XDECREF(g.roots);
    Py_XDECREF(g.wholes);
    return result;
}

int
owned_cargo_prepare(owned_cargo *cargo, PyObject *value, owned_region *common, const owned_access *verb, PyObject *where)
{
    *cargo = (owned_cargo){.value = value, .common = common};
    if (OWNED_LIKELY(!owned_mode_is_strict()) && goes_alone(value)) {
        cargo->alone = 1;
        return 0;
    }
    if (Py_IS_TYPE(value, owned_the_state->Parcel)) {
        cargo->regions = Py_NewRef(value);
        return 0;
    }
    return prepare_graph(cargo, verb, where);
}

void
owned_cargo_release(owned_cargo *cargo)
{
    Py_CLEAR(cargo->regions);
    Py_CLEAR(cargo->record);
    if (OWNED_UNLIKELY(cargo->graph.seen != NULL))
        owned_graph_release(&cargo->graph);
}

/* ---- departing ------------------------------------------------------------------------------------------------- */

/* `f` of each region in what departs or arrives. */
static void
each_region(PyObject *load, void (*f)(owned_region *, PyObject *), PyObject *record)
{
    if (!PyTuple_CheckExact(load))
        f((owned_region *)load, record);
    else
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(load); i++)
            f((owned_region *)PyTuple_GET_ITEM(load, i), record);
}

static void
note_step(owned_region *r, PyObject *record)
{
    owned_life_step((PyObject *)r, record);
}

static void
arrive_one(owned_region *r, PyObject *record)
{
    PyObject *departure = owned_region_record(r);
    owned_region_arrive(r, departure);
    if (record != NULL)
        owned_life_step((PyObject *)r, record);
    Py_XDECREF(departure);
}

PyObject *
owned_cargo_depart(owned_cargo *cargo)
{
    if (OWNED_LIKELY(cargo->alone)) {
        owned_region_repoint(cargo->value, owned_carried(cargo->value), cargo->common);
        return Py_NewRef((PyObject *)cargo->common);
    }
    if (!Py_IS_TYPE(cargo->regions, owned_the_state->Parcel)) {
        each_region(cargo->regions, owned_region_depart, cargo->record);
        for (size_t i = 0; i < cargo->graph.taken_used; i++)
            owned_region_repoint(cargo->graph.taken[i], owned_carried(cargo->graph.taken[i]), cargo->transit);
        if (owned_mode_is_strict())
            each_region(cargo->regions, note_step, cargo->record);
    }
    return Py_NewRef(cargo->regions);
}

/* ---- arriving -------------------------------------------------------------------------------------------------- */

int
owned_cargo_wants_record(PyObject *load)
{
    return owned_mode_is_strict() || Py_IS_TYPE(load, owned_the_state->Parcel);
}

PyObject *
owned_cargo_arrive(PyObject *value, PyObject *load, owned_region *common, PyObject *record)
{
    if (OWNED_LIKELY(load == (PyObject *)common))
        owned_region_repoint(value, owned_carried(value), home_borrowed());
    else if (Py_IS_TYPE(load, owned_the_state->Parcel))
        Py_SETREF(value, owned_parcel_claim(load, record));
    else
        each_region(load, arrive_one, record);
    Py_DECREF(load);
    return value;
}
