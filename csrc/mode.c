/* The mode's number, set by owned/_modes.py, which decides what may be switched to what. */
// SPDX-License-Identifier: MIT
#include "mode.h"

#include "state.h"
#include "watch.h"

int owned_mode_add(PyObject *module);

uint64_t owned_mode_number = OWNED_MODE_CHECKED;
uint64_t owned_mode_relied_on;

static PyObject *
get_mode_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromLong((long)owned_mode_now());
}

static PyObject *
set_mode_impl(PyObject *Py_UNUSED(module), PyObject *number)
{
    long mode = PyLong_AsLong(number);
    if (mode == -1 && PyErr_Occurred())
        return NULL;
    if (mode < OWNED_MODE_OFF || mode > OWNED_MODE_STRICT) {
        PyErr_Format(PyExc_ValueError, "there is no mode number %ld", mode);
        return NULL;
    }
    owned_store_u64(&owned_mode_number, (uint64_t)mode);
    owned_notes_set(OWNED_NOTES_STRICT, mode == OWNED_MODE_STRICT);
    Py_RETURN_NONE;
}

static PyObject *
rely_on_mode_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    owned_mode_rely();
    Py_RETURN_NONE;
}

static PyObject *
is_mode_relied_on_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong((long)owned_load_u64(&owned_mode_relied_on));
}

static PyMethodDef functions[] = {
    {"get_mode", get_mode_impl, METH_NOARGS,
     PyDoc_STR("get_mode()\n--\n\nThe number of the mode: 0 off, 1 guard, 2 checked, 3 strict.")},
    {"set_mode", set_mode_impl, METH_O, PyDoc_STR("set_mode(number, /)\n--\n\nSet the number of the mode.")},
    {"rely_on_mode", rely_on_mode_impl, METH_NOARGS,
     PyDoc_STR("rely_on_mode()\n--\n\nFrom now on something depends on whether the mode is off.")},
    {"is_mode_relied_on", is_mode_relied_on_impl, METH_NOARGS,
     PyDoc_STR("is_mode_relied_on()\n--\n\nDoes anything depend on whether the mode is off?")},
    {NULL, NULL, 0, NULL},
};

int
owned_mode_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
