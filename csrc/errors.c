/* From a refused access to a Python exception. The text is made in owned/_violations.py; this side hands over facts and
 * never runs the object's own code. */
// SPDX-License-Identifier: MIT
#include "check.h"
#include "membrane.h"
#include "state.h"
#include "wrapper.h"

static const char *const forms[] = {"attribute", "item", "method", "operation", "operation"};

static PyTypeObject *
type_behind_wrapper(PyObject *wrapped)
{
    if (PyMethod_Check(wrapped))
        return Py_TYPE(PyMethod_GET_SELF(wrapped));
    if (PyCFunction_Check(wrapped) && PyCFunction_GET_SELF(wrapped) != NULL)
        return Py_TYPE(PyCFunction_GET_SELF(wrapped));
    return Py_TYPE(wrapped);
}

PyTypeObject *
owned_known_type(PyObject *obj)
{
    PyObject *wrapped = owned_is_wrapper(obj) ? owned_wrapper_inside(obj) : NULL;
    if (wrapped == NULL)
        return (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE(obj));
    PyTypeObject *type = (PyTypeObject *)Py_NewRef((PyObject *)type_behind_wrapper(wrapped));
    Py_DECREF(wrapped);
    return type;
}

int
owned_violation(PyObject *obj, owned_region *region, const owned_access *how, PyObject *detail)
{
    PyObject *name = how->name == NULL ? NULL : PyUnicode_FromString(how->name);
    if (how->name != NULL && name == NULL)
        return OWNED_REFUSED;
    int may_pass = how->form != OWNED_VERB && owned_region_state_of(region) != OWNED_FROZEN;
    int answer = OWNED_REFUSED;
    PyTypeObject *type = owned_known_type(obj);
    PyObject *error = NULL, *facts = owned_region_facts(region);
    if (facts != NULL)
        error = PyObject_CallFunction(owned_the_state->make_violation, "OOOssOiO", obj, (PyObject *)type, facts, how->verb,
                                      forms[how->form], name != NULL ? name : detail != NULL ? detail : Py_None,
                                      (int)how->writes, may_pass ? Py_True : Py_False);
    Py_XDECREF(facts);
    Py_DECREF((PyObject *)type);
    Py_XDECREF(name);
    if (error == Py_None)
        answer = OWNED_ALLOWED;
    else if (error != NULL)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    return answer;
}

int
owned_refuse(PyObject *kind, const char *verb, PyObject *obj, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    PyObject *message = PyUnicode_FromFormatV(format, values);
    va_end(values);
    PyObject *error = NULL;
    if (message != NULL) {
        PyTypeObject *type = owned_known_type(obj);
        error = PyObject_CallFunction(owned_the_state->make_refusal, "OsOOO", kind, verb, obj, (PyObject *)type, message);
        Py_DECREF((PyObject *)type);
    }
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
    PyObject *text = NULL;
    PyTypeObject *type = owned_known_type(obj);
    owned_region *r = owned_region_of(obj, where);
    PyObject *facts = r == NULL ? NULL : owned_region_facts(r);
    if (r == NULL)
        text = PyUnicode_FromFormat("<%s at %p>", type->tp_name, obj);
    else if (facts != NULL)
        text = PyObject_CallFunction(owned_the_state->describe_stub, "OnO", (PyObject *)type, (Py_ssize_t)(uintptr_t)obj,
                                     facts);
    Py_XDECREF(facts);
    Py_XDECREF((PyObject *)r);
    Py_DECREF((PyObject *)type);
    return text;
}
