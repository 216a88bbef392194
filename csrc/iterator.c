/* The iterator of every guarded container and view. It holds the container and the builtin's own iterator over it,
 * and asks the container's current region at every step, so that `with lock: it = iter(shared)` is no way around the
 * lock.
 *
 * Like the builtins', it lets go of the container at its end where the GIL lets it; on free-threaded builds another
 * thread may be looking, if only to be refused, and the container stays until the iterator dies. No tp_clear: a cycle
 * through an iterator runs through its container, which is cleared. */
// SPDX-License-Identifier: MIT
#include "containers.h"

typedef struct {
    PyObject_HEAD
    PyObject *container;
    owned_region **where; /* inside the container */
    PyObject *inner;
    iternextfunc step; /* of inner */
    uint64_t ended;    /* atomic */
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
    self->ended = 0;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

static int
may_step(container_iterator *self)
{
    owned_region *r = owned_load_ptr(self->where);
    if (OWNED_LIKELY(r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id))
        return 1;
    PyObject *container = Py_NewRef(self->container); /* what the slow path runs may walk to the end */
    int ok = owned_check_slow(container, self->where, &owned_on_iteration, NULL);
    Py_DECREF(container);
    return ok >= 0;
}

static PyObject *
iterator_next(PyObject *op)
{
    container_iterator *self = (container_iterator *)op;
    if (owned_load_u64(&self->ended) || !may_step(self))
        return NULL;
    PyObject *item = self->step(self->inner);
    if (item == NULL && !PyErr_Occurred()) {
        owned_store_u64(&self->ended, 1);
        if (OWNED_DIRECT_FIELDS)
            Py_CLEAR(self->container);
    }
    return item;
}

/* A method of the builtin's iterator, which knows what to say at the end. */
static PyObject *
call_inner(PyObject *op, const char *name, PyObject *arg)
{
    container_iterator *self = (container_iterator *)op;
    if (!owned_load_u64(&self->ended) && !may_step(self))
        return NULL;
    return PyObject_CallMethod(self->inner, name, arg == NULL ? NULL : "(O)", arg);
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
    Py_XDECREF(((container_iterator *)self)->container);
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
