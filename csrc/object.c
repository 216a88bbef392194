/* Owned: the base of every guarded class, with the region right behind the object header.
 *
 * An instance gets its region when it is allocated. CPython gives each Python class PyType_GenericAlloc, so the class's
 * tp_alloc is set to ours when the class is prepared (owned/_classes.py); a tp_new of our own would make object.__new__(cls)
 * a TypeError. A class that was never prepared (a plain base's __init_subclass__ that does not call super()) is prepared at the
 * first touch of an instance, which gets its region then.
 *
 * Attributes: Owned checks every read and write of an instance's attributes. A prepared class whose fields are all
 * in slots reads through object's accessor: its CheckedSlots do the check, and the interpreter then specializes method calls.
 *
 * Owned.__setattr__ is a method, not a slot: CPython (3.11, 3.12) refuses object.__setattr__(x, ...) where a C base has a
 * tp_setattro of its own, and the __init__ of every frozen dataclass and attrs class calls just that. From 3.13 on a prepared
 * class gets our function as its tp_setattro, unless it has a __setattr__ of its own. Before 3.13 the method is slow, and a class
 * with slots takes object's while its CheckedSlots do the check.
 *
 * In guard the slots have their own descriptors again, which check nothing, and it is the setter that checks. */
// SPDX-License-Identifier: MIT
#include "strict.h"
#include "carrier.h"
#include "field.h"
#include "frozen.h"
#include "life.h"
#include "mode.h"
#include "object.h"
#include "rwlock.h"
#include "settle.h"

int owned_object_add(PyObject *module);

static PyObject *owned_object_alloc_first(PyTypeObject *type, Py_ssize_t items);

static PyObject *
owned_object_alloc(PyTypeObject *type, Py_ssize_t items)
{
    owned_region *birth = owned_birth_region();
    PyObject *self = birth == NULL ? NULL : PyType_GenericAlloc(type, items);
    if (self != NULL) {
        owned_store_ptr(&((owned_object *)self)->region, (owned_region *)Py_NewRef((PyObject *)birth));
        owned_life_made(self);
    }
    return self;
}

/* The first instance: only now have all decorators had their turn at the class. */
static PyObject *
owned_object_alloc_first(PyTypeObject *type, Py_ssize_t items)
{
    PyObject *done = PyObject_CallOneArg(owned_the_state->finish_class, (PyObject *)type);
    if (done == NULL)
        return NULL;
    Py_DECREF(done);
    owned_store_ptr(&type->tp_alloc, owned_object_alloc);
    return owned_object_alloc(type, items);
}

static int
is_prepared(PyTypeObject *type)
{
    allocfunc alloc = owned_load_ptr(&type->tp_alloc);
    return alloc == owned_object_alloc || alloc == owned_object_alloc_first;
}

int
owned_object_prepare(PyTypeObject *type)
{
    if (is_prepared(type))
        return 0;
    PyObject *done = PyObject_CallOneArg(owned_the_state->prepare_class, (PyObject *)type);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
owned_type_has_dict(PyTypeObject *type)
{
#ifdef Py_TPFLAGS_MANAGED_DICT
    if (PyType_HasFeature(type, Py_TPFLAGS_MANAGED_DICT))
        return 1;
#endif
    return type->tp_dictoffset != 0;
}

/* ---- attributes -------------------------------------------------------------------------------------------- */

int
owned_find_in_classes(PyTypeObject *type, PyObject *name, PyObject **attribute)
{
    *attribute = NULL;
    int found = 0;
    PyObject *mro = Py_NewRef(type->tp_mro);
    for (Py_ssize_t i = 0; found == 0 && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE))
            found = PyDict_GetItemRef(base->tp_dict, name, attribute);
    }
    Py_DECREF(mro);
    return found;
}

/* Has the instance a value of its own under this name? 1, 0, or -1 with an error set. */
static int
is_own_field(PyObject *self, PyObject *name)
{
    if (!owned_type_has_dict(Py_TYPE(self)))
        return 0;
    PyObject *dict = PyObject_GenericGetDict(self, NULL);
    int answer = dict == NULL ? -1 : PyDict_Contains(dict, name);
    Py_XDECREF(dict);
    return answer;
}

/* A property, or another descriptor of a class statement's making, decides itself what it touches. Of the rest an
 * instance's own value is a field. */
