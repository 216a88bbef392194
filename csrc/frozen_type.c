/* What a frozen class is made of. An instance is frozen in place: its __class__ becomes a subclass of its class, before which
 * FrozenBase stands in the MRO; it adds no fields and refuses every way to write:
 *
 *     x.a = 1, del x.a, super().__setattr__       FrozenBase's tp_setattro
 *     object.__setattr__(x, ...)                  up to 3.12 CPython refuses to jump over tp_setattro; from 3.13 on a read-only
 *                                                 data descriptor per name: of members for slots, FrozenField for a __dict__
 *     x.__dict__                                  FrozenBase's own: a frozendict, made when asked for
 *     K.__dict__["a"].__set__(x, ...)             CheckedSlot in owned classes; GuardedSlot, put into K, in plain ones
 *     object.__dict__["__class__"].__set__(x, K)  an audit hook
 *
 * Reads go through CPython's own machinery: a read-only member descriptor is specialized like any other. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "identity.h"
#include "state.h"

int owned_frozen_type_add(PyObject *module);

static int frozen_setattro(PyObject *self, PyObject *name, PyObject *value);

int
owned_is_frozen_instance(PyObject *obj)
{
    return Py_TYPE(obj)->tp_setattro == frozen_setattro;
}

PyTypeObject *
owned_thawed_type(PyTypeObject *type)
{
    while (type->tp_setattro == frozen_setattro && type->tp_base != NULL && type != owned_the_state->FrozenBase)
        type = type->tp_base;
    return type;
}

/* ---- who froze it ------------------------------------------------------------------------------------------ */

/* Plain instances have no room for a region: address -> FROZEN region, taken out when the instance is finalized. */
static struct {
    owned_mutex mutex;
    owned_identity regions; /* strong references */
} plain;

int
owned_frozen_reserve(size_t instances)
{
    owned_mutex_lock(&plain.mutex);
    int result = owned_identity_reserve(&plain.regions, instances);
    owned_mutex_unlock(&plain.mutex);
    if (result < 0)
        PyErr_NoMemory();
    return result;
}

void
owned_frozen_remember(PyObject *obj, owned_region *region)
{
    uintptr_t old;
    Py_INCREF((PyObject *)region);
    owned_mutex_lock(&plain.mutex);
    int replaced = owned_identity_put(&plain.regions, obj, (uintptr_t)region, &old);
    owned_mutex_unlock(&plain.mutex);
    if (replaced)
        Py_DECREF((PyObject *)old);
}

void
owned_frozen_forget(PyObject *obj)
{
    uintptr_t old;
    owned_mutex_lock(&plain.mutex);
    int found = owned_identity_take(&plain.regions, obj, &old);
    owned_mutex_unlock(&plain.mutex);
    if (found)
        Py_DECREF((PyObject *)old);
}

owned_region *
owned_frozen_region(PyObject *obj)
{
    if (!owned_is_frozen_instance(obj))
        return NULL;
    owned_region **where = owned_carried(obj);
    if (where != NULL)
        return owned_region_of(obj, where);
    uintptr_t region = 0;
    owned_mutex_lock(&plain.mutex);
    if (owned_identity_find(&plain.regions, obj, &region))
        Py_INCREF((PyObject *)region);
    else
        region = 0;
    owned_mutex_unlock(&plain.mutex);
    return (owned_region *)region;
}

/* ---- refusing ---------------------------------------------------------------------------------------------- */

static int
refuse(PyObject *obj, const owned_access *how, PyObject *detail)
{
    owned_region *region = owned_frozen_region(obj);
    if (region != NULL && owned_region_state_of(region) == OWNED_FROZEN)
        owned_violation(obj, region, how, detail);
    else /* a finalizer of its class runs: the region has been given back, or taken over by this thread */
        PyErr_Format(owned_the_state->FrozenError, "'%.200s' object is frozen", owned_thawed_type(Py_TYPE(obj))->tp_name);
    Py_XDECREF((PyObject *)region);
    return -1;
}

static int
frozen_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return refuse(self, value == NULL ? &owned_attr_delete : &owned_attr_write, name);
}

int
owned_frozen_refuse(PyObject *obj, PyObject *name, PyObject *value)
{
    return frozen_setattro(obj, name, value);
}

/* ---- FrozenBase -------------------------------------------------------------------------------------------- */

