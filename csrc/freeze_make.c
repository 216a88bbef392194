/* What stands for each object of a walk, in three steps over its nodes: which tuples, frozensets and frozendicts
 * change because something in them does; an empty shell for each replacement, so that cycles find what they point at;
 * the shells filled.
 *
 * A tuple may be filled after it was made, as long as nobody has seen it: so a list that holds itself becomes a tuple
 * that holds itself. */
// SPDX-License-Identifier: MIT
#include "freeze_walk.h"
#include "state.h"

/* ---- what changes ------------------------------------------------------------------------------------------ */

/* Mark all that holds something that changes, upwards along the edges. */
static int
spread_changes(owned_freeze_walk *walk)
{
    size_t used = 0, size = 0;
    Py_ssize_t *todo = NULL;
    int result = 0;
    for (size_t i = 0; result == 0 && i < walk->nodes_used; i++) {
        if (!walk->nodes[i].changes || walk->nodes[i].holders < 0)
            continue;
        Py_ssize_t current = (Py_ssize_t)i;
        for (;;) {
            for (Py_ssize_t e = walk->nodes[current].holders; result == 0 && e >= 0; e = walk->edges[e].next) {
                owned_freeze_node *holder = &walk->nodes[walk->edges[e].holder];
                if (holder->changes)
                    continue;
                holder->changes = 1;
                if (walk->edges[e].holder > (Py_ssize_t)i) /* the outer loop will come to it */
                    continue;
                if ((result = owned_grow(&todo, &size, used, sizeof(*todo))) == 0)
                    todo[used++] = walk->edges[e].holder;
            }
            if (used == 0 || result < 0)
                break;
            current = todo[--used];
        }
    }
    PyMem_Free(todo);
    return result;
}

PyObject *
owned_freeze_final_borrowed(const owned_freeze_walk *walk, PyObject *obj)
{
    uintptr_t index;
    if (owned_is_atomic(obj) || !owned_identity_find(&walk->indexes, obj, &index))
        return obj;
    const owned_freeze_node *node = &walk->nodes[index];
    while (node->made == NULL && node->alias >= 0)
        node = &walk->nodes[node->alias];
    return node->made != NULL ? node->made : node->obj;
}

/* ---- replacements ------------------------------------------------------------------------------------------ */

/* Does a key or member change? Then the table has to be made anew, as hashes may change. */
static int
changes_any(owned_freeze_walk *walk, PyObject *iterable)
{
    PyObject *iterator = PyObject_GetIter(iterable), *item;
    if (iterator == NULL)
        return -1;
    int changes = 0;
    while (!changes && (item = PyIter_Next(iterator)) != NULL) {
        changes = owned_freeze_final_borrowed(walk, item) != item;
        Py_DECREF(item);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : changes;
}

/* An empty replacement where it can be filled later. */
static int
make_shell(owned_freeze_node *node)
{
    if (!node->changes)
        return 0;
    switch ((owned_freeze_kind)node->kind) {
    case OWNED_FREEZE_LIST:
    case OWNED_FREEZE_SET:
    case OWNED_FREEZE_BYTEARRAY:
        node->made = Py_NewRef(node->copy);
        break;
    case OWNED_FREEZE_TUPLE: {
        PyTypeObject *type = Py_TYPE(node->obj);
        if (type == &PyTuple_Type)
            node->made = PyTuple_New(PyTuple_GET_SIZE(node->obj));
        else {
            PyObject *arguments = PyTuple_Pack(1, node->obj);
            node->made = arguments == NULL ? NULL : PyTuple_Type.tp_new(type, arguments, NULL);
            Py_XDECREF(arguments);
        }
        break;
    }
    case OWNED_FREEZE_FROZENSET:
        node->made = PyFrozenSet_New(node->obj);
        break;
#ifndef OWNED_BUILTIN_FROZENDICT
    case OWNED_FREEZE_DICT:
    case OWNED_FREEZE_FROZENDICT:
        node->made = owned_frozendict_new();
        break;
#endif
    default:
        return 0;
    }
    return node->made == NULL ? -1 : 0;
}

/* The tuple has not been shown to anybody: its items may still be set. */
static void
fill_tuple(owned_freeze_walk *walk, PyObject *made, PyObject *source)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(source); i++) {
        PyObject *item = PyTuple_GET_ITEM(source, i), *final = owned_freeze_final_borrowed(walk, item);
        PyObject *old = PyTuple_GET_ITEM(made, i);
        if (final == old)
            continue;
        PyTuple_SET_ITEM(made, i, Py_NewRef(final));
        Py_XDECREF(old);
    }
}

