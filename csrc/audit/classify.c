/* Types are asked through type's own slots, so that no metaclass runs code. What a thread has found out it keeps by the type's
 * version, which no two types, and no two states of one type, have in common. */
// SPDX-License-Identifier: MIT
#include "classify.h"
#include <math.h>

PyTypeObject *audit_deque_type, *audit_array_type;

static uint64_t written_version; /* atomic: changes when `written` does */
static OWNED_THREAD_LOCAL uint64_t seen_version;

#define WRITTEN_SIZE 4096
static uint64_t written[WRITTEN_SIZE]; /* atomic: keys of names; a full table takes no more */

int
audit_is_written(uint64_t key)
{
    for (size_t i = key % WRITTEN_SIZE, steps = 0; steps < WRITTEN_SIZE / 2; i = (i + 1) % WRITTEN_SIZE, steps++) {
        uint64_t at = owned_load_u64(&written[i]);
        if (at == key || at == 0)
            return at == key;
    }
    return 0;
}

void
audit_attribute_written(PyObject *name)
{
    uint64_t key = audit_name_key(name);
    for (size_t i = key % WRITTEN_SIZE, steps = 0; steps < WRITTEN_SIZE / 2; i = (i + 1) % WRITTEN_SIZE, steps++) {
        uint64_t at = owned_load_u64(&written[i]);
        if (at == key)
            return;
        if (at == 0 && owned_cas_u64(&written[i], 0, key)) {
            owned_add_u64(&written_version, 1);
            return;
        }
    }
}

/* ---- types -------------------------------------------------------------------------------------------------- */

/* Of a type, through no metaclass: a new reference, or NULL without an error. */
static PyObject *
ask_type(PyTypeObject *type, PyObject *name)
{
    PyObject *answer = PyType_Type.tp_getattro((PyObject *)type, name);
    if (answer == NULL)
        PyErr_Clear();
    return answer;
}

PyObject *
audit_type_name(PyTypeObject *type)
{
    PyObject *module = ask_type(type, audit_the_state->str_module);
    PyObject *name = ask_type(type, audit_the_state->str_qualname), *told;
    if (name == NULL || !PyUnicode_Check(name))
        told = PyUnicode_FromString(type->tp_name);
    else if (module == NULL || !PyUnicode_Check(module) || PyUnicode_CompareWithASCIIString(module, "builtins") == 0)
        told = Py_NewRef(name);
    else
        told = PyUnicode_FromFormat("%U.%U", module, name);
    Py_XDECREF(module);
    Py_XDECREF(name);
    return told;
}

/* What the classes of `type` have under `name`: a new reference, and who has it (borrowed from the type), or NULL. */
static PyObject *
look_up(PyTypeObject *type, PyObject *name, PyTypeObject **who)
{
    PyObject *mro = ask_type(type, audit_the_state->str_mro), *found = NULL;
    for (Py_ssize_t i = 0; mro != NULL && PyTuple_Check(mro) && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = PyType_GetDict(base);
        int result = dict == NULL ? 0 : PyDict_GetItemRef(dict, name, &found);
        Py_XDECREF(dict);
        if (result < 0)
            PyErr_Clear();
        else if (result > 0) {
            *who = base;
            break;
        }
    }
    Py_XDECREF(mro);
    return found;
}

int
audit_add_synchronized(PyObject *type, int exact)
{
    if (!PyType_Check(type)) {
        PyErr_Format(PyExc_TypeError, "expected a type, got %.200s", Py_TYPE(type)->tp_name);
        return -1;
    }
    return PyDict_SetItem(audit_the_state->synchronized, type, exact ? Py_False : Py_True);
}

static int
is_synchronized(PyTypeObject *type)
{
    PyObject *mro = ask_type(type, audit_the_state->str_mro);
    int is = 0;
    for (Py_ssize_t i = 0; !is && mro != NULL && PyTuple_Check(mro) && i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i), *how = NULL;
        if (PyDict_GetItemRef(audit_the_state->synchronized, base, &how) < 0)
            PyErr_Clear();
        is = how == Py_True || (how == Py_False && base == (PyObject *)type);
        Py_XDECREF(how);
    }
    Py_XDECREF(mro);
    return is;
}

static int
sort_of_value(PyObject *value, uint64_t key)
{
    if (Py_TYPE(value) == &PyMemberDescr_Type)
        return ((PyMemberDescrObject *)value)->d_member->flags & Py_READONLY ? AUDIT_IS_NOTHING : AUDIT_IS_INSTANCE;
    if (Py_TYPE(value)->tp_descr_set != NULL)
        return AUDIT_IS_NOTHING;
    if (Py_TYPE(value)->tp_descr_get == NULL || audit_is_written(key))
        return AUDIT_IS_DEFAULT;
    return AUDIT_IS_METHOD;
}

static audit_group *
group_named(audit_sort sort, PyObject *owner, PyObject *name, const audit_stack *made)
{
    const char *owner_text = owner == NULL ? "?" : PyUnicode_AsUTF8(owner);
    const char *name_text = name == NULL ? "" : PyUnicode_AsUTF8(name);
    if (owner_text == NULL || name_text == NULL)
        PyErr_Clear();
    return audit_group_get(sort, owner_text == NULL ? "?" : owner_text, name_text == NULL ? "?" : name_text, made);
}