static PyObject *
base_get_class(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef((PyObject *)owned_thawed_type(Py_TYPE(self)));
}

owned_freeze_plan *
owned_freeze_plan_of_borrowed(PyObject *self)
{
    PyObject *plan = NULL;
    for (PyTypeObject *type = Py_TYPE(self); plan == NULL && type != NULL; type = type->tp_base)
        if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && type->tp_dict != NULL)
            plan = PyDict_GetItemWithError(type->tp_dict, owned_the_state->str___freeze_plan__);
    if (plan == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "%.200s is no frozen class", Py_TYPE(self)->tp_name);
    return (owned_freeze_plan *)plan;
}

/* A frozendict with the items of the instance's __dict__. */
static PyObject *
base_get_dict(PyObject *self, void *Py_UNUSED(closure))
{
    owned_freeze_plan *plan = owned_freeze_plan_of_borrowed(self);
    if (plan == NULL)
        return NULL;
    if (!plan->has_dict) {
        PyErr_Format(PyExc_AttributeError, "'%.200s' object has no attribute '__dict__'", Py_TYPE(self)->tp_name);
        return NULL;
    }
    PyObject *dict = PyObject_GenericGetDict(self, NULL);
    PyObject *frozen = dict == NULL ? NULL : owned_frozendict_of(dict);
    Py_XDECREF(dict);
    return frozen;
}

static PyObject *
base_itself(PyObject *self, PyObject *Py_UNUSED(memo))
{
    return Py_NewRef(self);
}

static PyObject *
base_reduce_ex(PyObject *self, PyObject *protocol)
{
    return PyObject_CallFunctionObjArgs(owned_the_state->reduce_frozen, self, protocol, NULL);
}

static PyObject *
base_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_CallOneArg(owned_the_state->dir_frozen, self);
}

static PyObject *
base_init_subclass(PyObject *Py_UNUSED(cls), PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    Py_RETURN_NONE;
}

PyDoc_STRVAR(base_doc, "What a frozen class adds to the class it stands for: it refuses to be written.");

