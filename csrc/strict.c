/* Counting references, and asking Python. What a count proves, and what needs no guard, is known in owned/_alias.py and
 * owned/_foreign_objects.py. All of it is done before anything is changed: a warning may be made an exception. */
// SPDX-License-Identifier: MIT
#include "strict.h"
#include "carrier.h"
#include "state.h"

static const char *
form_name(owned_access_form form, PyObject *detail)
{
    return form == OWNED_ATTRIBUTE ? "attribute" : detail != NULL ? "item" : "element";
}

static int
has_one_holder(Py_ssize_t count)
{
    return count <= 1 && !OWNED_VARIABLES_ARE_BORROWED;
}

static int
look_for_alias(PyObject *value, Py_ssize_t own, PyObject *holder, owned_access_form form, PyObject *detail)
{
    Py_ssize_t count = Py_REFCNT(value) - own;
    if (has_one_holder(count) || !(PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_CheckExact(value)))
        return 0;
    PyObject *done = PyObject_CallFunction(owned_the_state->check_stored, "OnOsO", value, count, holder, form_name(form, detail),
                                           detail == NULL ? Py_None : detail);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
owned_strict_look_store(PyObject *value, Py_ssize_t own, PyObject *holder, owned_access_form form, PyObject *detail)
{
    if (owned_is_atomic(value))
        return 0;
    if (look_for_alias(value, own, holder, form, detail) < 0)
        return -1;
    owned_region **where = owned_carried(holder);
    owned_region *region = where == NULL ? NULL : owned_region_of(holder, where);
    int is_shared = region != NULL && owned_region_state_of(region) == OWNED_SHARED;
    Py_XDECREF((PyObject *)region);
    if (!is_shared)
        return 0;
    PyObject *type = (PyObject *)owned_known_type(holder);
    PyObject *done = PyObject_CallFunction(owned_the_state->check_joining, "OOsO", value, type, form_name(form, detail),
                                           detail == NULL ? Py_None : detail);
    Py_DECREF(type);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
owned_strict_look_own(PyObject *obj)
{
    Py_ssize_t count = Py_REFCNT(obj);
    if (has_one_holder(count))
        return 0;
    PyObject *done = PyObject_CallFunction(owned_the_state->check_wrapped, "On", obj, count);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
owned_strict_look_share(PyObject *obj)
{
    PyObject *done = PyObject_CallOneArg(owned_the_state->check_shared, obj);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}