static audit_group *
group_of_type(audit_sort sort, PyTypeObject *type, PyObject *name, const audit_stack *made)
{
    PyObject *owner = audit_type_name(type);
    if (owner == NULL)
        PyErr_Clear();
    audit_group *group = group_named(sort, owner, name, made);
    Py_XDECREF(owner);
    return group;
}

static void
find_out(audit_attribute *attribute, PyObject *obj, PyObject *name, uint64_t key)
{
    int of_type = PyType_Check(obj);
    PyTypeObject *type = of_type ? (PyTypeObject *)obj : Py_TYPE(obj);
    PyTypeObject *who = NULL;
    PyObject *value = look_up(type, name, &who);
    attribute->sort = AUDIT_IS_NOTHING;
    if (of_type) {
        if (value != NULL)
            attribute->sort = (Py_TYPE(value)->tp_descr_get == NULL && Py_TYPE(value)->tp_descr_set == NULL) || audit_is_written(key)
                                  ? AUDIT_IS_DEFAULT
                                  : AUDIT_IS_METHOD;
    }
    else if (!PyObject_TypeCheck(obj, &PySuper_Type) && !is_synchronized(type))
        attribute->sort = value == NULL ? AUDIT_IS_INSTANCE : (uint32_t)sort_of_value(value, key);
    if (!of_type && attribute->sort >= AUDIT_IS_INSTANCE)
        attribute->group = group_of_type(AUDIT_ATTRIBUTE, type, name, NULL);
    if (attribute->sort == AUDIT_IS_DEFAULT) {
        attribute->defined_by = who;
        attribute->class_group = group_of_type(AUDIT_CLASS_ATTRIBUTE, who, name, NULL);
    }
    Py_XDECREF(value);
}

audit_attribute
audit_attribute_of(audit_thread *self, PyObject *obj, PyObject *name)
{
    uint64_t key = audit_name_key(name);
    int of_type = PyType_Check(obj);
    PyTypeObject *type = of_type ? (PyTypeObject *)obj : Py_TYPE(obj);
    uint32_t version = owned_type_version(type);
    uint64_t now = owned_load_u64(&written_version);
    if (OWNED_UNLIKELY(seen_version != now)) {
        memset(self->attributes, 0, sizeof(self->attributes));
        seen_version = now;
    }
    audit_attribute *known = &self->attributes[audit_mix(key ^ version) % AUDIT_ATTRIBUTES];
    uint64_t label = of_type ? ~key : key;
    if (OWNED_LIKELY(version != 0 && known->version == version && known->name == label))
        return *known;
    if (version == 0) {
        owned_type_assign_version(type);
        version = owned_type_version(type);
    }
    audit_attribute attribute = {.name = label, .version = version};
    find_out(&attribute, obj, name, key);
    if (version != 0 && owned_type_version(type) == version)
        self->attributes[audit_mix(key ^ version) % AUDIT_ATTRIBUTES] = attribute;
    return attribute;
}

int
audit_shows_default(const audit_attribute *attribute, PyObject *obj, PyObject *name)
{
    PyObject *dict = PyType_GetDict(attribute->defined_by), *own = NULL;
    if (dict == NULL || PyDict_GetItemRef(dict, name, &own) < 0)
        PyErr_Clear();
    Py_XDECREF(dict);
    /* Runs no code: what the class has is no descriptor that is bound, or has been written over one. */
    PyObject *shown = own == NULL || Py_TYPE(own)->tp_descr_get != NULL ? NULL : PyObject_GenericGetAttr(obj, name);
    if (shown == NULL)
        PyErr_Clear();
    int same = own != NULL && (shown == own || Py_TYPE(own)->tp_descr_get != NULL);
    Py_XDECREF(own);
    Py_XDECREF(shown);
    return same;
}

audit_container
audit_container_of(PyObject *obj)
{
    PyTypeObject *type = Py_TYPE(obj);
    if (type == &PyList_Type)
        return AUDIT_LIST;
    if (type == &PyDict_Type)
        return AUDIT_DICT;
    if (type == &PySet_Type)
        return AUDIT_SET;
    if (PyType_HasFeature(type, Py_TPFLAGS_LIST_SUBCLASS))
        return AUDIT_LIST;
    if (PyType_HasFeature(type, Py_TPFLAGS_DICT_SUBCLASS))
        return AUDIT_DICT;
    if (PySet_Check(obj))
        return AUDIT_SET;
    if (PyByteArray_Check(obj) || (audit_array_type != NULL && PyObject_TypeCheck(obj, audit_array_type)))
        return AUDIT_ARRAY;
    if (audit_deque_type != NULL && PyObject_TypeCheck(obj, audit_deque_type))
        return AUDIT_DEQUE;
    return AUDIT_NO_CONTAINER;
}

/* ---- keys --------------------------------------------------------------------------------------------------- */