static int
is_of_class(PyObject *self, PyObject *name, PyObject *attribute, int writes)
{
    PyTypeObject *kind = Py_TYPE(attribute);
    if (kind == owned_the_state->CheckedSlot || kind == &PyMemberDescr_Type || kind == &PyGetSetDescr_Type)
        return 0;
    if (kind->tp_descr_set != NULL)
        return 1;
    if (writes)
        return 0;
    int is_field = is_own_field(self, name);
    return is_field < 0 ? -1 : !is_field;
}

int
owned_object_needs_no_lock(PyObject *self, PyObject *name, int writes)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject *names, *attribute;
    if (!PyType_IsSubtype(type, owned_the_state->Owned))
        return 0;
    if (writes && name == owned_the_state->str___orig_class__) /* Stock[int]() notes this on what it has made */
        return 1;
    int found = owned_find_in_classes(type, owned_the_state->str___owned_unlocked__, &names);
    if (found <= 0)
        return found;
    int free = writes ? 0 : PySequence_Contains(names, name);
    Py_DECREF(names);
    if (free != 0)
        return free;
    found = owned_find_in_classes(type, name, &attribute);
    if (found <= 0)
        return found;
    free = is_of_class(self, name, attribute, writes);
    Py_DECREF(attribute);
    return free;
}

/* A plain container may get into the instance dict around __setattr__: through object.__setattr__ (the __init__ of a frozen
 * dataclass), vars(x), cached_property, unpickling. It is settled when it is first read. Steals `value`. */
static PyObject *
settle_read(PyObject *self, PyObject *name, PyObject *value, owned_region *region)
{
    PyObject *attribute = NULL, *dict = NULL, *stored = NULL, *result = NULL;
    region = (owned_region *)Py_NewRef((PyObject *)region);
    int found = owned_find_in_classes(Py_TYPE(self), name, &attribute);
    if (found != 0 && (found < 0 || attribute == value || Py_TYPE(attribute)->tp_descr_set != NULL))
        goto done;
    dict = PyObject_GenericGetDict(self, NULL);
    if (dict == NULL || (found = PyDict_GetItemRef(dict, name, &stored)) < 0)
        goto done;
    if (stored == value) {
        owned_settling settling;
        found = owned_strict_store(value, OWNED_VALUE_FOUND, self, OWNED_ATTRIBUTE, name);
        if (found == 0)
            found = owned_settle(&settling, value, region);
        if (found == 0) {
            result = Py_NewRef(settling.value);
            found = owned_settled(&settling, PyDict_SetItem(dict, name, settling.value));
        }
    }
done:
    if (found < 0 || PyErr_Occurred())
        Py_CLEAR(result);
    else if (result == NULL)
        result = Py_NewRef(value);
    Py_XDECREF(stored);
    Py_XDECREF(dict);
    Py_XDECREF(attribute);
    Py_DECREF((PyObject *)region);
    Py_DECREF(value);
    return result;
}

/* Static and class methods never see the instance. */
static int
is_guarded_method(PyObject *value)
{
    owned_state *state = owned_the_state;
    return Py_IS_TYPE(value, state->GuardedMethod) || Py_IS_TYPE(value, state->WrappedMethod) ||
           Py_IS_TYPE(value, &PyStaticMethod_Type) || Py_IS_TYPE(value, &PyClassMethod_Type);
}

/* Is this attribute of a class a method that takes or verifies a lock itself, or a property of such a method (the one that
 * `part`, "fget", "fset" or "fdel", names)? These are fetched before the lock is held. 1, 0, or -1 with an error set. */
static int
guards_itself(PyObject *attribute, PyObject *part)
{
    if (is_guarded_method(attribute))
        return 1;
    if (!Py_IS_TYPE(attribute, &PyProperty_Type))
        return 0;
    PyObject *function = PyObject_GetAttr(attribute, part);
    int answer = function == NULL ? -1 : is_guarded_method(function);
    Py_XDECREF(function);
    return answer;
}

/* What the instance has under this name, if that guards itself: 1 and a new reference, 0, or -1 with an error set. */
static int
get_guarded(PyObject *self, PyObject *name, PyObject **bound)
{
    PyObject *attribute;
    int found = owned_find_in_classes(Py_TYPE(self), name, &attribute);
    if (found > 0)
        found = guards_itself(attribute, owned_the_state->str_fget);
    if (found > 0 && Py_TYPE(attribute)->tp_descr_set == NULL) {
        int hides = is_own_field(self, name); /* `self.size = function` in an __init__: a field like any other */
        found = hides < 0 ? -1 : !hides;
    }
    *bound = found > 0 ? Py_TYPE(attribute)->tp_descr_get(attribute, self, (PyObject *)Py_TYPE(self)) : NULL;
    Py_XDECREF(attribute);
    return found > 0 && *bound == NULL ? -1 : found;
}

