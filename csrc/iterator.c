/* The iterator of every guarded container and view. It holds the container and the builtin's own iterator over it, and asks
 * the container's current region at every step, so that `with lock: it = iter(shared)` is no way around the lock. Like the
 * builtin's, it lets go of the container at the end, under its critical section: another thread may be looking, if only to
 * be refused. No tp_clear: a cycle through an iterator runs through its container, which is cleared. */
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

/* New reference, or NULL at the end. */
static PyObject *
get_container(container_iterator *self)
{
    PyObject *container;
    OWNED_BEGIN_CRITICAL((PyObject *)self);
    container = Py_XNewRef(self->container);
    OWNED_END_CRITICAL();
    return container;
}

static void
drop_container(container_iterator *self)
{
    PyObject *container;
    OWNED_BEGIN_CRITICAL((PyObject *)self);
    container = self->container;
    self->container = NULL;
    OWNED_END_CRITICAL();
    Py_XDECREF(container);
}

static PyObject *
iterator_next(PyObject *op)
{
    container_iterator *self = (container_iterator *)op;
    PyObject *container = get_container(self);
    if (container == NULL)
        return NULL;
    PyObject *item = NULL;
    if (owned_check(container, self->where, &owned_on_iteration, NULL) >= 0) {
        item = self->step(self->inner);
        if (item == NULL && !PyErr_Occurred())
            drop_container(self);
    }
    Py_DECREF(container);
    return item;
}

/* A method of the builtin's iterator, which knows what to say at the end. */
static PyObject *
call_inner(PyObject *op, const char *name, PyObject *arg)
{
    container_iterator *self = (container_iterator *)op;
    PyObject *container = get_container(self), *result = NULL;
    if (container == NULL || owned_check(container, self->where, &owned_on_iteration, NULL) >= 0)
        result = PyObject_CallMethod(self->inner, name, arg == NULL ? NULL : "(O)", arg);
    Py_XDECREF(container);
    return result;
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

static void
iterator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    drop_container((container_iterator *)self);
    Py_DECREF(((container_iterator *)self)->inner);
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