static uint64_t
key_of_int(PyObject *key)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(key, &overflow);
    return overflow ? audit_key_made(AUDIT_KEY_HASH, (uint64_t)PyLong_Type.tp_hash(key)) : audit_key_made(AUDIT_KEY_NUMBER, (uint64_t)value);
}

static uint64_t
key_of_float(PyObject *key)
{
    double value = PyFloat_AS_DOUBLE(key);
    if (isnan(value))
        return 0;
    if (floor(value) == value && fabs(value) < 9e18)
        return audit_key_made(AUDIT_KEY_NUMBER, (uint64_t)(long long)value);
    return audit_key_made(AUDIT_KEY_HASH, (uint64_t)PyFloat_Type.tp_hash(key));
}

static uint64_t
key_at(PyObject *key, int depth)
{
    PyTypeObject *type = Py_TYPE(key);
    if (PyUnicode_Check(key) && type->tp_hash == PyUnicode_Type.tp_hash)
        return audit_name_key(key);
    if (PyLong_Check(key) && type->tp_hash == PyLong_Type.tp_hash)
        return key_of_int(key);
    if (PyFloat_CheckExact(key))
        return key_of_float(key);
    if (PyBytes_CheckExact(key))
        return audit_key_made(AUDIT_KEY_BYTES, (uint64_t)PyBytes_Type.tp_hash(key));
    if (key == Py_None)
        return audit_key_made(AUDIT_KEY_NONE, 0);
    if (PyTuple_CheckExact(key)) {
        uint64_t all = (uint64_t)PyTuple_GET_SIZE(key);
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++) {
            uint64_t one = depth == 0 ? 0 : key_at(PyTuple_GET_ITEM(key, i), depth - 1);
            if (one == 0)
                return 0;
            all = audit_mix(all ^ one);
        }
        return audit_key_made(AUDIT_KEY_TUPLE, all);
    }
    if (type->tp_richcompare == PyBaseObject_Type.tp_richcompare) {
        uint64_t number = audit_object_number(key);
        return number == 0 ? 0 : audit_key_made(AUDIT_KEY_OBJECT, number);
    }
    return 0;
}

uint64_t
audit_key_of(PyObject *key)
{
    return key_at(key, 4);
}

/* Counted from the start, or -1. */
static long long
index_from_start(PyObject *obj, PyObject *index)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(index, &overflow);
    if (!overflow && value < 0) {
        PyTypeObject *type = PyList_Check(obj)        ? &PyList_Type
                             : PyByteArray_Check(obj) ? &PyByteArray_Type
                             : audit_deque_type != NULL && PyObject_TypeCheck(obj, audit_deque_type) ? audit_deque_type
                                                                                                   : audit_array_type;
        value += (long long)type->tp_as_sequence->sq_length(obj); /* never a subclass's own */
    }
    return overflow || value < 0 ? -1 : value;
}

uint64_t
audit_index_key(PyObject *obj, PyObject *index)
{
    long long value = PyLong_Check(index) ? index_from_start(obj, index) : -1;
    return value < 0 ? 0 : audit_key_made(AUDIT_KEY_NUMBER, (uint64_t)value);
}

PyObject *
audit_index_shown(PyObject *obj, PyObject *index)
{
    PyObject *shown = PyLong_FromLongLong(index_from_start(obj, index));
    if (shown == NULL)
        PyErr_Clear();
    return shown;
}

/* ---- groups ------------------------------------------------------------------------------------------------- */

static PyObject *
name_of_globals(PyObject *globals)
{
    PyObject *name = NULL;
    if (globals != NULL && PyDict_GetItemRef(globals, audit_the_state->str_name, &name) < 0)
        PyErr_Clear();
    if (name != NULL && !PyUnicode_Check(name))
        Py_CLEAR(name);
    return name;
}

audit_group *
audit_group_of(const audit_target *target, const audit_stack *made)
{
    audit_group *group;
    PyObject *owner = NULL;
    switch (target->sort) {
    case AUDIT_ATTRIBUTE:
        return group_of_type(AUDIT_ATTRIBUTE, Py_TYPE(target->obj), target->name, NULL);
    case AUDIT_CLASS_ATTRIBUTE:
        return group_of_type(AUDIT_CLASS_ATTRIBUTE, (PyTypeObject *)target->obj, target->name, NULL);
    case AUDIT_GLOBAL:
        owner = name_of_globals(target->obj);
        break;
    case AUDIT_CLOSURE: {
        PyObject *module = name_of_globals(PyEval_GetGlobals());
        PyObject *code = audit_scope_code_borrowed(target->obj);
        PyObject *function = code == NULL ? NULL : PyObject_GetAttr(code, audit_the_state->str_co_qualname);
        if (function == NULL)
            PyErr_Clear();
        else
            owner = module == NULL ? Py_NewRef(function) : PyUnicode_FromFormat("%U.%U", module, function);
        if (owner == NULL)
            PyErr_Clear();
        Py_XDECREF(module);
        Py_XDECREF(function);
        break;
    }
    default:
        return group_of_type(AUDIT_CONTAINER, Py_TYPE(target->obj), NULL, made);
    }
    group = group_named(target->sort, owner, target->name, NULL);
    Py_XDECREF(owner);
    return group;
}
