/* The plan of a type: what freeze makes of its instances. For instances of Python classes it knows every slot of the
 * class and of its bases, and making the plan gives the frozen class its read-only descriptors. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "state.h"

int owned_freeze_plan_add(PyObject *module);

/* ---- making a frozen class ---------------------------------------------------------------------------------- */

/* A read-only PyMemberDef, kept for the life of the process: one for each name and offset that ever was frozen. A
 * descriptor only borrows its def, and may outlive the class it was made for. */
static PyMemberDef *
readonly_member(PyMemberDef *member)
{
    typedef struct known { struct known *next; PyMemberDef def; char name[1]; } known;
    static owned_mutex mutex;
    static known *all;
    known *fresh = PyMem_RawCalloc(1, sizeof(known) + strlen(member->name)), *k;
    if (fresh == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    strcpy(fresh->name, member->name);
    fresh->def = (PyMemberDef){fresh->name, Py_T_OBJECT_EX, member->offset, Py_READONLY, NULL};
    owned_mutex_lock(&mutex);
    for (k = all; k != NULL; k = k->next)
        if (k->def.offset == member->offset && strcmp(k->name, member->name) == 0)
            break;
    if (k == NULL) {
        fresh->next = all;
        all = k = fresh;
        fresh = NULL;
    }
    owned_mutex_unlock(&mutex);
    PyMem_RawFree(fresh);
    return &k->def;
}

/* The member descriptor of a writable slot that this attribute of a class is or stands for. Borrowed, or NULL. */
static PyObject *
slot_behind_borrowed(PyObject *attribute)
{
    PyObject *member = NULL;
    if (Py_IS_TYPE(attribute, &PyMemberDescr_Type))
        member = attribute;
    else if (Py_IS_TYPE(attribute, owned_the_state->GuardedSlot))
        return owned_guarded_slot_member_borrowed(attribute);
    else if (Py_IS_TYPE(attribute, owned_the_state->CheckedSlot))
        return owned_slot_member_borrowed(attribute);
    if (member == NULL)
        return NULL;
    PyMemberDef *def = ((PyMemberDescrObject *)member)->d_member;
    return def->type == Py_T_OBJECT_EX && !(def->flags & Py_READONLY) ? member : NULL;
}

/* What `type` itself or a base has under this name, past what frozen classes add: 1 and a new reference, 0, or -1. */
static int
class_attribute(PyTypeObject *type, PyObject *name, PyObject **attribute)
{
    PyObject *mro = Py_NewRef(type->tp_mro);
    int found = 0;
    *attribute = NULL;
    for (Py_ssize_t i = 0; found == 0 && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE))
            found = PyDict_GetItemRef(base->tp_dict, name, attribute);
    }
    Py_DECREF(mro);
    return found;
}

/* An attribute of a class is set past its metaclass. */
static int
set_class_attribute(PyTypeObject *type, PyObject *name, PyObject *value)
{
    return PyType_Type.tp_setattro((PyObject *)type, name, value);
}

/* Put a GuardedSlot into the plain class where its member descriptor is. */
static int
guard(PyTypeObject *type, PyObject *name, PyObject *member)
{
    PyObject *slot = owned_guarded_slot_new(member);
    int result = slot == NULL ? -1 : set_class_attribute(type, name, slot);
    Py_XDECREF(slot);
    return result;
}

/* The slots of one class of the chain, each once, appended to `members`. */
static int
collect_slots(PyTypeObject *type, PyObject *members)
{
    PyObject *slots = ((PyHeapTypeObject *)type)->ht_slots;
    Py_ssize_t expected = slots == NULL ? 0 : PyTuple_GET_SIZE(slots), position = 0, first = PyList_GET_SIZE(members);
    PyObject *name, *attribute, *dict = PyDict_Copy(type->tp_dict);
    int result = dict == NULL ? -1 : 0;
    while (result == 0 && PyDict_Next(dict, &position, &name, &attribute)) {
        PyObject *member = slot_behind_borrowed(attribute);
        if (member == NULL || PyDescr_TYPE(member) != type)
            continue;
        if (member == attribute && !PyType_IsSubtype(type, owned_the_state->Owned) && guard(type, name, member) < 0)
            result = -1;
        Py_ssize_t i = first;
        while (i < PyList_GET_SIZE(members) && PyList_GET_ITEM(members, i) != member)
            i++;
        if (result == 0 && i == PyList_GET_SIZE(members))
            result = PyList_Append(members, member);
    }
    Py_XDECREF(dict);
    if (result == 0 && PyList_GET_SIZE(members) - first != expected) {
        PyErr_Format(owned_the_state->FreezeError,
                     "%.200s has slots that no attribute of the class shows any more, so what they hold cannot be frozen",
                     type->tp_name);
        result = -1;
    }
    return result;
}

