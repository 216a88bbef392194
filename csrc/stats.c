/* The counters behind stats(): each is one number of the process, added to where the thing happens. */
// SPDX-License-Identifier: MIT
#include "stats.h"

#include "state.h"

int owned_stats_add(PyObject *module);

uint64_t owned_counters[OWNED_COUNTERS_END];

static PyObject *
counters_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    PyObject *numbers = PyTuple_New(OWNED_COUNTERS_END);
    for (Py_ssize_t i = 0; numbers != NULL && i < OWNED_COUNTERS_END; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong(owned_load_u64(&owned_counters[i]));
        if (number == NULL)
            Py_CLEAR(numbers);
        else
            PyTuple_SET_ITEM(numbers, i, number);
    }
    return numbers;
}

static PyObject *
count_violation_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    owned_count(OWNED_COUNT_VIOLATIONS);
    Py_RETURN_NONE;
}

static PyObject *
count_share_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    owned_count(OWNED_COUNT_SHARES);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"counters", counters_impl, METH_NOARGS,
     PyDoc_STR("counters()\n--\n\nViolations, shares, freezes, moves, claims, adoptions so far; regions and locks alive.")},
    {"count_violation", count_violation_impl, METH_NOARGS, PyDoc_STR("count_violation()\n--\n\nOne more violation.")},
    {"count_share", count_share_impl, METH_NOARGS, PyDoc_STR("count_share()\n--\n\nOne more share() while the mode is off.")},
    {NULL, NULL, 0, NULL},
};

int
owned_stats_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
