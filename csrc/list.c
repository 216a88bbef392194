/* List: a list that belongs to somebody. See containers.h.
 *
 * What CPython makes a plain `list` from a subclass (slices, copy(), +, *) is a List here, private to the thread that
 * made it: a copy that silently fell out of the guard would be the next race. `list(x)` is the way to a plain one. As
 * with the builtins, the left operand of + decides. */
// SPDX-License-Identifier: MIT
#include "containers.h"

#define BASE PyList_Type
#define WHERE(self) (&((owned_list *)(self))->region)
#define CHECK(self, how, detail) owned_check((self), WHERE(self), (how), (detail))

OWNED_CONTAINER_LIFE(list, List, BASE, OWNED_CLEAR_WEAKREFS)

/* X(method, writes): every method with contents to check. DELEGATED ones need nothing else. */
#define LIST_DELEGATED(X)                                                                                              \
    X(clear, 1) X(count, 0) X(index, 0) X(pop, 1) X(remove, 1) X(reverse, 1) X(sort, 1)
#define LIST_SPECIAL(X)                                                                                                \
    X(append, 1) X(copy, 0) X(extend, 1) X(insert, 1) X(__reversed__, 0)
/* Of object: they read all there is. */
#define OBJECT_DELEGATED(X) X(__reduce_ex__, 0) X(__getstate__, 0)

enum {
#define X(name, writes) METHOD_##name,
    LIST_DELEGATED(X) LIST_SPECIAL(X) METHODS_OF_LIST, METHOD_OF_OBJECT = METHODS_OF_LIST - 1, OBJECT_DELEGATED(X)
#undef X
    METHODS_COUNT
};

static owned_method methods[] = {
#define X(name, writes) [METHOD_##name] = {{OWNED_METHOD, "call", #name, writes}, NULL},
    LIST_DELEGATED(X) LIST_SPECIAL(X) OBJECT_DELEGATED(X)
#undef X
};

#define X(name, writes)                                                                                                \
    static PyObject *list_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)           \
    {                                                                                                                  \
        const owned_method *method = &methods[METHOD_##name];                                                          \
        return CHECK(self, &method->how, NULL) < 0 ? NULL : owned_method_call(method, self, args, nargs, kwnames);     \
    }
LIST_DELEGATED(X)
OBJECT_DELEGATED(X)
#undef X

/* ---- making ---------------------------------------------------------------------------------------------------- */

PyObject *
owned_list_new(owned_region *region)
{
    return owned_container_new(owned_the_state->List, offsetof(owned_list, region), region);
}

static int
is_guarded(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->List);
}

/* What `iterable` yields, as a plain list. A length hint is not believed: list() takes one for granted that extend()
 * ignores. */
static PyObject *
collect(PyObject *iterable)
{
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable))
        return PySequence_List(iterable);
    PyObject *item, *iterator = PyObject_GetIter(iterable), *items = iterator == NULL ? NULL : PyList_New(0);
    while (items != NULL && (item = PyIter_Next(iterator)) != NULL) {
        if (PyList_Append(items, item) < 0)
            Py_CLEAR(items);
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    if (PyErr_Occurred())
        Py_CLEAR(items);
    return items;
}

/* owned_settle() of what `iterable` yields, in a plain list of our own. The iterable may be anything and may have let
 * go of the lock, so the check is made again. */
static int
settle_items(owned_settling *settling, PyObject *self, PyObject *iterable, const owned_access *how)
{
    if (owned_operand_check(iterable, how) < 0)
        return -1;
    PyObject *items = collect(iterable);
    if (items != NULL && CHECK(self, how, NULL) < 0)
        Py_CLEAR(items);
    return owned_settle_content(settling, self, WHERE(self), items);
}

static int
list_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    if (CHECK(self, &owned_on_init, NULL) < 0)
        return -1;
    if (PyTuple_GET_SIZE(args) != 1 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0))
        return BASE.tp_init(self, args, kwargs);
    owned_settling items;
    if (settle_items(&items, self, PyTuple_GET_ITEM(args, 0), &owned_on_init) < 0)
        return -1;
    return owned_settled(&items, PyList_SetSlice(self, 0, PY_SSIZE_T_MAX, items.value));
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static PyObject *
list_append(PyObject *self, PyObject *value)
{
    if (CHECK(self, &methods[METHOD_append].how, NULL) < 0)
        return NULL;
    owned_settling settling;
    if (owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ITEM, NULL) < 0 ||
        owned_settle_into(&settling, self, WHERE(self), value) < 0)
        return NULL;
    return owned_settled(&settling, PyList_Append(self, settling.value)) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
list_insert(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    const owned_method *method = &methods[METHOD_insert];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    if (nargs != 2)
        return owned_method_call(method, self, args, nargs, kwnames);
    owned_settling settling;
    if (owned_strict_store(args[1], OWNED_VALUE_STORED, self, OWNED_ITEM, args[0]) < 0 ||
        owned_settle_into(&settling, self, WHERE(self), args[1]) < 0)
        return NULL;
    PyObject *const settled_args[] = {args[0], settling.value};
    return owned_settled_object(&settling, owned_method_call(method, self, settled_args, nargs, kwnames));
}

