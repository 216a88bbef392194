/* CheckedSlot: what stands in an owned class for the member descriptor of a slot. Same offset, checked; a data descriptor, so that
 * nothing that goes through the class gets around it, object.__setattr__ included. Methods are not touched by it and
 * stay at native speed. */
// SPDX-License-Identifier: MIT
#include "strict.h"
#include "carrier.h"
#include "frozen.h"
#include "settle.h"
#include "state.h"

int owned_slot_add(PyObject *module);

typedef struct {
    PyObject_HEAD
    Py_ssize_t offset;
    PyTypeObject *objclass;      /* borrowed from member */
    PyObject *name;              /* strong */
    PyMemberDescrObject *member; /* strong: the descriptor it stands for, which keeps its PyMemberDef alive */
    PyObject *fallback;          /* strong: what an empty slot reads as, for @owned(slots=True); or NULL */
} checked_slot;

static int
is_instance(checked_slot *slot, PyObject *obj)
{
    if (OWNED_LIKELY(Py_TYPE(obj) == slot->objclass || PyType_IsSubtype(Py_TYPE(obj), slot->objclass)))
        return 1;
    PyErr_Format(PyExc_TypeError, "descriptor %R for '%.200s' objects doesn't apply to a '%.200s' object", slot->name,
                 slot->objclass->tp_name, Py_TYPE(obj)->tp_name);
    return 0;
}

static inline PyObject **
field(checked_slot *slot, PyObject *obj)
{
    return (PyObject **)((char *)obj + slot->offset);
}

PyObject *
owned_slot_member_borrowed(PyObject *slot)
{
    return (PyObject *)((checked_slot *)slot)->member;
}

static PyObject *
not_there(checked_slot *slot, PyObject *obj)
{
    PyErr_Format(PyExc_AttributeError, "'%.200s' object has no attribute %R", Py_TYPE(obj)->tp_name, slot->name);
    return NULL;
}

/* What an empty slot reads as. */
static PyObject *
missing(checked_slot *slot, PyObject *obj)
{
    if (slot->fallback != NULL)
        return Py_NewRef(slot->fallback);
    return not_there(slot, obj);
}

static PyObject *
slot_get(PyObject *self, PyObject *obj, PyObject *Py_UNUSED(type))
{
    checked_slot *slot = (checked_slot *)self;
    if (obj == NULL)
        return Py_NewRef(slot->fallback == NULL ? self : slot->fallback);
    if (!is_instance(slot, obj))
        return NULL;
    int ok = owned_check(obj, &((owned_object *)obj)->region, &owned_attr_read, slot->name);
    if (ok < 0)
        return NULL;
    if (OWNED_DIRECT_FIELDS && ok == OWNED_ALONE) {
        PyObject *value = *field(slot, obj);
        return value == NULL ? missing(slot, obj) : Py_NewRef(value);
    }
    PyObject *value = PyMember_GetOne((char *)obj, slot->member->d_member);
    if (value == NULL && slot->fallback != NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return Py_NewRef(slot->fallback);
    }
    return value;
}

/* What the shortest way did not settle; `obj` is an instance. */
static OWNED_COLD int
set_any(checked_slot *slot, PyObject *obj, PyObject *value)
{
    owned_region **where = &((owned_object *)obj)->region;
    int ok = owned_check(obj, where, value == NULL ? &owned_attr_delete : &owned_attr_write, slot->name);
    if (ok < 0)
        return -1;
    if (ok != OWNED_ALONE)
        return owned_is_frozen_instance(obj) ? owned_frozen_refuse(obj, slot->name, value) /* in unchecked() */
                                             : PyMember_SetOne((char *)obj, slot->member->d_member, value);
    owned_settling settling;
    if (owned_strict_store(value, OWNED_VALUE_STORED, obj, OWNED_ATTRIBUTE, slot->name) < 0 ||
        owned_settle(&settling, value, owned_load_ptr(where)) < 0)
        return -1;
    if (OWNED_DIRECT_FIELDS) {
        PyObject *old = *field(slot, obj);
        if (old == NULL && value == NULL) {
            not_there(slot, obj);
            return -1;
        }
        *field(slot, obj) = settling.value;
        owned_settle_joining(&settling, 1);
        Py_XDECREF(old);
        return 0;
    }
    return owned_settled(&settling, PyMember_SetOne((char *)obj, slot->member->d_member, settling.value));
}

static int
slot_set(PyObject *self, PyObject *obj, PyObject *value)
{
    checked_slot *slot = (checked_slot *)self;
    if (!is_instance(slot, obj))
        return -1;
    owned_region *r = owned_load_ptr(&((owned_object *)obj)->region);
    if (OWNED_DIRECT_FIELDS && OWNED_LIKELY(r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id && value != NULL &&
                                            owned_is_stored_as_is(value, r))) {
        owned_replace_field(field(slot, obj), value);
        return 0;
    }
    return set_any(slot, obj, value);
}

