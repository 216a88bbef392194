/* Dict: a dict that belongs to somebody. See containers.h.
 *
 * copy(), fromkeys() and | make a Dict, private to the thread that made it, where CPython makes a plain `dict` from a
 * subclass: a copy that silently fell out of the guard would be the next race. `dict(x)` is the way to a plain one. */
// SPDX-License-Identifier: MIT
#include "containers.h"

#define BASE PyDict_Type
#define WHERE(self) (&((owned_dict *)(self))->region)
#define CHECK(self, how, detail) owned_check((self), WHERE(self), (how), (detail))

OWNED_CONTAINER_LIFE(dict, Dict, BASE, OWNED_CLEAR_WEAKREFS)

/* X(method, writes): every method with contents to check. DELEGATED ones need nothing else. */
#define DICT_DELEGATED(X) X(clear, 1) X(get, 0) X(pop, 1) X(popitem, 1)
#define DICT_SPECIAL(X)                                                                                                \
    X(copy, 0) X(fromkeys, 0) X(items, 0) X(keys, 0) X(setdefault, 1) X(update, 1) X(values, 0) X(__reversed__, 0)
/* Of object: they read all there is. */
#define OBJECT_DELEGATED(X) X(__reduce_ex__, 0) X(__getstate__, 0)

enum {
#define X(name, writes) METHOD_##name,
    DICT_DELEGATED(X) DICT_SPECIAL(X) METHODS_OF_DICT, METHOD_OF_OBJECT = METHODS_OF_DICT - 1, OBJECT_DELEGATED(X)
#undef X
    METHODS_COUNT
};

static owned_method methods[] = {
#define X(name, writes) [METHOD_##name] = {{OWNED_METHOD, "call", #name, writes}, NULL},
    DICT_DELEGATED(X) DICT_SPECIAL(X) OBJECT_DELEGATED(X)
#undef X
};

#define X(name, writes)                                                                                                \
    static PyObject *dict_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)           \
    {                                                                                                                  \
        const owned_method *method = &methods[METHOD_##name];                                                          \
        return CHECK(self, &method->how, NULL) < 0 ? NULL : owned_method_call(method, self, args, nargs, kwnames);     \
    }
DICT_DELEGATED(X)
OBJECT_DELEGATED(X)
#undef X

/* ---- making ---------------------------------------------------------------------------------------------------- */

PyObject *
owned_dict_new(owned_region *region)
{
    return owned_container_new(owned_the_state->Dict, offsetof(owned_dict, region), region);
}

static int
is_guarded(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->Dict);
}

typedef struct {
    owned_settling key, value;
    Py_ssize_t size; /* of the Dict before the store */
} settling_item;

static inline int
settle_item(settling_item *item, PyObject *self, PyObject *key, PyObject *value)
{
    item->size = PyDict_GET_SIZE(self);
    if (owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ITEM, key) < 0 ||
        owned_settle_into(&item->key, self, WHERE(self), key) < 0)
        return -1;
    if (owned_settle_into(&item->value, self, WHERE(self), value) < 0)
        return owned_settled(&item->key, -1);
    return 0;
}

/* An item that was there keeps its key: the new, equal one is not stored. */
static inline int
item_settled(settling_item *item, PyObject *self, int result)
{
    owned_settled(&item->value, result);
    owned_settled(&item->key, PyDict_GET_SIZE(self) > item->size ? 0 : -1);
    return result;
}

typedef int (*item_visitor)(PyObject *self, PyObject *key, PyObject *value);

static int
look_up(PyObject *self, PyObject *key, PyObject *Py_UNUSED(value))
{
    return PyDict_Contains(self, key);
}

