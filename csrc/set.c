/* Set: a set that belongs to somebody. See containers.h.
 *
 * Operators and methods that make a set make a Set here, private to the thread that made it, where CPython makes a
 * plain `set` from a subclass: a copy that silently fell out of the guard would be the next race. As with the
 * builtins, the left operand decides. `set(x)` is the way to a plain one.
 *
 * What a set holds is hashable, so nothing in it is ever replaced by a guarded container; but a private object that
 * comes into a shared Set joins it, which is all that settling its keys does. */
// SPDX-License-Identifier: MIT
#include "containers.h"

#define BASE PySet_Type
#define WHERE(self) (&((owned_set *)(self))->region)
#define CHECK(self, how, detail) owned_check((self), WHERE(self), (how), (detail))

OWNED_CONTAINER_LIFE(set, Set, BASE, OWNED_BASE_CLEARS_WEAKREFS)

/* X(method, writes). Every method with contents to check: its operands too, as the builtin looks straight into sets.
 * DELEGATED ones need nothing else; MAKERS make a set; UPDATES take in what they are given. */
#define SET_DELEGATED(X)                                                                                               \
    X(clear, 1) X(difference_update, 1) X(discard, 1) X(isdisjoint, 0) X(issubset, 0) X(issuperset, 0)                 \
    X(pop, 1) X(remove, 1) X(__reduce__, 0)
#define SET_MAKERS(X) X(copy, 0) X(difference, 0) X(intersection, 0) X(symmetric_difference, 0) X(union, 0)
#define SET_UPDATES(X) X(intersection_update, 1) X(symmetric_difference_update, 1) X(update, 1)
#define SET_SPECIAL(X) X(add, 1)
/* Of object: they read all there is. */
#define OBJECT_DELEGATED(X) X(__reduce_ex__, 0) X(__getstate__, 0)

enum {
#define X(name, writes) METHOD_##name,
    SET_DELEGATED(X) SET_MAKERS(X) SET_UPDATES(X) SET_SPECIAL(X) METHODS_OF_SET,
    METHOD_OF_OBJECT = METHODS_OF_SET - 1, OBJECT_DELEGATED(X)
#undef X
    METHODS_COUNT
};

static owned_method methods[] = {
#define X(name, writes) [METHOD_##name] = {{OWNED_METHOD, "call", #name, writes}, NULL},
    SET_DELEGATED(X) SET_MAKERS(X) SET_UPDATES(X) SET_SPECIAL(X) OBJECT_DELEGATED(X)
#undef X
};

/* ---- making ---------------------------------------------------------------------------------------------------- */

PyObject *
owned_set_new(owned_region *region)
{
    return owned_container_new(owned_the_state->Set, offsetof(owned_set, region), region);
}

static int
is_guarded(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->Set);
}

/* owned_settle() of the keys of a plain set of our own. Collecting them may have run any code, which may have let go of
 * the lock, so the check is made again. Steals `plain`, which may be NULL with an error set. */
static int
settle_keys(owned_settling *settling, PyObject *self, PyObject *plain, const owned_access *how)
{
    if (plain != NULL && CHECK(self, how, NULL) < 0)
        Py_CLEAR(plain);
    return owned_settle_content(settling, self, WHERE(self), plain);
}

/* The end of a store that may have failed half way: what was to join joins unless nothing was stored. */
static int
keys_settled(owned_settling *settling, PyObject *self, Py_ssize_t size_before, int result)
{
    owned_settled(settling, PySet_GET_SIZE(self) == size_before ? result : 0);
    return result;
}

static int
set_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    if (CHECK(self, &owned_on_init, NULL) < 0)
        return -1;
    if (PyTuple_GET_SIZE(args) != 1 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0))
        return BASE.tp_init(self, args, kwargs);
    if (owned_operand_check(PyTuple_GET_ITEM(args, 0), &owned_on_init) < 0)
        return -1;
    owned_settling keys;
    if (settle_keys(&keys, self, PySet_New(PyTuple_GET_ITEM(args, 0)), &owned_on_init) < 0)
        return -1;
    PyObject *settled_args = PyTuple_Pack(1, keys.value);
    if (settled_args == NULL)
        return owned_settled(&keys, -1);
    int result = BASE.tp_init(self, settled_args, NULL); /* from empty */
    Py_DECREF(settled_args);
    return keys_settled(&keys, self, 0, result);
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static PyObject *
call_checked(const owned_method *method, PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    if (CHECK(self, &method->how, NULL) < 0 || owned_operands_check(args, nargs, &method->how) < 0)
        return NULL;
    return owned_method_call(method, self, args, nargs, kwnames);
}