/* The values of a dict that is ours alone. */
static int
fill_values(owned_freeze_walk *walk, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        PyObject *final = owned_freeze_final_borrowed(walk, value);
        if (final != value && PyDict_SetItem(dict, key, final) < 0)
            return -1;
    }
    return 0;
}

/* The same dict with what stands for its keys. Steals the reference. */
static PyObject *
with_final_keys(owned_freeze_walk *walk, PyObject *dict)
{
    int changes = changes_any(walk, dict);
    if (changes == 0)
        return dict;
    PyObject *again = changes < 0 ? NULL : PyDict_New(), *key, *value;
    Py_ssize_t position = 0;
    while (again != NULL && PyDict_Next(dict, &position, &key, &value))
        if (PyDict_SetItem(again, owned_freeze_final_borrowed(walk, key), value) < 0)
            Py_CLEAR(again);
    Py_DECREF(dict);
    return again;
}

/* Fill the shell, or make the interpreter's own frozendict, which has to be made with all its items. */
static int
make_dict(owned_freeze_walk *walk, owned_freeze_node *node)
{
    if (fill_values(walk, node->copy) < 0)
        return -1;
    PyObject *copy = node->copy;
    node->copy = NULL;
    copy = with_final_keys(walk, copy);
    if (copy == NULL)
        return -1;
    if (node->made != NULL) {
        owned_frozendict_fill(node->made, copy);
        return 0;
    }
    node->made = owned_frozendict_of(copy);
    Py_DECREF(copy);
    return node->made == NULL ? -1 : 0;
}

static int
make_method(owned_freeze_walk *walk, owned_freeze_node *node)
{
    PyObject *self = owned_freeze_final_borrowed(walk, PyMethod_GET_SELF(node->obj));
    node->made = PyMethod_New(PyMethod_GET_FUNCTION(node->obj), self);
    return node->made == NULL ? -1 : 0;
}

/* ---- what has to be made after what it holds ---------------------------------------------------------------- */

typedef struct {
    Py_ssize_t index, position;
} frame;

static int
is_late(owned_freeze_node *node)
{
#ifdef OWNED_BUILTIN_FROZENDICT
    if (node->kind == OWNED_FREEZE_DICT || node->kind == OWNED_FREEZE_FROZENDICT)
        return node->changes && node->made == NULL;
#endif
    return node->kind == OWNED_FREEZE_METHOD && node->changes && node->made == NULL;
}

/* The node of `held` if that has still to be made late, else -1. */
static Py_ssize_t
late_node(owned_freeze_walk *walk, PyObject *held)
{
    uintptr_t known;
    if (owned_is_atomic(held) || !owned_identity_find(&walk->indexes, held, &known))
        return -1;
    Py_ssize_t index = (Py_ssize_t)known;
    while (walk->nodes[index].alias >= 0)
        index = walk->nodes[index].alias;
    return is_late(&walk->nodes[index]) ? index : -1;
}

/* The next thing that `top` holds and that has to be made before it, or -1. */
static Py_ssize_t
next_late(owned_freeze_walk *walk, frame *top)
{
    owned_freeze_node *node = &walk->nodes[top->index];
    if (node->kind == OWNED_FREEZE_METHOD)
        return late_node(walk, PyMethod_GET_SELF(node->obj));
    PyObject *key, *value;
    while (PyDict_Next(node->copy, &top->position, &key, &value)) {
        Py_ssize_t index = late_node(walk, value);
        if (index >= 0)
            return index;
    }
    return -1;
}