/* How many items of a plain dict of our own were visited before one failed. */
static Py_ssize_t
visit_items(PyObject *self, PyObject *items, item_visitor visit)
{
    PyObject *key, *value;
    Py_ssize_t position = 0, visited = 0;
    int failed = 0;
    while (!failed && PyDict_Next(items, &position, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        failed = visit(self, key, value) < 0;
        Py_DECREF(value);
        Py_DECREF(key);
        visited += !failed;
    }
    return visited;
}

/* dict.update() may fail half way, when a key is compared. Where something has to join, every key is looked up before
 * the first is stored. If storing fails after all, what was to join joins unless nothing was stored. */
static int
put_in_joining(PyObject *self, owned_settling *settling, const owned_access *how)
{
    Py_ssize_t count = PyDict_GET_SIZE(settling->value);
    if (visit_items(self, settling->value, look_up) < count || CHECK(self, how, NULL) < 0)
        return owned_settled(settling, -1);
    Py_ssize_t stored = visit_items(self, settling->value, PyDict_SetItem);
    owned_settled(settling, stored == 0 ? -1 : 0);
    return stored < count ? -1 : 0;
}

/* Settle what was collected for this Dict in a plain dict of our own, then put all of it in. Collecting may have run
 * any code, which may have let go of the lock, so the check is made again. 0 or -1; steals `collected`, which may be
 * NULL with an error. */
static int
take_in(PyObject *self, PyObject *collected, const owned_access *how)
{
    if (collected != NULL && CHECK(self, how, NULL) < 0)
        Py_CLEAR(collected);
    owned_settling settling;
    if (owned_settle_content(&settling, self, WHERE(self), collected) < 0)
        return -1;
    if (settling.joining != NULL)
        return put_in_joining(self, &settling, how);
    return owned_settled(&settling, PyDict_Update(self, settling.value));
}

int
owned_dict_copy_into(PyObject *to, PyObject *from)
{
    int result = 0;
    OWNED_BEGIN_CRITICAL(from);
    PyObject *key, *value;
    Py_ssize_t position = 0, size = PyDict_GET_SIZE(from);
    while (result == 0 && PyDict_Next(from, &position, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        result = PyDict_SetItem(to, key, value);
        Py_DECREF(value);
        Py_DECREF(key);
        if (result == 0 && size != PyDict_GET_SIZE(from)) { /* by an __eq__ */
            PyErr_SetString(PyExc_RuntimeError, "dict mutated during update");
            result = -1;
        }
    }
    OWNED_END_CRITICAL();
    return result;
}

/* An exact Dict, whose methods nobody can have overridden, is taken as a whole; what else there is, dict.update()
 * reads. */
static int
is_taken_whole(PyObject *operand)
{
    return Py_IS_TYPE(operand, owned_the_state->Dict);
}

/* What dict.update() would take from these arguments, as a plain dict of our own. */
static PyObject *
collect(const owned_access *how, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *collected = PyDict_New();
    int failed = collected == NULL;
    if (!failed && nargs == 1 && is_taken_whole(args[0])) {
        failed = owned_operand_check(args[0], how) < 0 || owned_dict_copy_into(collected, args[0]) < 0;
        args += nargs;
        nargs = 0;
    }
    if (!failed) {
        PyObject *none = owned_method_call(&methods[METHOD_update], collected, args, nargs, kwnames);
        failed = none == NULL;
        Py_XDECREF(none);
    }
    if (failed)
        Py_CLEAR(collected);
    return collected;
}

static int
dict_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    if (CHECK(self, &owned_on_init, NULL) < 0)
        return -1;
    if (PyTuple_GET_SIZE(args) == 0 && (kwargs == NULL || PyDict_GET_SIZE(kwargs) == 0))
        return 0;
    return take_in(self, PyObject_Call((PyObject *)&BASE, args, kwargs), &owned_on_init);
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static PyObject *
dict_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (CHECK(self, &methods[METHOD_copy].how, NULL) < 0)
        return NULL;
    owned_region *region = owned_birth_region();
    PyObject *copy = region == NULL ? NULL : owned_dict_new(region);
    if (copy != NULL && owned_dict_copy_into(copy, self) < 0)
        Py_CLEAR(copy);
    return copy;
}

/* The value is settled once, not once for every key, so that all keys still share it. */
static PyObject *
dict_fromkeys(PyObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_fromkeys];
    if (nargs != 2)
        return owned_method_call(method, type, args, nargs, kwnames);
    owned_region *region = owned_birth_region();
    owned_settling settling;
    if (region == NULL || owned_settle(&settling, args[1], region) < 0)
        return NULL;
    PyObject *const settled_args[] = {args[0], settling.value};
    return owned_settled_object(&settling, owned_method_call(method, type, settled_args, nargs, kwnames));
}