static PyObject *
list_extend(PyObject *self, PyObject *iterable)
{
    const owned_method *method = &methods[METHOD_extend];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    owned_settling items;
    if (settle_items(&items, self, iterable, &method->how) < 0)
        return NULL;
    return owned_settled_object(&items, owned_method_call(method, self, &items.value, 1, NULL));
}

static PyObject *
list_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const owned_method *method = &methods[METHOD_copy];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    return owned_container_from(owned_method_call(method, self, NULL, 0, NULL), 1);
}

static PyObject *
list___reversed__(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const owned_method *method = &methods[METHOD___reversed__];
    if (CHECK(self, &method->how, NULL) < 0)
        return NULL;
    return owned_iterator_new(self, WHERE(self), owned_method_call(method, self, NULL, 0, NULL));
}

static PyMethodDef list_methods[] = {
#define X(name, writes) {#name, (PyCFunction)(void (*)(void))list_##name, METH_FASTCALL | METH_KEYWORDS, NULL},
    LIST_DELEGATED(X) OBJECT_DELEGATED(X) X(insert, 1)
#undef X
    {"append", list_append, METH_O, NULL},
    {"extend", list_extend, METH_O, NULL},
    {"copy", list_copy, METH_NOARGS, NULL},
    {"__reversed__", list___reversed__, METH_NOARGS, NULL},
    OWNED_INIT_SUBCLASS_METHOD(list),
    {NULL, NULL, 0, NULL},
};

/* ---- slots ------------------------------------------------------------------------------------------------------ */

static const owned_access on_add = {OWNED_OPERATION, "use", "+", 0};
static const owned_access on_inplace_add = {OWNED_OPERATION, "use", "+=", 1};
static const owned_access on_multiply = {OWNED_OPERATION, "use", "*", 0};
static const owned_access on_inplace_multiply = {OWNED_OPERATION, "use", "*=", 1};

static PyObject *
list_repr(PyObject *self)
{
    return owned_may_look(self, WHERE(self)) ? BASE.tp_repr(self) : owned_stub(self, WHERE(self));
}

static int
list_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return owned_container_setattr(self, WHERE(self), name, value);
}

static Py_ssize_t
list_length(PyObject *self)
{
    return CHECK(self, &owned_on_len, NULL) < 0 ? -1 : BASE.tp_as_sequence->sq_length(self);
}

static int
list_contains(PyObject *self, PyObject *value)
{
    return CHECK(self, &owned_on_contains, NULL) < 0 ? -1 : BASE.tp_as_sequence->sq_contains(self, value);
}

static PyObject *
list_item(PyObject *self, Py_ssize_t index)
{
    return CHECK(self, &owned_item_read, NULL) < 0 ? NULL : BASE.tp_as_sequence->sq_item(self, index);
}

static int
list_ass_item(PyObject *self, Py_ssize_t index, PyObject *value)
{
    if (CHECK(self, value == NULL ? &owned_item_delete : &owned_item_write, NULL) < 0)
        return -1;
    owned_settling settling;
    if (owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ITEM, NULL) < 0 ||
        owned_settle_into(&settling, self, WHERE(self), value) < 0)
        return -1;
    return owned_settled(&settling, BASE.tp_as_sequence->sq_ass_item(self, index, settling.value));
}

static PyObject *
list_subscript(PyObject *self, PyObject *key)
{
    int ok = CHECK(self, &owned_item_read, key);
    if (ok < 0)
        return NULL;
    if (OWNED_DIRECT_FIELDS && ok == OWNED_ALONE && PyLong_CheckExact(key)) {
        Py_ssize_t index = PyLong_AsSsize_t(key);
        if (index >= 0 && index < PyList_GET_SIZE(self))
            return Py_NewRef(PyList_GET_ITEM(self, index));
        PyErr_Clear();
    }
    PyObject *found = BASE.tp_as_mapping->mp_subscript(self, key);
    return PySlice_Check(key) ? owned_container_from(found, 1) : found;
}

static int
list_ass_subscript(PyObject *self, PyObject *key, PyObject *value)
{
    const owned_access *how = value == NULL ? &owned_item_delete : &owned_item_write;
    if (CHECK(self, how, key) < 0)
        return -1;
    owned_settling settling;
    int is_slice = PySlice_Check(key);
    if (!is_slice && owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ITEM, key) < 0)
        return -1;
    if ((value != NULL && is_slice ? settle_items(&settling, self, value, how)
                                   : owned_settle_into(&settling, self, WHERE(self), value)) < 0)
        return -1;
    return owned_settled(&settling, BASE.tp_as_mapping->mp_ass_subscript(self, key, settling.value));
}

static PyObject *
list_concat(PyObject *self, PyObject *other)
{
    if (CHECK(self, &on_add, NULL) < 0 || owned_operand_check(other, &on_add) < 0)
        return NULL;
    return owned_container_from(BASE.tp_as_sequence->sq_concat(self, other), 0);
}

