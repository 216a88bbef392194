/* What stands for an object where one access to it happens between operands that may call: `place(x).a += f()` reads x.a before
 * f() is called and writes it after. Each operation on a place tells of itself and is then made on the object.
 *
 * A place has no name of its own to show, so `place(x).__class__` is x's. It may wait in a suspended generator, so the
 * collector knows of it. */
// SPDX-License-Identifier: MIT
#include "classify.h"
#include "effects.h"
#include "hooks.h"

typedef struct {
    PyObject_HEAD
    PyObject *obj; /* strong */
    PyObject *got; /* strong: a container that was got from it, which an in-place operator may change and put back; or NULL */
} place_object;

PyObject *
audit_place_new(PyObject *obj)
{
    PyTypeObject *type = audit_the_state->Place;
    place_object *place = (place_object *)type->tp_alloc(type, 0);
    if (place != NULL)
        place->obj = Py_NewRef(obj);
    return (PyObject *)place;
}

static audit_thread *
teller(void)
{
    return audit_is_on() ? audit_here() : NULL;
}

static PyObject *
remember(place_object *place, PyObject *got)
{
    if (got != NULL && audit_container_of(got) != AUDIT_NO_CONTAINER)
        Py_XSETREF(place->got, Py_NewRef(got));
    return got;
}

static void
tell_in_place(audit_thread *self, const place_object *place, PyObject *value)
{
    if (value != NULL && value == place->got)
        audit_touch_in_place(self, value);
}

static PyObject *
place_getattro(PyObject *op, PyObject *name)
{
    place_object *place = (place_object *)op;
    audit_thread *self = teller();
    if (self != NULL && PyUnicode_Check(name))
        audit_read_attribute(self, place->obj, name, AUDIT_OP_ATTRIBUTE);
    return remember(place, PyObject_GetAttr(place->obj, name));
}

static int
place_setattro(PyObject *op, PyObject *name, PyObject *value)
{
    place_object *place = (place_object *)op;
    audit_thread *self = teller();
    if (self != NULL && PyUnicode_Check(name)) {
        tell_in_place(self, place, value);
        audit_write_attribute(self, place->obj, name, 0, AUDIT_OP_SET_ATTRIBUTE);
    }
    return PyObject_SetAttr(place->obj, name, value);
}

static PyObject *
place_subscript(PyObject *op, PyObject *key)
{
    place_object *place = (place_object *)op;
    audit_thread *self = teller();
    if (self != NULL)
        audit_touch_item(self, place->obj, key, AUDIT_READ, AUDIT_OP_ITEM);
    return remember(place, PyObject_GetItem(place->obj, key));
}

static int
place_ass_subscript(PyObject *op, PyObject *key, PyObject *value)
{
    place_object *place = (place_object *)op;
    audit_thread *self = teller();
    if (self != NULL) {
        tell_in_place(self, place, value);
        if (value == NULL)
            audit_delete_item(self, place->obj, key, AUDIT_OP_DELETE_ITEM);
        else
            audit_touch_item(self, place->obj, key, AUDIT_WRITE, AUDIT_OP_SET_ITEM);
    }
    return value == NULL ? PyObject_DelItem(place->obj, key) : PyObject_SetItem(place->obj, key, value);
}

static int
place_contains(PyObject *op, PyObject *key)
{
    place_object *place = (place_object *)op;
    audit_thread *self = teller();
    if (self != NULL)
        audit_touch_contained(self, place->obj, key);
    return PySequence_Contains(place->obj, key);
}

static int
place_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((place_object *)op)->obj);
    Py_VISIT(((place_object *)op)->got);
    return 0;
}

static int
place_clear(PyObject *op)
{
    Py_CLEAR(((place_object *)op)->obj);
    Py_CLEAR(((place_object *)op)->got);
    return 0;
}

static void
place_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)place_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyType_Slot place_slots[] = {
    {Py_tp_dealloc, place_dealloc},
    {Py_tp_traverse, place_traverse},
    {Py_tp_clear, place_clear},
    {Py_tp_getattro, place_getattro},
    {Py_tp_setattro, place_setattro},
    {Py_mp_subscript, place_subscript},
    {Py_mp_ass_subscript, place_ass_subscript},
    {Py_sq_contains, place_contains},
    {0, NULL},
};

static PyType_Spec place_spec = {
    .name = "owned._audit._detector.Place",
    .basicsize = sizeof(place_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = place_slots,
};

int
audit_place_add(PyObject *module)
{
    return audit_add_type(module, &audit_the_state->Place, &place_spec, 0);
}