static PyObject *
dict_setdefault(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_setdefault];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    if (nargs != 2 || (owned_is_scalar(args[0]) && owned_is_scalar(args[1])))
        return owned_method_call(method, self, args, nargs, kwnames);
    /* A default that is not needed must not be settled: that would give it away. */
    PyObject *found;
    if (PyDict_GetItemRef(self, args[0], &found) != 0)
        return found;
    settling_item item;
    if (settle_item(&item, self, args[0], args[1]) < 0)
        return NULL;
    PyObject *const settled_args[] = {item.key.value, item.value.value};
    PyObject *result = owned_method_call(method, self, settled_args, nargs, kwnames);
    item_settled(&item, self, result == item.value.value ? 0 : -1);
    return result;
}

static PyObject *
dict_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_update];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    if (take_in(self, collect(&method->how, args, nargs, kwnames), &method->how) < 0)
        return NULL;
    Py_RETURN_NONE;
}

#define VIEW(name, KIND)                                                                                               \
    static PyObject *dict_##name(PyObject *self, PyObject *Py_UNUSED(ignored))                                         \
    {                                                                                                                  \
        const owned_method *method = &methods[METHOD_##name];                                                          \
        if (CHECK(self, &method->how, NULL) < 0)                                                                       \
            return NULL;                                                                                               \
        return owned_view_new(KIND, self, owned_method_call(method, self, NULL, 0, NULL));                             \
    }
VIEW(keys, OWNED_KEYS)
VIEW(values, OWNED_VALUES)
VIEW(items, OWNED_ITEMS)

static PyObject *
dict___reversed__(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const owned_method *method = &methods[METHOD___reversed__];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    return owned_iterator_new(self, WHERE(self), owned_method_call(method, self, NULL, 0, NULL));
}

#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef dict_methods[] = {
#define X(name, writes) {#name, WITH_KEYWORDS(dict_##name), NULL},
    DICT_DELEGATED(X) OBJECT_DELEGATED(X) X(setdefault, 1) X(update, 1)
#undef X
    {"fromkeys", WITH_KEYWORDS(dict_fromkeys) | METH_CLASS, NULL},
    {"copy", dict_copy, METH_NOARGS, NULL},
    {"keys", dict_keys, METH_NOARGS, NULL},
    {"values", dict_values, METH_NOARGS, NULL},
    {"items", dict_items, METH_NOARGS, NULL},
    {"__reversed__", dict___reversed__, METH_NOARGS, NULL},
    OWNED_INIT_SUBCLASS_METHOD(dict),
    {NULL, NULL, 0, NULL},
};

/* ---- slots ------------------------------------------------------------------------------------------------------ */

static const owned_access on_or = {OWNED_OPERATION, "use", "|", 0};
static const owned_access on_inplace_or = {OWNED_OPERATION, "use", "|=", 1};

static PyObject *
dict_repr(PyObject *self)
{
    return owned_may_look(self, WHERE(self)) ? BASE.tp_repr(self) : owned_stub(self, WHERE(self));
}

static int
dict_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return owned_container_setattr(self, WHERE(self), name, value);
}

static Py_ssize_t
dict_length(PyObject *self)
{
    return CHECK(self, &owned_on_len, NULL) < 0 ? -1 : BASE.tp_as_mapping->mp_length(self);
}

static int
dict_contains(PyObject *self, PyObject *key)
{
    return CHECK(self, &owned_on_contains, NULL) < 0 ? -1 : BASE.tp_as_sequence->sq_contains(self, key);
}

static PyObject *
dict_subscript(PyObject *self, PyObject *key)
{
    return CHECK(self, &owned_item_read, key) < 0 ? NULL : BASE.tp_as_mapping->mp_subscript(self, key);
}

static int
dict_ass_subscript(PyObject *self, PyObject *key, PyObject *value)
{
    if (CHECK(self, value == NULL ? &owned_item_delete : &owned_item_write, key) < 0)
        return -1;
    if (value == NULL)
        return BASE.tp_as_mapping->mp_ass_subscript(self, key, NULL);
    settling_item item;
    if (settle_item(&item, self, key, value) < 0)
        return -1;
    return item_settled(&item, self, BASE.tp_as_mapping->mp_ass_subscript(self, item.key.value, item.value.value));
}