static PyMethodDef base_methods[] = {
    {"__copy__", base_itself, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\nThe object itself: it never changes.")},
    {"__deepcopy__", base_itself, METH_O, PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\nThe object itself: it never changes.")},
    {"__reduce_ex__", base_reduce_ex, METH_O,
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nPickled as its class says; what arrives is frozen.")},
    {"__dir__", base_dir, METH_NOARGS, PyDoc_STR("__dir__($self, /)\n--\n\nAs before it was frozen.")},
    {"__init_subclass__", (PyCFunction)(void (*)(void))base_init_subclass, METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("A frozen class is no subclass that its class should hear of.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef base_getset[] = {
    {"__class__", base_get_class, NULL, PyDoc_STR("The class that the object had before it was frozen."), NULL},
    {"__dict__", base_get_dict, NULL, PyDoc_STR("The object's attributes, as a frozendict."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot base_slots[] = {
    {Py_tp_doc, (void *)base_doc},
    {Py_tp_setattro, frozen_setattro},
    {Py_tp_methods, base_methods},
    {Py_tp_getset, base_getset},
    {0, NULL},
};

static PyType_Spec base_spec = {
    .name = "owned._core.FrozenBase",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = base_slots,
};

/* The same for classes that are not owned: takes the instance out of the table, after the class's own __del__. */
static void
plain_finalize(PyObject *self)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *finalizer = PyObject_GetAttrString((PyObject *)owned_thawed_type(Py_TYPE(self)), "__del__");
    if (finalizer == NULL)
        PyErr_Clear();
    else {
        PyObject *result = PyObject_CallOneArg(finalizer, self);
        if (result == NULL)
            PyErr_WriteUnraisable(finalizer);
        Py_XDECREF(result);
        Py_DECREF(finalizer);
    }
    owned_frozen_forget(self);
    PyErr_Restore(type, value, traceback);
}

static PyType_Slot plain_slots[] = {
    {Py_tp_doc, (void *)base_doc},
    {Py_tp_finalize, plain_finalize},
    {0, NULL},
};

static PyType_Spec plain_spec = {
    .name = "owned._core.FrozenPlain",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = plain_slots,
};

/* ---- FrozenField: a name in the __dict__ of frozen instances ---------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *name;
} frozen_field;

/* What the attribute would be without the instance's own: the class's, bound to obj. A cached_property of a frozen
 * object is computed each time: there is nowhere to keep the value. */
static PyObject *
field_from_class(frozen_field *field, PyObject *obj)
{
    PyObject *mro = Py_NewRef(Py_TYPE(obj)->tp_mro), *found = NULL;
    for (Py_ssize_t i = 1; found == NULL && i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i);
        PyObject *dict = PyType_HasFeature((PyTypeObject *)base, Py_TPFLAGS_HEAPTYPE) ? ((PyTypeObject *)base)->tp_dict : NULL;
        if (dict != NULL && PyDict_GetItemRef(dict, field->name, &found) < 0)
            break;
    }
    Py_DECREF(mro);
    if (found == NULL) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_AttributeError, "'%.200s' object has no attribute %R", Py_TYPE(obj)->tp_name, field->name);
        return NULL;
    }
    descrgetfunc get = Py_TYPE(found)->tp_descr_get;
    PyObject *result;
    if (PyObject_TypeCheck(found, (PyTypeObject *)owned_the_state->cached_property)) {
        PyObject *compute = PyObject_GetAttrString(found, "func");
        result = compute == NULL ? NULL : PyObject_CallOneArg(compute, obj);
        Py_XDECREF(compute);
    }
    else
        result = get == NULL ? Py_NewRef(found) : get(found, obj, (PyObject *)Py_TYPE(obj));
    Py_DECREF(found);
    return result;
}

static PyObject *
field_get(PyObject *self, PyObject *obj, PyObject *type)
{
    frozen_field *field = (frozen_field *)self;
    if (obj == NULL || !owned_is_frozen_instance(obj))
        return type == NULL ? Py_NewRef(self)
                            : PyObject_GetAttr((PyObject *)owned_thawed_type((PyTypeObject *)type), field->name);
    PyObject *value, *dict = PyObject_GenericGetDict(obj, NULL);
    if (dict == NULL)
        return NULL;
    int found = PyDict_GetItemRef(dict, field->name, &value);
    Py_DECREF(dict);
    return found != 0 ? value : field_from_class(field, obj);
}

static int
field_set(PyObject *self, PyObject *obj, PyObject *value)
{
    return refuse(obj, value == NULL ? &owned_attr_delete : &owned_attr_write, ((frozen_field *)self)->name);
}

PyObject *
owned_frozen_field_new(PyObject *name)
{
    frozen_field *field = PyObject_New(frozen_field, owned_the_state->FrozenField);
    if (field != NULL)
        field->name = Py_NewRef(name);
    return (PyObject *)field;
}

static void
field_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((frozen_field *)self)->name);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot field_slots[] = {
    {Py_tp_doc, (void *)"A read-only attribute of the frozen instances of a class, kept in their __dict__."},
    {Py_tp_dealloc, field_dealloc},
    {Py_tp_descr_get, field_get},
    {Py_tp_descr_set, field_set},
    {0, NULL},
};

static PyType_Spec field_spec = {
    .name = "owned._core.FrozenField",
    .basicsize = sizeof(frozen_field),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = field_slots,
};

/* ---- GuardedSlot: a slot of a plain class that has frozen instances ------------------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *member; /* strong: the member descriptor it stands for */
} guarded_slot;

PyObject *
owned_guarded_slot_new(PyObject *member)
{
    guarded_slot *slot = PyObject_GC_New(guarded_slot, owned_the_state->GuardedSlot);
    if (slot != NULL) {
        slot->member = Py_NewRef(member);
        PyObject_GC_Track((PyObject *)slot);
    }
    return (PyObject *)slot;
}

PyObject *
owned_guarded_slot_member_borrowed(PyObject *slot)
{
    return ((guarded_slot *)slot)->member;
}

static PyObject *
guarded_get(PyObject *self, PyObject *obj, PyObject *type)
{
    PyObject *member = ((guarded_slot *)self)->member;
    if (obj == NULL)
        return Py_NewRef(self);
    if (OWNED_DIRECT_FIELDS && PyObject_TypeCheck(obj, PyDescr_TYPE(member))) {
        PyObject *value = *(PyObject **)((char *)obj + ((PyMemberDescrObject *)member)->d_member->offset);
        if (value != NULL)
            return Py_NewRef(value);
    }
    return Py_TYPE(member)->tp_descr_get(member, obj, type);
}

static int
guarded_set(PyObject *self, PyObject *obj, PyObject *value)
{
    PyObject *member = ((guarded_slot *)self)->member;
    if (owned_is_frozen_instance(obj))
        return refuse(obj, value == NULL ? &owned_attr_delete : &owned_attr_write, PyDescr_NAME(member));
    return Py_TYPE(member)->tp_descr_set(member, obj, value);
}

static PyObject *
guarded_getattro(PyObject *self, PyObject *name)
{
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return value;
    PyErr_Clear();
    return PyObject_GetAttr(((guarded_slot *)self)->member, name);
}

static PyObject *
guarded_get_class(PyObject *Py_UNUSED(self), void *Py_UNUSED(closure))
{
    return Py_NewRef((PyObject *)&PyMemberDescr_Type);
}

static PyObject *
guarded_get_doc(PyObject *self, void *Py_UNUSED(closure))
{
    return PyObject_GetAttrString(((guarded_slot *)self)->member, "__doc__");
}

static PyObject *
guarded_repr(PyObject *self)
{
    return PyObject_Repr(((guarded_slot *)self)->member);
}

static int
guarded_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((guarded_slot *)self)->member);
    return 0;
}

