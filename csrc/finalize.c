/* Finalizers. __del__ runs on whatever thread lets go of the last reference or runs the collector; nobody else can reach the
 * object then, nor what only it holds, so that thread acts as the owner. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "object.h"
#include "state.h"

int owned_finalize_add(PyObject *module);

static int
takes_dying(owned_region *region, PyObject *obj)
{
    (void)region;
    return Py_REFCNT(obj) <= 2; /* the one that holds it, and the walk's own */
}

static int
take_dying(PyObject *obj)
{
    owned_region *birth = owned_birth_region();
    if (birth == NULL)
        return -1;
    owned_region_repoint(obj, owned_carried(obj), birth);
    owned_graph graph;
    int walked = owned_graph_walk_children(&graph, obj, takes_dying);
    if (walked == 0)
        owned_graph_give(&graph, birth);
    owned_graph_release(&graph);
    return walked;
}

static int
call_del(PyObject *self)
{
    PyObject *del, *bound = NULL, *result = NULL;
    if (owned_find_in_classes(Py_TYPE(self), owned_the_state->str___del__, &del) <= 0)
        return PyErr_Occurred() ? -1 : 0;
    descrgetfunc get = Py_TYPE(del)->tp_descr_get;
    bound = get == NULL ? Py_NewRef(del) : get(del, self, (PyObject *)Py_TYPE(self));
    if (bound != NULL)
        result = PyObject_CallNoArgs(bound);
    if (result == NULL)
        PyErr_WriteUnraisable(del);
    Py_XDECREF(result);
    Py_XDECREF(bound);
    Py_DECREF(del);
    return 0;
}

/* Not __del__ itself: called by hand, from any thread, that is a method like any other. */
static void
finalize(PyObject *self)
{
    PyObject *error = PyErr_GetRaisedException();
    if (take_dying(self) < 0 || call_del(self) < 0)
        PyErr_WriteUnraisable(self);
    PyErr_SetRaisedException(error);
}

static PyObject *
set_finalizer_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    owned_state *state = owned_the_state;
    PyTypeObject *const bases[] = {state->Owned, state->List, state->Dict, state->Set};
    PyTypeObject *type = PyType_Check(arg) ? (PyTypeObject *)arg : NULL;
    if (type != NULL && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE))
        for (size_t i = 0; i < Py_ARRAY_LENGTH(bases); i++)
            if (PyType_IsSubtype(type, bases[i])) {
                owned_store_ptr(&type->tp_finalize, finalize);
                Py_RETURN_NONE;
            }
    PyErr_Format(PyExc_TypeError, "set_finalizer() takes a guarded class, got %R", arg);
    return NULL;
}

static PyMethodDef functions[] = {
    {"set_finalizer", set_finalizer_impl, METH_O,
     PyDoc_STR("set_finalizer(cls, /)\n--\n\nLet the __del__ of a guarded class act as the owner of the instance, and of what "
               "only that holds.")},
    {NULL, NULL, 0, NULL},
};

int
owned_finalize_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