/* Give the frozen class a read-only descriptor for each slot that is an attribute under its own name. */
static int
add_readonly_members(PyTypeObject *frozen, PyObject *members)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(members); i++) {
        PyMemberDescrObject *member = (PyMemberDescrObject *)PyList_GET_ITEM(members, i);
        PyObject *attribute, *name = PyDescr_NAME(member);
        if (class_attribute(frozen, name, &attribute) < 0)
            return -1;
        int shows = attribute != NULL && slot_behind_borrowed(attribute) == (PyObject *)member;
        Py_XDECREF(attribute);
        if (!shows)
            continue;
        PyMemberDef *def = readonly_member(member->d_member);
        PyObject *descriptor = def == NULL ? NULL : PyDescr_NewMember(frozen, def);
        int done = descriptor == NULL ? -1 : set_class_attribute(frozen, name, descriptor);
        Py_XDECREF(descriptor);
        if (done < 0)
            return -1;
    }
    return 0;
}

static int
add_field(PyTypeObject *frozen, PyObject *name)
{
    PyObject *attribute;
    if (class_attribute(frozen, name, &attribute) < 0)
        return -1;
    int is_data = attribute != NULL && Py_TYPE(attribute)->tp_descr_set != NULL;
    Py_XDECREF(attribute);
    if (is_data) /* a property, say, which decides itself */
        return 0;
    PyObject *field = owned_frozen_field_new(name);
    int result = field == NULL ? -1 : set_class_attribute(frozen, name, field);
    Py_XDECREF(field);
    return result;
}

int
owned_frozen_cover(owned_freeze_plan *plan, PyObject *dict)
{
    if (plan->names == NULL)
        return 0;
    PyObject *name, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &name, &value)) {
        int known = PyUnicode_CheckExact(name) ? PySet_Contains(plan->names, name) : 1;
        if (known == 0)
            known = add_field(plan->frozen, name) < 0 ? -1 : PySet_Add(plan->names, name);
        if (known < 0)
            return -1;
    }
    return 0;
}

/* ---- the plan ---------------------------------------------------------------------------------------------- */

static int
plan_instances(owned_freeze_plan *plan, PyObject *fields)
{
    PyTypeObject *frozen = plan->frozen, *type = frozen->tp_base;
    if (!PyType_IsSubtype(frozen, owned_the_state->FrozenBase) ||
        frozen->tp_setattro != owned_the_state->FrozenBase->tp_setattro) {
        PyErr_Format(PyExc_TypeError, "`frozen` must be a subclass of FrozenBase that takes its __setattr__, got %R", frozen);
        return -1;
    }
    PyObject *members = PyList_New(0);
    int result = members == NULL ? -1 : owned_frozen_watch_class();
    plan->has_dict = (char)owned_type_has_dict(type);
    for (; result == 0 && type != NULL && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && type != owned_the_state->Owned;
         type = type->tp_base)
        result = collect_slots(type, members);
    if (result == 0)
        result = add_readonly_members(frozen, members);
    if (result == 0 && (plan->members = PyList_AsTuple(members)) == NULL)
        result = -1;
    Py_XDECREF(members);
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(fields); i++)
        result = add_field(frozen, PyTuple_GET_ITEM(fields, i));
#if OWNED_SETATTR_IS_UNGUARDED
    if (result == 0 && plan->has_dict && (plan->names = PySet_New(fields)) == NULL)
        result = -1;
#endif
    return result < 0 ? -1 : set_class_attribute(frozen, owned_the_state->str___freeze_plan__, (PyObject *)plan);
}

static PyObject *
plan_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"kind", "frozen", "extra", "fields", NULL};
    PyObject *frozen = NULL, *extra = NULL, *fields = NULL;
    int kind;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|OOO!:FreezePlan", keywords, &kind, &frozen, &extra,
                                     &PyTuple_Type, &fields))
        return NULL;
    if (frozen == Py_None)
        frozen = NULL;
    else if (frozen != NULL && !PyType_Check(frozen)) {
        PyErr_Format(PyExc_TypeError, "`frozen` must be a class or None, got %.200s", Py_TYPE(frozen)->tp_name);
        return NULL;
    }
    owned_freeze_plan *plan = (owned_freeze_plan *)type->tp_alloc(type, 0);
    if (plan == NULL)
        return NULL;
    plan->kind = kind;
    plan->extra = Py_XNewRef(extra);
    plan->frozen = (PyTypeObject *)Py_XNewRef(frozen);
    if (kind == OWNED_FREEZE_INSTANCE && frozen != NULL && fields != NULL && plan_instances(plan, fields) < 0)
        Py_CLEAR(plan);
    return (PyObject *)plan;
}