/* As with the builtins, the left operand decides what comes out. */
static PyObject *
dict_or(PyObject *left, PyObject *right)
{
    if (owned_operand_check(left, &on_or) < 0 || owned_operand_check(right, &on_or) < 0)
        return NULL;
    if (!PyDict_Check(left) || !PyDict_Check(right))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *operand = is_taken_whole(right) ? collect(&on_or, &right, 1, NULL) : Py_NewRef(right);
    if (operand == NULL)
        return NULL;
    PyObject *merged;
    if (!is_guarded(left))
        merged = BASE.tp_as_number->nb_or(left, operand);
    else {
        merged = PyDict_New();
        if (merged != NULL && (owned_dict_copy_into(merged, left) < 0 || PyDict_Update(merged, operand) < 0))
            Py_CLEAR(merged);
        merged = owned_container_from(merged, 0);
    }
    Py_DECREF(operand);
    return merged;
}

static PyObject *
dict_inplace_or(PyObject *self, PyObject *other)
{
    if (CHECK(self, &on_inplace_or, NULL) < 0)
        return NULL;
    if (take_in(self, collect(&on_inplace_or, &other, 1, NULL), &on_inplace_or) < 0)
        return NULL;
    return Py_NewRef(self);
}

static PyObject *
dict_richcompare(PyObject *self, PyObject *other, int op)
{
    const owned_access *how = &owned_on_compare[op];
    if (CHECK(self, how, NULL) < 0 || owned_operand_check(other, how) < 0)
        return NULL;
    return BASE.tp_richcompare(self, other, op);
}

static PyObject *
dict_iter(PyObject *self)
{
    if (CHECK(self, &owned_on_iteration, NULL) < 0)
        return NULL;
    return owned_iterator_new(self, WHERE(self), BASE.tp_iter(self));
}

PyDoc_STRVAR(dict_doc,
"Dict(mapping_or_iterable=(), /, **kwargs)\n--\n\n"
"A dict that belongs to somebody: every use of it is checked, down to each step of an iteration.\n\n"
"It is a real dict, and does what a dict does. Views and iterators ask its region at every use. copy(), fromkeys()\n"
"and | make a Dict that is private to the calling thread. A plain list, dict or set that is stored in it becomes a\n"
"List, Dict or Set in the same region.\n\n"
"Args:\n"
"    mapping_or_iterable: a mapping, or an iterable of pairs.\n"
"    **kwargs: more items.\n\n"
"Raises:\n"
"    WrongThreadError: it is private to another thread.\n"
"    LockNotHeldError: it is shared, and the calling thread does not hold its lock.\n"
"    MovedError: it was moved and nobody has claimed it.\n"
"    OrphanedError: its thread has ended and nobody has adopted it.\n\n"
"Threads:\n"
"    Born private to the thread that makes it. Checked: every method, operator, item, length, comparison, iteration,\n"
"    view and the setting of attributes in a subclass. Not checked: identity, type(), isinstance(), sys.getsizeof(),\n"
"    weak references, destruction, the reading of a subclass's attributes, and C code that looks straight into a dict\n"
"    (docs/limits).");

static PyMemberDef dict_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_dict, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot dict_slots[] = {
    {Py_tp_doc, (void *)dict_doc},
    {Py_tp_methods, dict_methods},
    {Py_tp_members, dict_members},
    {Py_tp_alloc, dict_alloc},
    {Py_tp_init, dict_init},
    {Py_tp_traverse, dict_traverse},
    {Py_tp_clear, dict_clear_slot},
    {Py_tp_dealloc, dict_dealloc},
    {Py_tp_repr, dict_repr},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_setattro, dict_setattro},
    {Py_tp_richcompare, dict_richcompare},
    {Py_tp_iter, dict_iter},
    {Py_nb_or, dict_or},
    {Py_nb_inplace_or, dict_inplace_or},
    {Py_sq_contains, dict_contains},
    {Py_mp_length, dict_length},
    {Py_mp_subscript, dict_subscript},
    {Py_mp_ass_subscript, dict_ass_subscript},
    {0, NULL},
};

static PyType_Spec dict_spec = {
    .name = "owned.Dict",
    .basicsize = sizeof(owned_dict),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = dict_slots,
};

int
owned_dict_add(PyObject *module)
{
    if (owned_methods_bind(&BASE, methods, METHODS_OF_DICT, dict_methods) < 0 ||
        owned_methods_bind(&PyBaseObject_Type, methods + METHODS_OF_DICT, METHODS_COUNT - METHODS_OF_DICT,
                           dict_methods) < 0)
        return -1;
    return owned_state_add_type(module, &owned_the_state->Dict, &dict_spec, (PyObject *)&BASE, "Dict");
}