static void
guarded_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((guarded_slot *)self)->member);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef guarded_getset[] = {
    {"__class__", guarded_get_class, NULL, PyDoc_STR("types.MemberDescriptorType: what it stands for."), NULL},
    {"__doc__", guarded_get_doc, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot guarded_slots[] = {
    {Py_tp_dealloc, guarded_dealloc},
    {Py_tp_traverse, guarded_traverse},
    {Py_tp_descr_get, guarded_get},
    {Py_tp_descr_set, guarded_set},
    {Py_tp_getattro, guarded_getattro},
    {Py_tp_repr, guarded_repr},
    {Py_tp_getset, guarded_getset},
    {0, NULL},
};

static PyType_Spec guarded_spec = {
    .name = "owned._core.GuardedSlot",
    .basicsize = sizeof(guarded_slot),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = guarded_slots,
};

/* ---- __class__ --------------------------------------------------------------------------------------------- */

static OWNED_THREAD_LOCAL int changing_class;

/* The only thing between object.__dict__["__class__"].__set__(x, K) and a frozen x. CPython raises this event for it. */
static int
audit(const char *event, PyObject *args, void *Py_UNUSED(data))
{
    if (strcmp(event, "object.__setattr__") != 0 || changing_class || owned_the_state == NULL || PyTuple_GET_SIZE(args) != 3)
        return 0;
    PyObject *obj = PyTuple_GET_ITEM(args, 0), *name = PyTuple_GET_ITEM(args, 1);
    if (!owned_is_frozen_instance(obj) || !PyUnicode_Check(name) || PyUnicode_CompareWithASCIIString(name, "__class__") != 0)
        return 0;
    return refuse(obj, &owned_attr_write, name);
}

int
owned_frozen_set_class(PyObject *obj, PyTypeObject *type)
{
    PyObject *setter = owned_the_state->class_descriptor;
    changing_class++;
    int result = Py_TYPE(setter)->tp_descr_set(setter, obj, (PyObject *)type);
    changing_class--;
    return result;
}

int
owned_frozen_watch_class(void)
{
    static owned_mutex mutex;
    static char installed;
    owned_mutex_lock(&mutex);
    char before = installed;
    installed = 1;
    owned_mutex_unlock(&mutex);
    return before ? 0 : PySys_AddAuditHook(audit, NULL);
}

static PyObject *
object_class_descriptor(void)
{
    PyObject *dict = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__dict__");
    PyObject *descriptor = dict == NULL ? NULL : PyObject_GetItem(dict, owned_the_state->str___class__);
    Py_XDECREF(dict);
    return descriptor;
}

int
owned_frozen_type_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    state->class_descriptor = object_class_descriptor();
    if (state->class_descriptor == NULL ||
        owned_state_add_type(module, &state->FrozenBase, &base_spec, NULL, "FrozenBase") < 0 ||
        owned_state_add_type(module, &state->FrozenPlain, &plain_spec, (PyObject *)state->FrozenBase, "FrozenPlain") < 0 ||
        owned_state_add_type(module, &state->FrozenField, &field_spec, NULL, NULL) < 0 ||
        owned_state_add_type(module, &state->GuardedSlot, &guarded_spec, NULL, NULL) < 0)
        return -1;
    return 0;
}