static int
plan_traverse(PyObject *self, visitproc visit, void *arg)
{
    owned_freeze_plan *plan = (owned_freeze_plan *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(plan->frozen);
    Py_VISIT(plan->members);
    Py_VISIT(plan->names);
    Py_VISIT(plan->extra);
    return 0;
}

static int
plan_clear(PyObject *self)
{
    owned_freeze_plan *plan = (owned_freeze_plan *)self;
    Py_CLEAR(plan->frozen);
    Py_CLEAR(plan->members);
    Py_CLEAR(plan->names);
    Py_CLEAR(plan->extra);
    return 0;
}

static void
plan_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    plan_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
plan_get_frozen(PyObject *self, void *Py_UNUSED(closure))
{
    PyTypeObject *frozen = ((owned_freeze_plan *)self)->frozen;
    return Py_NewRef(frozen == NULL ? Py_None : (PyObject *)frozen);
}

static PyGetSetDef plan_getset[] = {
    {"frozen", plan_get_frozen, NULL, PyDoc_STR("The frozen class, or None."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot plan_slots[] = {
    {Py_tp_doc, (void *)"FreezePlan(kind, frozen=None, extra=None, fields=())\n--\n\nWhat freeze makes of the instances of a type."},
    {Py_tp_new, plan_new},
    {Py_tp_dealloc, plan_dealloc},
    {Py_tp_traverse, plan_traverse},
    {Py_tp_clear, plan_clear},
    {Py_tp_getset, plan_getset},
    {0, NULL},
};

static PyType_Spec plan_spec = {
    .name = "owned._core.FreezePlan",
    .basicsize = sizeof(owned_freeze_plan),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = plan_slots,
};

/* ---- for owned/_frozen.py ----------------------------------------------------------------------------------- */

/* What a class of the chain behind an instance adds to its base, in bytes that no slot, __dict__ or weak reference
 * explains: fields of somebody's C code. */
static PyObject *
unexplained_bytes_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    if (!PyType_Check(arg) || !PyType_HasFeature((PyTypeObject *)arg, Py_TPFLAGS_HEAPTYPE))
        return PyLong_FromLong(-1);
    PyTypeObject *type = (PyTypeObject *)arg, *base = type->tp_base;
    PyObject *slots = ((PyHeapTypeObject *)type)->ht_slots;
    Py_ssize_t bytes = type->tp_basicsize - base->tp_basicsize, word = (Py_ssize_t)sizeof(PyObject *);
    if (slots != NULL)
        bytes -= PyTuple_GET_SIZE(slots) * word;
    if (base->tp_dictoffset == 0 && (type->tp_dictoffset > 0 || type->tp_dictoffset == -word)) /* -word: behind an int's digits */
        bytes -= word;
    if (type->tp_weaklistoffset > 0 && base->tp_weaklistoffset == 0)
        bytes -= word;
    return PyLong_FromSsize_t(bytes);
}

/* (values in slots, by name; values in __dict__ or None) of a frozen instance. */
static PyObject *
frozen_fields_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (!owned_is_frozen_instance(obj)) {
        PyErr_Format(PyExc_TypeError, "frozen_fields() takes a frozen instance, got %.200s", Py_TYPE(obj)->tp_name);
        return NULL;
    }
    owned_freeze_plan *plan = owned_freeze_plan_of_borrowed(obj);
    if (plan == NULL)
        return NULL;
    PyObject *dict = NULL, *live = plan->has_dict ? PyObject_GenericGetDict(obj, NULL) : Py_NewRef(Py_None);
    PyObject *slots = live == NULL ? NULL : PyDict_New();
    if (slots != NULL)
        dict = plan->has_dict ? PyDict_Copy(live) : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(plan->members); i++) {
        PyMemberDescrObject *member = (PyMemberDescrObject *)PyTuple_GET_ITEM(plan->members, i);
        PyObject *value = *(PyObject **)((char *)obj + member->d_member->offset); /* nobody writes it any more */
        if (value != NULL && PyDict_SetItem(slots, (PyObject *)member, value) < 0)
            Py_CLEAR(dict);
    }
    Py_XDECREF(live);
    PyObject *fields = dict == NULL ? NULL : PyTuple_Pack(2, slots, dict);
    Py_XDECREF(slots);
    Py_XDECREF(dict);
    return fields;
}

static PyMethodDef functions[] = {
    {"unexplained_bytes", unexplained_bytes_impl, METH_O,
     PyDoc_STR("unexplained_bytes(cls, /)\n--\n\nHow many bytes of C fields a class adds to its base; -1 for a static type.")},
    {"frozen_fields", frozen_fields_impl, METH_O,
     PyDoc_STR("frozen_fields(obj, /)\n--\n\nWhat a frozen instance holds: ({member descriptor: value}, a copy of its __dict__ or None).")},
    {NULL, NULL, 0, NULL},
};

int
owned_freeze_plan_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->FreezePlan, &plan_spec, NULL, "FreezePlan") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