static PyObject *
list_inplace_concat(PyObject *self, PyObject *other)
{
    if (CHECK(self, &on_inplace_add, NULL) < 0)
        return NULL;
    owned_settling items;
    if (settle_items(&items, self, other, &on_inplace_add) < 0)
        return NULL;
    return owned_settled_object(&items, BASE.tp_as_sequence->sq_inplace_concat(self, items.value));
}

/* nb_add exists to see a List on the right of a plain list, whose own sq_concat would look into it unasked. It
 * answers only for a List on the left: `plain + x` and `plain += x` go on to the plain list's slots, which know which
 * of the two it is. */
static PyObject *
list_add(PyObject *left, PyObject *right)
{
    if (is_guarded(left) && PyList_Check(right))
        return list_concat(left, right);
    if (owned_operand_check(left, &on_add) < 0 || owned_operand_check(right, &on_add) < 0)
        return NULL;
    Py_RETURN_NOTIMPLEMENTED;
}

static PyObject *
list_repeat(PyObject *self, Py_ssize_t count)
{
    if (CHECK(self, &on_multiply, NULL) < 0)
        return NULL;
    return owned_container_from(BASE.tp_as_sequence->sq_repeat(self, count), 1);
}

static PyObject *
list_inplace_repeat(PyObject *self, Py_ssize_t count)
{
    return CHECK(self, &on_inplace_multiply, NULL) < 0 ? NULL : BASE.tp_as_sequence->sq_inplace_repeat(self, count);
}

static PyObject *
list_richcompare(PyObject *self, PyObject *other, int op)
{
    const owned_access *how = &owned_on_compare[op];
    if (CHECK(self, how, NULL) < 0 || owned_operand_check(other, how) < 0)
        return NULL;
    return BASE.tp_richcompare(self, other, op);
}

static PyObject *
list_iter(PyObject *self)
{
    if (CHECK(self, &owned_on_iteration, NULL) < 0)
        return NULL;
    return owned_iterator_new(self, WHERE(self), BASE.tp_iter(self));
}

PyDoc_STRVAR(list_doc,
"List(iterable=(), /)\n--\n\n"
"A list that belongs to somebody: every use of it is checked, down to each step of an iteration.\n\n"
"It is a real list, and does what a list does. Slices, copy(), + and * make a List that is private to the calling\n"
"thread. A plain list, dict or set that is stored in it becomes a List, Dict or Set in the same region.\n\n"
"Args:\n"
"    iterable: the items.\n\n"
"Raises:\n"
"    WrongThreadError: it is private to another thread.\n"
"    LockNotHeldError: it is shared, and the calling thread does not hold its lock.\n"
"    MovedError: it was moved and nobody has claimed it.\n"
"    OrphanedError: its thread has ended and nobody has adopted it.\n\n"
"Threads:\n"
"    Born private to the thread that makes it. Checked: every method, operator, item, length, comparison, iteration\n"
"    and the setting of attributes in a subclass. Not checked: identity, type(), isinstance(), sys.getsizeof(), weak\n"
"    references, destruction, the reading of a subclass's attributes, and C code that looks straight into a list\n"
"    (heapq and a few more: docs/limits).");

static PyMemberDef list_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_list, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot list_slots[] = {
    {Py_tp_doc, (void *)list_doc},
    {Py_tp_methods, list_methods},
    {Py_tp_members, list_members},
    {Py_tp_alloc, list_alloc},
    {Py_tp_init, list_init},
    {Py_tp_traverse, list_traverse},
    {Py_tp_clear, list_clear_slot},
    {Py_tp_dealloc, list_dealloc},
    {Py_tp_repr, list_repr},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_setattro, list_setattro},
    {Py_tp_richcompare, list_richcompare},
    {Py_tp_iter, list_iter},
    {Py_nb_add, list_add},
    {Py_nb_inplace_add, list_inplace_concat},
    {Py_sq_length, list_length},
    {Py_sq_contains, list_contains},
    {Py_sq_item, list_item},
    {Py_sq_ass_item, list_ass_item},
    {Py_sq_concat, list_concat},
    {Py_sq_inplace_concat, list_inplace_concat},
    {Py_sq_repeat, list_repeat},
    {Py_sq_inplace_repeat, list_inplace_repeat},
    {Py_mp_length, list_length},
    {Py_mp_subscript, list_subscript},
    {Py_mp_ass_subscript, list_ass_subscript},
    {0, NULL},
};

static PyType_Spec list_spec = {
    .name = "owned.List",
    .basicsize = sizeof(owned_list),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = list_slots,
};

int
owned_list_add(PyObject *module)
{
    if (owned_methods_bind(&BASE, methods, METHODS_OF_LIST, list_methods) < 0 ||
        owned_methods_bind(&PyBaseObject_Type, methods + METHODS_OF_LIST, METHODS_COUNT - METHODS_OF_LIST,
                           list_methods) < 0)
        return -1;
    return owned_state_add_type(module, &owned_the_state->List, &list_spec, (PyObject *)&BASE, "List");
}