/* A method that is bound to a dict which holds it. */
static int
refuse_cycle(owned_freeze_walk *walk, owned_freeze_node *node)
{
    PyObject *reason = PyUnicode_FromString("a method that is bound to a dict which holds it cannot be frozen");
    if (reason != NULL)
        owned_freeze_fail(walk, node->parent, node->obj, reason);
    Py_XDECREF(reason);
    return -1;
}

/* Bound methods, and builtin frozendicts: depth first, what they hold first. A dict that holds itself through nothing
 * but dicts becomes one of our own frozendicts, which can be filled later. */
static int
make_late(owned_freeze_walk *walk, Py_ssize_t root)
{
    frame *stack = NULL;
    size_t size = 0, used = 0;
    int result = owned_grow(&stack, &size, used, sizeof(*stack));
    if (result == 0)
        stack[used++] = (frame){root, 0};
    while (result == 0 && used > 0) {
        owned_freeze_node *node = &walk->nodes[stack[used - 1].index];
        node->making = 1;
        Py_ssize_t held = next_late(walk, &stack[used - 1]);
        if (held >= 0 && walk->nodes[held].making && walk->nodes[held].kind == OWNED_FREEZE_METHOD)
            result = refuse_cycle(walk, &walk->nodes[held]);
        else if (held >= 0 && walk->nodes[held].making) {
            walk->nodes[held].made = owned_frozendict_new();
            result = walk->nodes[held].made == NULL ? -1 : 0;
        }
        else if (held >= 0) {
            if ((result = owned_grow(&stack, &size, used, sizeof(*stack))) == 0)
                stack[used++] = (frame){held, 0};
        }
        else {
            result = node->kind == OWNED_FREEZE_METHOD ? make_method(walk, node) : make_dict(walk, node);
            node->making = 0;
            used--;
        }
    }
    PyMem_Free(stack);
    return result;
}

/* A set's members change only where a wrapper, a converted object or a tuple that holds one is among them. */
static int
check_members(owned_freeze_walk *walk, owned_freeze_node *node)
{
    int changes = changes_any(walk, node->obj);
    if (changes <= 0)
        return changes;
    PyObject *reason = PyUnicode_FromFormat("a %s with a member that freezing replaces (their hashes may differ) cannot be frozen",
                                            owned_short_name(Py_TYPE(node->obj)));
    if (reason != NULL)
        owned_freeze_fail(walk, node->parent, node->obj, reason);
    Py_XDECREF(reason);
    return -1;
}

/* Shells first, so that cycles find what they point at; what cannot be empty; then every tuple, whatever refers to it,
 * before anything is hashed. */
static int
make_replacements(owned_freeze_walk *walk)
{
    size_t count = walk->nodes_used;
    for (size_t i = 0; i < count; i++)
        if (make_shell(&walk->nodes[i]) < 0)
            return -1;
    for (size_t i = 0; i < count; i++)
        if (is_late(&walk->nodes[i]) && make_late(walk, (Py_ssize_t)i) < 0)
            return -1;
    for (size_t i = 0; i < count; i++) {
        owned_freeze_node *node = &walk->nodes[i];
        if (node->kind == OWNED_FREEZE_LIST)
            fill_tuple(walk, node->made, node->copy);
        else if (node->kind == OWNED_FREEZE_TUPLE && node->changes)
            fill_tuple(walk, node->made, node->obj);
    }
    for (size_t i = 0; i < count; i++) {
        owned_freeze_node *node = &walk->nodes[i];
        int result = 0;
        if ((node->kind == OWNED_FREEZE_DICT || node->kind == OWNED_FREEZE_FROZENDICT) && node->changes && node->copy != NULL)
            result = make_dict(walk, node);
        else if (node->kind == OWNED_FREEZE_SET || (node->kind == OWNED_FREEZE_FROZENSET && node->changes))
            result = check_members(walk, node);
        else if (node->kind == OWNED_FREEZE_INSTANCE && node->copy != NULL)
            result = fill_values(walk, node->copy);
        if (result < 0)
            return -1;
    }
    return 0;
}

int
owned_freeze_make(owned_freeze_walk *walk)
{
    return spread_changes(walk) < 0 || make_replacements(walk) < 0 ? -1 : 0;
}