#define X(name, writes)                                                                                                \
    static PyObject *set_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)            \
    {                                                                                                                  \
        return call_checked(&methods[METHOD_##name], self, args, nargs, kwnames);                                      \
    }
SET_DELEGATED(X)
OBJECT_DELEGATED(X)
#undef X

#define X(name, writes)                                                                                                \
    static PyObject *set_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)            \
    {                                                                                                                  \
        PyObject *made = call_checked(&methods[METHOD_##name], self, args, nargs, kwnames);                            \
        return owned_container_from(made, 1);                                                                          \
    }
SET_MAKERS(X)
#undef X

/* The builtins may fail half way, when a key is compared: compare all of `keys` beforehand. 0 or -1. */
static int
look_up_all(PyObject *self, PyObject *keys)
{
    int found = 0;
    PyObject *key, *iterator = PyObject_GetIter(keys);
    if (iterator == NULL)
        return -1;
    while (found >= 0 && (key = PyIter_Next(iterator)) != NULL) {
        found = PySet_Contains(self, key);
        Py_DECREF(key);
    }
    Py_DECREF(iterator);
    return found < 0 || PyErr_Occurred() ? -1 : 0;
}

/* An update in two steps: what would come in is collected in a plain set and settled, then taken in at once.
 * `collected` is stolen and may be NULL with an error set. */
static PyObject *
take_in(const owned_method *method, PyObject *self, PyObject *collected)
{
    owned_settling keys;
    if (settle_keys(&keys, self, collected, &method->how) < 0)
        return NULL;
    if (keys.joining != NULL && (look_up_all(self, keys.value) < 0 || CHECK(self, &method->how, NULL) < 0)) {
        owned_settled(&keys, -1);
        return NULL;
    }
    Py_ssize_t size = PySet_GET_SIZE(self);
    PyObject *result = owned_method_call(method, self, &keys.value, 1, NULL);
    keys_settled(&keys, self, size, result == NULL ? -1 : 0);
    return result;
}

static PyObject *
set_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_update];
    if (CHECK(self, &method->how, NULL) < 0 || owned_operands_check(args, nargs, &method->how) < 0)
        return NULL;
    PyObject *collected = PySet_New(NULL);
    PyObject *none = collected == NULL ? NULL : owned_method_call(method, collected, args, nargs, kwnames);
    if (none == NULL)
        Py_CLEAR(collected);
    Py_XDECREF(none);
    return take_in(method, self, collected);
}

/* The builtin may keep the other operand's object of two that are equal, so what stays may be new here. */
static PyObject *
set_intersection_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_intersection_update];
    if (CHECK(self, &method->how, NULL) < 0 || owned_operands_check(args, nargs, &method->how) < 0)
        return NULL;
    return take_in(method, self, owned_method_call(&methods[METHOD_intersection], self, args, nargs, kwnames));
}

static PyObject *
set_symmetric_difference_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_symmetric_difference_update];
    if (CHECK(self, &method->how, NULL) < 0 || owned_operands_check(args, nargs, &method->how) < 0)
        return NULL;
    if (nargs != 1)
        return owned_method_call(method, self, args, nargs, kwnames);
    return take_in(method, self, PySet_New(args[0]));
}

static PyObject *
set_add(PyObject *self, PyObject *key)
{
    if (CHECK(self, &methods[METHOD_add].how, NULL) < 0)
        return NULL;
    owned_settling settling;
    if (owned_strict_store(key, OWNED_VALUE_STORED, self, OWNED_ITEM, NULL) < 0 ||
        owned_settle_into(&settling, self, WHERE(self), key) < 0)
        return NULL;
    Py_ssize_t size = PySet_GET_SIZE(self);
    int result = PySet_Add(self, settling.value);
    owned_settled(&settling, PySet_GET_SIZE(self) > size ? 0 : -1); /* an equal key that was there stays in its place */
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef set_methods[] = {
#define X(name, writes) {#name, (PyCFunction)(void (*)(void))set_##name, METH_FASTCALL | METH_KEYWORDS, NULL},
    SET_DELEGATED(X) SET_MAKERS(X) SET_UPDATES(X) OBJECT_DELEGATED(X)
#undef X
    {"add", set_add, METH_O, NULL},
    OWNED_INIT_SUBCLASS_METHOD(set),
    {NULL, NULL, 0, NULL},
};

/* ---- slots ------------------------------------------------------------------------------------------------------ */

/* The builtin puts the type's whole C name before the elements, module and all; Python classes have none in theirs. */
static PyObject *
set_repr(PyObject *self)
{
    if (!owned_may_look(self, WHERE(self)))
        return owned_stub(self, WHERE(self));
    PyObject *text = BASE.tp_repr(self);
    const char *name = Py_TYPE(self)->tp_name, *dot = strrchr(name, '.');
    if (text != NULL && dot != NULL)
        Py_SETREF(text, PyUnicode_Substring(text, dot + 1 - name, PyUnicode_GET_LENGTH(text)));
    return text;
}

static int
set_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return owned_container_setattr(self, WHERE(self), name, value);
}

static Py_ssize_t
set_length(PyObject *self)
{
    return CHECK(self, &owned_on_len, NULL) < 0 ? -1 : BASE.tp_as_sequence->sq_length(self);
}

static int
set_contains(PyObject *self, PyObject *key)
{
    if (CHECK(self, &owned_on_contains, NULL) < 0 || owned_operand_check(key, &owned_on_contains) < 0)
        return -1;
    return BASE.tp_as_sequence->sq_contains(self, key);
}

