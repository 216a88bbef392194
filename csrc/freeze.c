// SPDX-License-Identifier: MIT
#include "state.h"
/* scaffold until freeze lands */
int owned_freeze_add(PyObject *module);
static PyObject *
is_frozen_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(obj))
{
    Py_RETURN_FALSE;
}
static PyMethodDef methods[] = {{"is_frozen", is_frozen_impl, METH_O, NULL}, {NULL, NULL, 0, NULL}};
int
owned_freeze_add(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
