/* Telling owned/_watch.py of what synchronises. */
// SPDX-License-Identifier: MIT
#include "watch.h"

#include "state.h"

int owned_watch_add(PyObject *module);

uint64_t owned_notes;

void
owned_notes_set(uint64_t bit, int on)
{
    uint64_t before;
    do
        before = owned_read_u64(&owned_notes);
    while (!owned_cas_u64(&owned_notes, before, on ? before | bit : before & ~bit));
}

void
owned_watch_tell(PyObject *obj, owned_watch_event event)
{
    if (owned_the_state == NULL)
        return;
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallFunction(owned_the_state->tell_watcher, "Oi", obj, (int)event);
    if (done == NULL && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
        PyErr_Clear(); /* it came while the watcher ran, and is the program's: once more, where it can be raised */
        PyErr_SetInterrupt();
    }
    else if (done == NULL)
        PyErr_WriteUnraisable(obj);
    Py_XDECREF(done);
    PyErr_SetRaisedException(error);
}

static PyObject *
watch_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    int on = PyObject_IsTrue(arg);
    if (on < 0)
        return NULL;
    owned_notes_set(OWNED_NOTES_WATCHER, on);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"watch", watch_impl, METH_O,
     PyDoc_STR("watch(on, /)\n--\n\nFrom now on tell owned._watch of what synchronises, or no longer.")},
    {NULL, NULL, 0, NULL},
};

int
owned_watch_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