/* X(slot, method, sign): in either operand order */
#define SET_OPERATORS(X)                                                                                               \
    X(and, intersection, "&") X(or, union, "|") X(xor, symmetric_difference, "^") X(subtract, difference, "-")

#define X(slot, method, sign)                                                                                          \
    static PyObject *set_nb_##slot(PyObject *left, PyObject *right)                                                    \
    {                                                                                                                  \
        static const owned_access how = {OWNED_OPERATION, "use", sign, 0};                                            \
        if (owned_operand_check(left, &how) < 0 || owned_operand_check(right, &how) < 0)                               \
            return NULL;                                                                                               \
        PyObject *made = BASE.tp_as_number->nb_##slot(left, right);                                                    \
        return is_guarded(left) && made != Py_NotImplemented ? owned_container_from(made, 1) : made;                   \
    }
SET_OPERATORS(X)
#undef X

/* In place, an operator is its method: on sets only. */
#define SET_INPLACE_OPERATORS(X)                                                                                       \
    X(and, intersection_update, "&=") X(or, update, "|=") X(xor, symmetric_difference_update, "^=")                    \
    X(subtract, difference_update, "-=")

#define X(slot, method, sign)                                                                                          \
    static PyObject *set_inplace_##slot(PyObject *self, PyObject *other)                                               \
    {                                                                                                                  \
        static const owned_access how = {OWNED_OPERATION, "use", sign, 1};                                           \
        if (CHECK(self, &how, NULL) < 0)                                                                               \
            return NULL;                                                                                               \
        if (!PyAnySet_Check(other))                                                                                    \
            Py_RETURN_NOTIMPLEMENTED;                                                                                  \
        PyObject *none = set_##method(self, &other, 1, NULL);                                                          \
        Py_XDECREF(none);                                                                                              \
        return none == NULL ? NULL : Py_NewRef(self);                                                                  \
    }
SET_INPLACE_OPERATORS(X)
#undef X

static PyObject *
set_richcompare(PyObject *self, PyObject *other, int op)
{
    const owned_access *how = &owned_on_compare[op];
    if (CHECK(self, how, NULL) < 0 || owned_operand_check(other, how) < 0)
        return NULL;
    return BASE.tp_richcompare(self, other, op);
}

static PyObject *
set_iter(PyObject *self)
{
    if (CHECK(self, &owned_on_iteration, NULL) < 0)
        return NULL;
    return owned_iterator_new(self, WHERE(self), BASE.tp_iter(self));
}

PyDoc_STRVAR(set_doc,
"Set(iterable=(), /)\n--\n\n"
"A set that belongs to somebody: every use of it is checked, down to each step of an iteration.\n\n"
"It is a real set, and does what a set does. copy(), union() and its siblings, and their operators, make a Set that\n"
"is private to the calling thread.\n\n"
"Args:\n"
"    iterable: the elements.\n\n"
"Raises:\n"
"    WrongThreadError: it is private to another thread.\n"
"    LockNotHeldError: it is shared, and the calling thread does not hold its lock.\n"
"    MovedError: it was moved and nobody has claimed it.\n"
"    OrphanedError: its thread has ended and nobody has adopted it.\n\n"
"Threads:\n"
"    Born private to the thread that makes it. Checked: every method, operator, length, comparison, iteration and the\n"
"    setting of attributes in a subclass. Not checked: identity, type(), isinstance(), sys.getsizeof(), weak\n"
"    references, destruction, the reading of a subclass's attributes, and C code that looks straight into a set\n"
"    (set(x) and the methods of plain sets: docs/limits).");

static PyType_Slot set_slots[] = {
    {Py_tp_doc, (void *)set_doc},
    {Py_tp_methods, set_methods},
    {Py_tp_alloc, set_alloc},
    {Py_tp_init, set_init},
    {Py_tp_traverse, set_traverse},
    {Py_tp_clear, set_clear_slot},
    {Py_tp_dealloc, set_dealloc},
    {Py_tp_repr, set_repr},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_setattro, set_setattro},
    {Py_tp_richcompare, set_richcompare},
    {Py_tp_iter, set_iter},
    {Py_sq_length, set_length},
    {Py_sq_contains, set_contains},
#define X(slot, method, sign) {Py_nb_##slot, set_nb_##slot}, {Py_nb_inplace_##slot, set_inplace_##slot},
    SET_OPERATORS(X)
#undef X
    {0, NULL},
};

static PyType_Spec set_spec = {
    .name = "owned.Set",
    .basicsize = sizeof(owned_set),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = set_slots,
};

int
owned_set_add(PyObject *module)
{
    if (owned_methods_bind(&BASE, methods, METHODS_OF_SET, set_methods) < 0 ||
        owned_methods_bind(&PyBaseObject_Type, methods + METHODS_OF_SET, METHODS_COUNT - METHODS_OF_SET,
                           set_methods) < 0)
        return -1;
    return owned_state_add_type(module, &owned_the_state->Set, &set_spec, (PyObject *)&BASE, "Set");
}
