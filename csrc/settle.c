/* What becomes of a value that is stored in a guarded object.
 *
 *     list, dict, set (exact)      a new List, Dict, Set in the object's region, and so on inside
 *     private to this thread       joins the object's region if that is shared or a task's, with all it reaches
 *     anything else                as it is
 *
 * First everything new is made, then what has to join is walked, then it is stored, then it joins: a failure changes
 * nothing. The contents of a list that nobody else holds could be taken over instead of copied, but each element has to
 * be looked at anyway, and taking over the insides of dicts and sets would need their private layout.
 *
 * Until it joins, what was stored is private, in a shared object. CPython may run code meanwhile: a __hash__, an __eq__
 * or a property during the store, the finalizer of a value that was replaced. It runs on this thread, which may touch
 * both. Other threads are kept out by the lock and, where that code lets go of it, by the value's own region. What that
 * code shares elsewhere, moves or freezes is private no more, and stays where it went; what it hangs on the value was
 * not met by the walk, and stays private. */
// SPDX-License-Identifier: MIT
#include "settle.h"
#include "mode.h"
#include "state.h"
#include "verbs.h"

typedef struct {
    owned_region *region;
    int gathers;      /* private values join the region: it is SHARED, or a task's */
    PyObject *made;   /* dict: address of a plain container -> (it, its guarded copy); NULL until one is nested */
    PyObject *todo;   /* list: guarded copies whose elements are still as they were */
    PyObject *joining; /* list: values that may reach something that has to join */
} preparation;

static int
is_plain_container(PyObject *value)
{
    return PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_CheckExact(value);
}

/* A guarded container with the elements of a plain one, as they are. */
static PyObject *
copy_plain(PyObject *plain, owned_region *region)
{
    PyObject *copy;
    int done;
    if (PyList_CheckExact(plain)) {
        if ((copy = owned_list_new(region)) == NULL)
            return NULL;
        done = PyList_SetSlice(copy, 0, 0, plain);
    }
    else if (PyDict_CheckExact(plain)) {
        if ((copy = owned_dict_new(region)) == NULL)
            return NULL;
        done = PyDict_Update(copy, plain);
    }
    else {
        if ((copy = owned_set_new(region)) == NULL)
            return NULL;
        PyObject *same = PySet_Type.tp_as_number->nb_inplace_or(copy, plain);
        done = same == NULL ? -1 : 0;
        Py_XDECREF(same);
    }
    if (done < 0)
        Py_CLEAR(copy);
    return copy;
}

/* The guarded twin of a plain container, made once however often it is met. New reference. */
static PyObject *
twin(preparation *s, PyObject *plain)
{
    PyObject *key = PyLong_FromVoidPtr(plain);
    if (key == NULL)
        return NULL;
    PyObject *pair = NULL, *copy = NULL;
    if (PyDict_GetItemRef(s->made, key, &pair) < 0)
        goto done;
    if (pair != NULL) {
        copy = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
        goto done;
    }
    copy = copy_plain(plain, s->region);
    if (copy == NULL)
        goto done;
    pair = PyTuple_Pack(2, plain, copy);
    if (pair == NULL || PyDict_SetItem(s->made, key, pair) < 0 || PyList_Append(s->todo, copy) < 0)
        Py_CLEAR(copy);
done:
    Py_XDECREF(pair);
    Py_DECREF(key);
    return copy;
}

/* What stands for `value` in the guarded object. New reference. */
static PyObject *
stand_in(preparation *s, PyObject *value)
{
    if (owned_is_atomic(value))
        return Py_NewRef(value);
    if (is_plain_container(value))
        return twin(s, value);
    if (s->gathers && PyList_Append(s->joining, value) < 0)
        return NULL;
    return Py_NewRef(value);
}

