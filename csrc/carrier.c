/* Which objects carry a region, and where. */
// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "state.h"

owned_region **
owned_carried(PyObject *obj)
{
    owned_state *state = owned_the_state;
    if (PyList_CheckExact(obj) || PyDict_CheckExact(obj) || PyTuple_CheckExact(obj))
        return NULL;
    if (PyList_Check(obj))
        return PyObject_TypeCheck(obj, state->List) ? &((owned_list *)obj)->region : NULL;
    if (PyDict_Check(obj))
        return PyObject_TypeCheck(obj, state->Dict) ? &((owned_dict *)obj)->region : NULL;
    if (PySet_Check(obj))
        return PyObject_TypeCheck(obj, state->Set) ? &((owned_set *)obj)->region : NULL;
    if (PyObject_TypeCheck(obj, state->Owned))
        return &((owned_object *)obj)->region;
    if (PyObject_TypeCheck(obj, state->Wrapper))
        return &((owned_wrapper *)obj)->region;
    return NULL;
}

int
owned_is_atomic(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    return value == Py_None || type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBool_Type ||
           type == &PyFloat_Type || type == &PyBytes_Type || type == &PyComplex_Type || type == &PyRange_Type ||
           type == &PyEllipsis_Type || value == Py_NotImplemented;
}