/* Under the read side of an RWLock others read at the same time, so nothing may be put into the instance dict by reading: not
 * the value of a cached_property, and not the guarded container that a plain one becomes. The dict itself comes out as a
 * view that nothing can be written through. Steals `value`, what the attribute is. */
static PyObject *
read_beside_others(PyObject *self, PyObject *name, PyObject *value)
{
    static const owned_access guarding = {OWNED_ATTRIBUTE, "read and guard", NULL, 1};
    if (value == NULL || !(PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_CheckExact(value)))
        return value;
    PyObject *dict = PyObject_GenericGetDict(self, NULL);
    if (dict == NULL) { /* its fields are in slots, and settled when they are written */
        PyErr_Clear();
        return value;
    }
    if (value == dict) {
        Py_SETREF(value, PyDictProxy_New(dict));
        Py_DECREF(dict);
        return value;
    }
    PyObject *stored;
    int found = PyDict_GetItemRef(dict, name, &stored);
    if (found > 0 && stored == value)
        found = owned_check_slow(self, &((owned_object *)self)->region, &guarding, name);
    Py_XDECREF(stored);
    Py_DECREF(dict);
    if (found < 0)
        Py_CLEAR(value);
    return value;
}

/* Would reading it compute and keep it? 1, 0, or -1 with an error set. */
static int
is_uncached(PyObject *self, PyObject *name)
{
    PyObject *attribute;
    int found = owned_find_in_classes(Py_TYPE(self), name, &attribute);
    if (found <= 0)
        return found;
    int uncached = PyObject_TypeCheck(attribute, (PyTypeObject *)owned_the_state->cached_property);
    Py_DECREF(attribute);
    if (uncached) {
        int is_field = is_own_field(self, name);
        uncached = is_field < 0 ? -1 : !is_field;
    }
    return uncached;
}

/* An attribute that this thread may read, and does not hold alone. */
static PyObject *
read_allowed(PyObject *self, PyObject *name)
{
    static const owned_access caching = {OWNED_ATTRIBUTE, "compute and cache", NULL, 1};
    owned_region **where = &((owned_object *)self)->region;
    owned_region *r = owned_region_of(self, where);
    int reads = r != NULL && owned_rwlock_i_read(r) && owned_mode_now() > OWNED_MODE_GUARD && !owned_this_thread.unchecked;
    Py_XDECREF((PyObject *)r);
    if (!reads)
        return PyObject_GenericGetAttr(self, name);
    int uncached = is_uncached(self, name);
    if (uncached < 0 || (uncached > 0 && owned_check_slow(self, where, &caching, name) < 0))
        return NULL;
    return read_beside_others(self, name, PyObject_GenericGetAttr(self, name));
}

static PyObject *
owned_object_getattro(PyObject *self, PyObject *name)
{
    owned_region **where = &((owned_object *)self)->region;
    owned_region *r = owned_load_ptr(where);
    if (OWNED_UNLIKELY(r == NULL || owned_load_u64(&r->holder) != owned_this_thread.id)) {
        if (name == owned_the_state->str___class__)
            return PyObject_GenericGetAttr(self, name);
        PyObject *bound;
        int found = get_guarded(self, name, &bound);
        if (found != 0)
            return bound;
        int ok = owned_check_slow(self, where, &owned_attr_read, name);
        if (ok != OWNED_ALONE)
            return ok < 0 ? NULL : read_allowed(self, name);
    }
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value != NULL && OWNED_UNLIKELY(PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_CheckExact(value)))
        return settle_read(self, name, value, owned_load_ptr(where));
    return value;
}

/* The member descriptor of the slot that an attribute found in self's class is or stands for, or NULL. Borrowed. */
static PyMemberDescrObject *
slot_of(PyObject *self, PyObject *attribute)
{
    if (attribute == NULL)
        return NULL;
    PyObject *member = Py_IS_TYPE(attribute, owned_the_state->CheckedSlot) ? owned_slot_member_borrowed(attribute) : attribute;
    return Py_IS_TYPE(member, &PyMemberDescr_Type) && PyObject_TypeCheck(self, PyDescr_TYPE(member))
               ? (PyMemberDescrObject *)member
               : NULL;
}

/* A slot is written past its descriptor: which of the two that is may change with the mode, at any moment. */
static int
store(PyObject *self, PyObject *name, PyObject *value, PyMemberDescrObject *slot)
{
    return slot != NULL ? PyMember_SetOne((char *)self, slot->d_member, value) : PyObject_GenericSetAttr(self, name, value);
}

