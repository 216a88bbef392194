/* The iterator of every guarded container and view. It holds the container and the builtin's own iterator over it, and asks
 * the container's current region at every step, so that `with lock: it = iter(shared)` is no way around the lock. Both
 * fields stay as they are until the iterator dies: threads that share one need no lock for them. */
// SPDX-License-Identifier: MIT
#include "containers.h"

typedef struct {
    PyObject_HEAD
    PyObject *container;
    owned_region **where; /* inside the container */
    PyObject *inner;
    iternextfunc step; /* of inner */
} container_iterator;

PyObject *
owned_iterator_new(PyObject *container, owned_region **where, PyObject *inner)
{
    if (inner == NULL)
        return NULL;
    container_iterator *self = PyObject_GC_New(container_iterator, owned_the_state->ContainerIterator);
    if (self == NULL) {
        Py_DECREF(inner);
        return NULL;
    }
    self->container = Py_NewRef(container);
    self->where = where;
    self->inner = inner;
    self->step = Py_TYPE(inner)->tp_iternext;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* The builtin's iterator, checked; borrowed. NULL with an error set, or without one when the collector has cleared us. */
static PyObject *
inner_borrowed(container_iterator *self)
{
    if (self->container == NULL || owned_check(self->container, self->where, &owned_on_iteration, NULL) < 0)
        return NULL;
    return self->inner;
}

static PyObject *
iterator_next(PyObject *op)
{
    container_iterator *self = (container_iterator *)op;
    PyObject *inner = inner_borrowed(self);
    return inner == NULL ? NULL : self->step(inner);
}

static PyObject *
call_inner(PyObject *op, const char *name, PyObject *arg)
{
    PyObject *inner = inner_borrowed((container_iterator *)op);
    if (inner == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ReferenceError, "the iterator's container has been collected");
        return NULL;
    }
    return PyObject_CallMethod(inner, name, arg == NULL ? NULL : "(O)", arg);
}

static PyObject *
iterator_length_hint(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return call_inner(self, "__length_hint__", NULL);
}

static PyObject *
iterator_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return call_inner(self, "__reduce__", NULL);
}

static PyObject *
iterator_setstate(PyObject *self, PyObject *state)
{
    return call_inner(self, "__setstate__", state);
}

static int
iterator_traverse(PyObject *op, visitproc visit, void *arg)
{
    container_iterator *self = (container_iterator *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->container);
    Py_VISIT(self->inner);
    return 0;
}

static int
iterator_clear(PyObject *op)
{
    container_iterator *self = (container_iterator *)op;
    Py_CLEAR(self->container);
    Py_CLEAR(self->inner);
    return 0;
}

static void
iterator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    iterator_clear(self);
    type->tp_free(self);
    Py_DECREF((PyObject *)type);
}

static PyMethodDef iterator_methods[] = {
    {"__length_hint__", iterator_length_hint, METH_NOARGS,
     PyDoc_STR("__length_hint__($self, /)\n--\n\nPrivate method returning an estimate of len(list(it)).")},
    {"__reduce__", iterator_reduce, METH_NOARGS,
     PyDoc_STR("__reduce__($self, /)\n--\n\nReturn state information for pickling.")},
    {"__setstate__", iterator_setstate, METH_O,
     PyDoc_STR("__setstate__($self, state, /)\n--\n\nSet state information for unpickling.")},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(iterator_doc, "The iterator of a guarded container: checks at every step that this thread may look.");

static PyType_Slot iterator_slots[] = {
    {Py_tp_doc, (void *)iterator_doc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {Py_tp_methods, iterator_methods},
    {Py_tp_traverse, iterator_traverse},
    {Py_tp_clear, iterator_clear},
    {Py_tp_dealloc, iterator_dealloc},
    {0, NULL},
};

static PyType_Spec iterator_spec = {
    .name = "owned._core.ContainerIterator",
    .basicsize = sizeof(container_iterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = iterator_slots,
};

int
owned_iterator_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->ContainerIterator, &iterator_spec, NULL, NULL);
}
