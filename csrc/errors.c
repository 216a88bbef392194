/* From a refused access to a Python exception. The text is made in owned/_violations.py; this side hands over facts and
 * never runs the object's own code. */
// SPDX-License-Identifier: MIT
#include "check.h"
#include "carrier.h"
#include "state.h"

static const char *const forms[] = {"attribute", "item", "method", "operation"};

PyTypeObject *
owned_known_type(PyObject *obj)
{
    owned_state *state = owned_the_state;
    if (state->Wrapper != NULL && PyObject_TypeCheck(obj, state->Wrapper)) {
        PyObject *wrapped = ((owned_wrapper *)obj)->wrapped;
        if (wrapped != NULL && PyMethod_Check(wrapped))
            return Py_TYPE(PyMethod_GET_SELF(wrapped));
        if (wrapped != NULL && PyCFunction_Check(wrapped) && PyCFunction_GET_SELF(wrapped) != NULL)
            return Py_TYPE(PyCFunction_GET_SELF(wrapped));
        if (wrapped != NULL)
            return Py_TYPE(wrapped);
    }
    return Py_TYPE(obj);
}

int
owned_violation(PyObject *obj, owned_region *region, const owned_access *how, PyObject *detail)
{
    PyObject *name = how->name == NULL ? NULL : PyUnicode_FromString(how->name);
    if (how->name != NULL && name == NULL)
        return OWNED_REFUSED;
    PyObject *facts = owned_region_facts(region);
    PyObject *error = NULL;
    if (facts != NULL)
        error = PyObject_CallFunction(owned_the_state->make_violation, "OOOssOi", obj, (PyObject *)owned_known_type(obj), facts,
                                      how->verb, forms[how->form], name != NULL ? name : detail != NULL ? detail : Py_None,
                                      (int)how->writes);
    Py_XDECREF(facts);
    Py_XDECREF(name);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return OWNED_REFUSED;
}

int
owned_refuse(PyObject *kind, const char *verb, PyObject *obj, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *message = PyUnicode_FromFormatV(format, values);
    va_end(values);
    PyObject *error = NULL;
    if (message != NULL)
        error = PyObject_CallFunction(owned_the_state->make_refusal, "OsOOO", kind, verb, obj,
                                      (PyObject *)owned_known_type(obj), message);
    Py_XDECREF(message);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return OWNED_REFUSED;
}

PyObject *
owned_stub(PyObject *obj, owned_region **where)
{
    owned_region *r = owned_region_of(obj, where);
    if (r == NULL)
        return PyUnicode_FromFormat("<%s at %p>", owned_known_type(obj)->tp_name, obj);
    PyObject *facts = owned_region_facts(r);
    Py_DECREF((PyObject *)r);
    PyObject *text = facts == NULL ? NULL
                                   : PyObject_CallFunction(owned_the_state->describe_stub, "OnO", (PyObject *)owned_known_type(obj),
                                                           (Py_ssize_t)(uintptr_t)obj, facts);
    Py_XDECREF(facts);
    return text;
}