/* Everything but the owner's scalars. `attribute` is what the class has under the name, or NULL. Where there is no __dict__ a
 * property, say, decides itself what it touches; where there is one, every name is checked. */
static int
set_attribute(PyObject *self, PyObject *name, PyObject *value, PyObject *attribute)
{
    owned_region **where = &((owned_object *)self)->region;
    PyMemberDescrObject *slot = slot_of(self, attribute);
    if (slot == NULL && !owned_type_has_dict(Py_TYPE(self)))
        return PyObject_GenericSetAttr(self, name, value);
    int decides_itself = slot == NULL && attribute != NULL && Py_TYPE(attribute)->tp_descr_set != NULL;
    if (decides_itself) {
        int guards = guards_itself(attribute, value == NULL ? owned_the_state->str_fdel : owned_the_state->str_fset);
        if (guards != 0)
            return guards < 0 ? -1 : Py_TYPE(attribute)->tp_descr_set(attribute, self, value);
    }
    int ok = owned_check(self, where, value == NULL ? &owned_attr_delete : &owned_attr_write, name);
    if (ok < 0)
        return -1;
    if (ok == OWNED_ALLOWED || value == NULL || decides_itself)
        return store(self, name, value, slot);
    owned_settling settling;
    if (owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ATTRIBUTE, name) < 0 ||
        owned_settle(&settling, value, owned_load_ptr(where)) < 0)
        return -1;
    return owned_settled(&settling, store(self, name, settling.value, slot));
}

/* The object is this thread's, alone. */
static inline int
store_in_slot(PyObject *self, owned_field *field, PyObject *value)
{
    if (!OWNED_DIRECT_FIELDS)
        return PyMember_SetOne((char *)self, field->slot, value);
    owned_replace_field((PyObject **)((char *)self + field->offset), value);
    return 0;
}

/* The first write of this field since its class changed, or one that is not simple. */
static OWNED_COLD int
find_and_set(PyObject *self, PyObject *name, PyObject *value)
{
    PyTypeObject *type = (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE(self));
    if (owned_type_version(type) == 0)
        owned_type_assign_version(type); /* looking up an attribute would, and nobody looks one up through CPython here */
    uint32_t version = owned_type_version(type);
    PyObject *attribute;
    int result = owned_find_in_classes(type, name, &attribute);
    if (result >= 0) {
        PyMemberDescrObject *slot = slot_of(self, attribute);
        if (slot == NULL || (slot->d_member->type == Py_T_OBJECT_EX && slot->d_member->flags == 0))
            owned_field_note(type, name, version, slot == NULL ? NULL : slot->d_member);
        result = set_attribute(self, name, value, attribute);
        Py_XDECREF(attribute);
    }
    Py_DECREF(type);
    return result;
}

/* What the shortest way did not settle. */
static OWNED_COLD int
set_any(PyObject *self, PyObject *name, PyObject *value)
{
    if (owned_is_frozen_instance(self)) /* Owned.__setattr__(x, ...): its class refuses, and so do we, unchecked() or not */
        return owned_frozen_refuse(self, name, value);
    if (owned_object_prepare(Py_TYPE(self)) < 0)
        return -1;
    return find_and_set(self, name, value);
}

static int
owned_object_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    owned_region *r = owned_load_ptr(&((owned_object *)self)->region);
    if (OWNED_LIKELY(r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id && value != NULL &&
                     owned_is_stored_as_is(value, r))) {
        owned_field *field = owned_field_known(Py_TYPE(self), name);
        if (OWNED_LIKELY(field != NULL))
            return field->slot != NULL ? store_in_slot(self, field, value) : PyObject_GenericSetAttr(self, name, value);
    }
    return set_any(self, name, value);
}

