/* An iterator over a container that tells of each step. */
// SPDX-License-Identifier: MIT
#include "effects.h"
#include "classify.h"
#include "hooks.h"

typedef struct {
    PyObject_HEAD
    PyObject *iterator, *container; /* strong */
    unsigned operation;
} steps_object;

PyObject *
audit_steps(PyObject *obj, unsigned operation)
{
    PyObject *container = audit_behind_view(obj);
    if (audit_container_of(container) == AUDIT_NO_CONTAINER) {
        Py_DECREF(container);
        return Py_NewRef(obj);
    }
    audit_thread *self = audit_here();
    if (self != NULL)
        audit_touch_container(self, container, AUDIT_ALL, operation);
    PyTypeObject *type = audit_the_state->Steps;
    PyObject *iterator = PyObject_GetIter(obj);
    steps_object *steps = iterator == NULL ? NULL : (steps_object *)type->tp_alloc(type, 0);
    if (steps == NULL) {
        Py_DECREF(container);
        Py_XDECREF(iterator);
        return NULL;
    }
    steps->iterator = iterator;
    steps->container = container;
    steps->operation = operation;
    return (PyObject *)steps;
}

static PyObject *
steps_next(PyObject *op)
{
    steps_object *steps = (steps_object *)op;
    audit_thread *self = audit_is_on() ? audit_here() : NULL;
    if (self != NULL)
        audit_touch_container(self, steps->container, AUDIT_ALL, steps->operation);
    return Py_TYPE(steps->iterator)->tp_iternext(steps->iterator);
}

static PyObject *
steps_length_hint(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    Py_ssize_t length = PyObject_LengthHint(((steps_object *)op)->iterator, 0);
    return length < 0 ? NULL : PyLong_FromSsize_t(length);
}

static int
steps_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((steps_object *)op)->iterator);
    Py_VISIT(((steps_object *)op)->container);
    return 0;
}

static void
steps_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(((steps_object *)op)->iterator);
    Py_XDECREF(((steps_object *)op)->container);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef steps_methods[] = {
    {"__length_hint__", steps_length_hint, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot steps_slots[] = {
    {Py_tp_dealloc, steps_dealloc},
    {Py_tp_traverse, steps_traverse},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, steps_next},
    {Py_tp_methods, steps_methods},
    {0, NULL},
};

static PyType_Spec steps_spec = {
    .name = "owned._audit._detector.Steps",
    .basicsize = sizeof(steps_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = steps_slots,
};

int
audit_steps_add(PyObject *module)
{
    return audit_add_type(module, &audit_the_state->Steps, &steps_spec, 0);
}