/* The containers in `todo` are ours alone: nobody has seen them yet. */
static int
settle_elements(preparation *s, PyObject *container)
{
    if (PyList_Check(container)) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(container); i++) {
            PyObject *item = PyList_GET_ITEM(container, i); /* borrowed from a list nobody else has */
            if (owned_is_atomic(item))
                continue;
            PyObject *settled = stand_in(s, item);
            if (settled == NULL || PyList_SetItem(container, i, settled) < 0)
                return -1;
        }
        return 0;
    }
    if (PyDict_Check(container)) {
        PyObject *key, *value;
        Py_ssize_t position = 0;
        while (PyDict_Next(container, &position, &key, &value)) {
            if (s->gathers && !owned_is_atomic(key) && PyList_Append(s->joining, key) < 0)
                return -1;
            if (owned_is_atomic(value))
                continue;
            PyObject *settled = stand_in(s, value);
            if (settled == NULL)
                return -1;
            int done = settled == value ? 0 : PyDict_SetItem(container, key, settled);
            Py_DECREF(settled);
            if (done < 0)
                return -1;
        }
        return 0;
    }
    if (!s->gathers)
        return 0;
    PyObject *elements = PyFrozenSet_New(container);
    int result = elements == NULL ? -1 : PyList_Append(s->joining, elements);
    Py_XDECREF(elements);
    return result;
}

/* Find all that has to join, in *graph: 1, 0 if nothing does, or -1 with an error set. */
static int
find_joining(preparation *s, owned_graph *graph)
{
    Py_ssize_t count = PyList_GET_SIZE(s->joining);
    if (count == 0)
        return 0;
    PyObject *roots = PyList_AsTuple(s->joining);
    if (roots == NULL)
        return -1;
    int result = owned_graph_walk(graph, &PyTuple_GET_ITEM(roots, 0), count, owned_graph_takes_mine);
    if (result == 0)
        result = graph->taken_used + graph->membranes_used != 0;
    if (result <= 0)
        owned_graph_release(graph);
    Py_DECREF(roots);
    return result;
}

static int
settles_as_is(PyObject *value, owned_region *region, int gathers)
{
    if (is_plain_container(value))
        return 0;
    if (!gathers || owned_is_atomic(value))
        return 1;
    owned_region **where = owned_carried(value);
    if (where != NULL)
        return owned_load_ptr(where) == region;
    return !PyTuple_CheckExact(value) && !PyFrozenSet_CheckExact(value);
}

int
owned_settle_slow(owned_settling *settling, PyObject *value, owned_region *region)
{
    int gathers = owned_region_gathers(region);
    if (settles_as_is(value, region, gathers)) {
        owned_settle_as_is(settling, value);
        return 0;
    }
    preparation s = {.region = (owned_region *)Py_NewRef((PyObject *)region), .gathers = gathers};
    PyObject *settled = NULL;
    s.made = PyDict_New();
    s.todo = PyList_New(0);
    s.joining = PyList_New(0);
    if (s.made == NULL || s.todo == NULL || s.joining == NULL)
        goto done;
    settled = stand_in(&s, value);
    for (Py_ssize_t i = 0; settled != NULL && i < PyList_GET_SIZE(s.todo); i++)
        if (settle_elements(&s, PyList_GET_ITEM(s.todo, i)) < 0)
            Py_CLEAR(settled);
    int joins = settled == NULL ? -1 : find_joining(&s, &settling->graph);
    if (joins < 0)
        Py_CLEAR(settled);
    settling->record = NULL;
    if (joins > 0 && owned_mode_is_strict() && (settling->record = owned_verb_record("store", value, 1)) == NULL) {
        owned_graph_release(&settling->graph);
        Py_CLEAR(settled);
        joins = -1;
    }
    settling->value = settled;
    settling->joining = joins > 0 ? (owned_region *)Py_NewRef((PyObject *)s.region) : NULL;
done:
    Py_XDECREF(s.joining);
    Py_XDECREF(s.todo);
    Py_XDECREF(s.made);
    Py_DECREF((PyObject *)s.region);
    return settled == NULL ? -1 : 0;
}

void
owned_settling_end(owned_settling *settling, int stored)
{
    if (stored) {
        owned_graph_give_mine(&settling->graph, settling->joining);
        if (settling->record != NULL)
            owned_graph_tell(&settling->graph, settling->record);
    }
    Py_CLEAR(settling->record);
    owned_graph_release(&settling->graph);
    Py_CLEAR(settling->joining);
}