static PyObject *
slot_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"member", "fallback", NULL};
    PyObject *member, *fallback = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:CheckedSlot", keywords, &member, &fallback))
        return NULL;
    if (Py_IS_TYPE(member, owned_the_state->CheckedSlot))
        member = owned_slot_member_borrowed(member);
    if (!Py_IS_TYPE(member, &PyMemberDescr_Type)) {
        PyErr_Format(PyExc_TypeError, "`member` must be a slot's descriptor, got %.200s", Py_TYPE(member)->tp_name);
        return NULL;
    }
    PyMemberDescrObject *descriptor = (PyMemberDescrObject *)member;
    PyTypeObject *objclass = PyDescr_TYPE(descriptor);
    if (!PyType_IsSubtype(objclass, owned_the_state->Owned) || descriptor->d_member->type != Py_T_OBJECT_EX) {
        PyErr_Format(PyExc_TypeError, "`member` must be the descriptor of a slot of an owned class, got %R", member);
        return NULL;
    }
    checked_slot *slot = (checked_slot *)type->tp_alloc(type, 0);
    if (slot == NULL)
        return NULL;
    slot->offset = descriptor->d_member->offset;
    slot->objclass = objclass;
    slot->name = Py_NewRef(PyDescr_NAME(descriptor));
    slot->member = (PyMemberDescrObject *)Py_NewRef(member);
    slot->fallback = Py_XNewRef(fallback);
    return (PyObject *)slot;
}

static int
slot_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((checked_slot *)self)->member);
    Py_VISIT(((checked_slot *)self)->fallback);
    return 0;
}

static int
slot_clear(PyObject *self)
{
    Py_CLEAR(((checked_slot *)self)->fallback);
    return 0;
}

static void
slot_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    checked_slot *slot = (checked_slot *)self;
    PyObject_GC_UnTrack(self);
    Py_XDECREF(slot->name);
    Py_XDECREF((PyObject *)slot->member);
    Py_XDECREF(slot->fallback);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
slot_repr(PyObject *self)
{
    checked_slot *slot = (checked_slot *)self;
    return PyUnicode_FromFormat("<checked slot %R of '%.200s' objects>", slot->name, slot->objclass->tp_name);
}

static PyObject *
slot_get_class(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    return Py_NewRef((PyObject *)&PyMemberDescr_Type);
}

static PyObject *
slot_get_doc(PyObject *self, void *Py_UNUSED(closure))
{
    return PyObject_GetAttrString((PyObject *)((checked_slot *)self)->member, "__doc__");
}

static PyObject *
slot_get_objclass(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef((PyObject *)((checked_slot *)self)->objclass);
}

static PyObject *
slot_get_qualname(PyObject *self, void *Py_UNUSED(closure))
{
    return PyObject_GetAttrString((PyObject *)((checked_slot *)self)->member, "__qualname__");
}

static PyMemberDef slot_members[] = {
    {"__name__", Py_T_OBJECT_EX, offsetof(checked_slot, name), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef slot_getset[] = {
    {"__class__", slot_get_class, NULL,
     PyDoc_STR("types.MemberDescriptorType: dataclasses, inspect and others tell a slot by it."), NULL},
    {"__doc__", slot_get_doc, NULL, NULL, NULL},
    {"__objclass__", slot_get_objclass, NULL, NULL, NULL},
    {"__qualname__", slot_get_qualname, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slot_slots[] = {
    {Py_tp_new, slot_new},
    {Py_tp_dealloc, slot_dealloc},
    {Py_tp_traverse, slot_traverse},
    {Py_tp_clear, slot_clear},
    {Py_tp_repr, slot_repr},
    {Py_tp_descr_get, slot_get},
    {Py_tp_descr_set, slot_set},
    {Py_tp_members, slot_members},
    {Py_tp_getset, slot_getset},
    {0, NULL},
};

static PyType_Spec slot_spec = {
    .name = "owned._core.CheckedSlot",
    .basicsize = sizeof(checked_slot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slot_slots,
};

/* ---- for owned/_classes.py ----------------------------------------------------------------------------------- */

static PyObject *
native_slot_impl(PyObject *Py_UNUSED(module), PyObject *slot)
{
    if (!Py_IS_TYPE(slot, owned_the_state->CheckedSlot)) {
        PyErr_Format(PyExc_TypeError, "native_slot() takes a CheckedSlot, got %.200s", Py_TYPE(slot)->tp_name);
        return NULL;
    }
    return Py_NewRef(((checked_slot *)slot)->fallback != NULL ? Py_None : owned_slot_member_borrowed(slot));
}

static PyMethodDef functions[] = {
    {"native_slot", native_slot_impl, METH_O,
     PyDoc_STR("native_slot(slot, /)\n--\n\nThe descriptor that a CheckedSlot stands for; None if it has a fallback, "
               "which that one cannot give.")},
    {NULL, NULL, 0, NULL},
};

int
owned_slot_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->CheckedSlot, &slot_spec, NULL, "CheckedSlot") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
