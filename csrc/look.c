/* Looking without touching: state, owner, lock_of, region_facts. Never checked, never runs the object's code. */
// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "frozen.h"
#include "lock.h"
#include "state.h"

int owned_look_add(PyObject *module);

static int
is_region(PyObject *obj)
{
    return Py_IS_TYPE(obj, owned_the_state->Region) || owned_lock_check(obj);
}

/* The resolved region of anything that has one: 1 and a new reference, 0 for an unguarded object. */
static int
region_of_any(PyObject *obj, owned_region **region)
{
    owned_region **where = owned_carried(obj);
    *region = where != NULL    ? owned_region_of(obj, where)
              : is_region(obj) ? owned_region_resolve((owned_region *)obj)
                               : owned_frozen_region(obj);
    return *region != NULL;
}

PyObject *
owned_region_facts(owned_region *region)
{
    owned_region *r;
    const char *state = owned_region_named(region, &r);
    uint64_t holder = owned_load_u64(&r->holder);
    PyObject *owner = (PyObject *)owned_region_owner(r);
    if (owner == NULL)
        owner = Py_NewRef(Py_None);
    PyObject *record = owned_region_record(r);
    if (record == NULL)
        record = Py_NewRef(Py_None);
    PyObject *lock = (PyObject *)owned_region_task(r);
    if (lock == NULL)
        lock = owned_region_lock(r);
    PyObject *holder_info = holder == OWNED_NOBODY ? Py_NewRef(Py_None) : owned_thread_info_of(holder);
    PyObject *facts = holder_info == NULL ? NULL : Py_BuildValue("(sOOOO)", state, owner, holder_info, lock, record);
    Py_XDECREF(holder_info);
    Py_DECREF(lock);
    Py_DECREF(record);
    Py_DECREF(owner);
    Py_DECREF((PyObject *)r);
    return facts;
}

static PyObject *
region_facts_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_region *r;
    if (!region_of_any(obj, &r))
        Py_RETURN_NONE;
    PyObject *facts = owned_region_facts(r);
    Py_DECREF((PyObject *)r);
    return facts;
}

static PyObject *
may_look_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_region **where = owned_carried(obj);
    return PyBool_FromLong(where == NULL || owned_may_look(obj, where));
}

static PyObject *
stub_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_region **where = owned_carried(obj);
    if (where == NULL) {
        PyErr_Format(PyExc_TypeError, "stub() takes a guarded object, got %.200s", Py_TYPE(obj)->tp_name);
        return NULL;
    }
    return owned_stub(obj, where);
}

static PyObject *
is_guarded_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return PyBool_FromLong(owned_carried(obj) != NULL);
}

static PyObject *
known_type_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return (PyObject *)owned_known_type(obj);
}

static PyObject *
thread_of_impl(PyObject *Py_UNUSED(module), PyObject *region)
{
    if (!Py_IS_TYPE(region, owned_the_state->Region)) {
        PyErr_Format(PyExc_TypeError, "thread_of() takes a Region, got %.200s", Py_TYPE(region)->tp_name);
        return NULL;
    }
    owned_thread_info *owner = owned_region_owner((owned_region *)region);
    return owner == NULL ? Py_NewRef(Py_None) : (PyObject *)owner;
}

static PyMethodDef methods[] = {
    {"known_type", known_type_impl, METH_O,
     PyDoc_STR("known_type(obj, /)\n--\n\nThe object's type, or the wrapped object's for what own() gave.")},
    {"thread_of", thread_of_impl, METH_O,
     PyDoc_STR("thread_of(region, /)\n--\n\nThe ThreadInfo of the thread whose region it is, or None.")},
    {"region_facts", region_facts_impl, METH_O,
     PyDoc_STR("region_facts(obj, /)\n--\n\n(state, owner, holder, lock, record) of a guarded object, a Region or a lock as it is "
               "now; None for an object that nobody guards. Owner and holder are ThreadInfo or None; lock is a TaskInfo for what "
               "is private to a task.")},
    {"may_look", may_look_impl, METH_O,
     PyDoc_STR("may_look(obj, /)\n--\n\nMay the calling thread read the object?")},
    {"stub", stub_impl, METH_O,
     PyDoc_STR("stub(obj, /)\n--\n\nThe repr of a guarded object for a thread that may not look at it.")},
    {"is_guarded", is_guarded_impl, METH_O,
     PyDoc_STR("is_guarded(obj, /)\n--\n\nDoes the object carry a region?")},
    {NULL, NULL, 0, NULL},
};

int
owned_look_add(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