static PyObject *
object_setattr(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "__setattr__() takes a name, which is a string, and a value");
        return NULL;
    }
    if (owned_object_setattro(self, args[0], args[1]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
object_delattr(PyObject *self, PyObject *name)
{
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(name)->tp_name);
        return NULL;
    }
    if (owned_object_setattro(self, name, NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
object_get_class(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef((PyObject *)Py_TYPE(self));
}

static int
object_set_class(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    PyObject *name = owned_the_state->str___class__;
    if (owned_check(self, &((owned_object *)self)->region, value == NULL ? &owned_attr_delete : &owned_attr_write, name) < 0)
        return -1;
    PyObject *attributes = PyObject_GetAttr((PyObject *)&PyBaseObject_Type, owned_the_state->str___dict__);
    PyObject *descriptor = attributes == NULL ? NULL : PyObject_GetItem(attributes, name);
    int result = descriptor == NULL ? -1 : Py_TYPE(descriptor)->tp_descr_set(descriptor, self, value);
    Py_XDECREF(descriptor);
    Py_XDECREF(attributes);
    return result;
}

static PyObject *
owned_object_repr(PyObject *self)
{
    owned_region **where = &((owned_object *)self)->region;
    return owned_may_look(self, where) ? PyBaseObject_Type.tp_repr(self) : owned_stub(self, where);
}

/* ---- life -------------------------------------------------------------------------------------------------- */

static int
owned_object_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((owned_object *)self)->region);
    return 0;
}

static void
owned_object_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    owned_life_over(self);
    Py_XDECREF((PyObject *)((owned_object *)self)->region);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- the class's side, called by owned/_classes.py --------------------------------------------------------- */

static PyObject *
object_init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args) != 0) {
        PyErr_SetString(PyExc_TypeError, "__init_subclass__() takes keyword arguments only");
        return NULL;
    }
    PyObject *positional = PyTuple_Pack(1, cls);
    if (positional == NULL)
        return NULL;
    PyObject *result = PyObject_Call(owned_the_state->init_subclass, positional, kwargs);
    Py_DECREF(positional);
    return result;
}

static PyObject *
object_getstate(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_CallOneArg(owned_the_state->get_state, self);
}

static PyObject *
set_slots_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *type;
    int setattro;
    if (!PyArg_ParseTuple(args, "O!p:set_slots", &PyType_Type, &type, &setattro))
        return NULL;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !PyType_IsSubtype(type, owned_the_state->Owned)) {
        PyErr_Format(PyExc_TypeError, "set_slots() takes a subclass of Owned, got %R", type);
        return NULL;
    }
    if (!is_prepared(type))
        owned_store_ptr(&type->tp_alloc, owned_object_alloc_first);
    if (setattro && OWNED_SETATTR_IS_UNGUARDED && owned_load_ptr(&type->tp_setattro) != owned_object_setattro)
        owned_store_ptr(&type->tp_setattro, owned_object_setattro);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"set_slots", set_slots_impl, METH_VARARGS,
     PyDoc_STR("set_slots(cls, setattro, /)\n--\n\nLet instances of a class be born with a region, and, if `setattro`, their "
               "attributes be written by Owned's function directly.")},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(owned_doc,
"Owned()\n--\n\n"
"The base class of every guarded class: ``@owned`` gives it to the class it decorates.\n\n"
"An instance is private to the thread that made it, until it is shared, frozen or moved. ``class Account(Owned)`` and\n"
"``@owned class Account`` mean the same.\n\n"
"Threads:\n"
"    Every read and write of a field is checked, and so is every method through the first field that it touches. Not\n"
"    checked: destruction, ``type``, ``id``, identity and default ``hash``; ``repr`` gives a stub on other threads.");

static PyMethodDef owned_methods[] = {
    {"__init_subclass__", (PyCFunction)(void (*)(void))object_init_subclass, METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("Guard a subclass as its base is guarded.")},
    {"__setattr__", (PyCFunction)(void (*)(void))object_setattr, METH_FASTCALL,
     PyDoc_STR("__setattr__($self, name, value, /)\n--\n\nSet an attribute, after the check.")},
    {"__delattr__", object_delattr, METH_O,
     PyDoc_STR("__delattr__($self, name, /)\n--\n\nDelete an attribute, after the check.")},
    {"__getstate__", object_getstate, METH_NOARGS,
     PyDoc_STR("__getstate__($self, /)\n--\n\nThe instance's fields, for copy and pickle.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef owned_getset[] = {
    {"__class__", object_get_class, object_set_class, PyDoc_STR("The instance's class: every thread may read it."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot owned_slots[] = {
    {Py_tp_doc, (void *)owned_doc},
    {Py_tp_alloc, owned_object_alloc},
    {Py_tp_dealloc, owned_object_dealloc},
    {Py_tp_traverse, owned_object_traverse},
    {Py_tp_repr, owned_object_repr},
    {Py_tp_getattro, owned_object_getattro},
    {Py_tp_methods, owned_methods},
    {Py_tp_getset, owned_getset},
    {0, NULL},
};

static PyType_Spec owned_spec = {
    .name = "owned.Owned",
    .basicsize = sizeof(owned_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = owned_slots,
};

int
owned_object_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->Owned, &owned_spec, NULL, "Owned") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
