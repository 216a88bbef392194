/* May this thread give a value to another one, as it is? The common values are told here; a type that is met for the first
 * time is judged by owned/_passing.py, which knows what is registered. */
// SPDX-License-Identifier: MIT
#include "passing.h"

#include "frozen.h"
#include "state.h"

int owned_passing_add(PyObject *module);

/* Of what is in `r`; NULL is the region of an object that is not born yet: it is born where it is first touched. */
static int
passing_of_region(owned_region *r)
{
    if (r == NULL)
        return OWNED_PASSES_MOVED;
    owned_region_state state = owned_region_state_of(r);
    int answer = OWNED_PASSES_NOT;
    if (state == OWNED_FROZEN || state == OWNED_SHARED)
        answer = OWNED_PASSES;
    else if (owned_region_is_mine(r))
        answer = OWNED_PASSES_MOVED;
    return answer;
}

static int
passing_of_guarded(PyObject *value, owned_region **where)
{
    if (owned_thread_id() == 0)
        return -1;
    owned_region *r = where != NULL ? owned_region_of(value, where) : owned_region_resolve((owned_region *)value);
    int answer = passing_of_region(r);
    Py_XDECREF((PyObject *)r);
    return answer;
}

static int
is_code(PyObject *value)
{
    return PyFunction_Check(value) || PyType_Check(value) || PyModule_Check(value);
}

int
owned_passing_of(PyObject *value)
{
    if (owned_is_atomic(value) || is_code(value) || Py_IS_TYPE(value, owned_the_state->Parcel) ||
        Py_IS_TYPE(value, owned_the_state->Channel))
        return OWNED_PASSES;
    owned_region **where = owned_carried(value);
    if (where != NULL || Py_IS_TYPE(value, owned_the_state->Region))
        return passing_of_guarded(value, where);
    if (PyTuple_CheckExact(value)) {
        int worst = OWNED_PASSES;
        if (Py_EnterRecursiveCall(" while a tuple is looked into"))
            return -1;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value) && worst >= 0 && worst < OWNED_PASSES_UNGUARDED; i++) {
            int one = owned_passing_of(PyTuple_GET_ITEM(value, i));
            worst = one < 0 || one > worst ? one : worst;
        }
        Py_LeaveRecursiveCall();
        return worst;
    }
    if (owned_is_frozen_instance(value))
        return OWNED_PASSES;
    PyObject *answer = PyObject_CallOneArg(owned_the_state->passing_of, value);
    if (answer == NULL)
        return -1;
    int result = (int)PyLong_AsLong(answer);
    Py_DECREF(answer);
    return result;
}

static PyObject *
passing_impl(PyObject *Py_UNUSED(module), PyObject *value)
{
    int answer = owned_passing_of(value);
    return answer < 0 ? NULL : PyLong_FromLong(answer);
}

static PyMethodDef functions[] = {
    {"passing", passing_impl, METH_O,
     PyDoc_STR("passing(value, /)\n--\n\nWhat becomes of a value that this thread gives to another: an owned._passing.Passing.")},
    {NULL, NULL, 0, NULL},
};

int
owned_passing_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
