/* Breadth first over an array of nodes, so graphs of any depth need no C stack. Each mutable object is copied once
 * through CPython's own accessors, and the copy is what the walk reads: another thread that writes meanwhile, against
 * the rules, changes nothing that was seen. The copy then becomes what stands for the object: a list's tuple is its
 * snapshot.
 *
 * Then three steps over the nodes: which tuples, frozensets and frozendicts change because something in them does; an
 * empty shell for each replacement, so that cycles find what they point at; the shells filled. */
// SPDX-License-Identifier: MIT
#include "freeze_walk.h"
#include "state.h"

static const owned_access freezing = {OWNED_VERB, "freeze", NULL, 1};

enum { PASSES = -1, FAILED = -2 };

static int
put(owned_identity *map, const void *key, uintptr_t value)
{
    uintptr_t old;
    if (owned_identity_reserve(map, 1) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    owned_identity_put(map, key, value, &old);
    return 0;
}

const char *
owned_short_name(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot == NULL ? type->tp_name : dot + 1;
}

/* ---- paths ------------------------------------------------------------------------------------------------- */

/* How `child` hangs on the object of a node: ".customer", "[3]", "['key']". Shows only exact str and int keys. */
static PyObject *
step_text(owned_freeze_node *node, PyObject *child)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    switch (node->kind) {
    case OWNED_FREEZE_INSTANCE:
        for (Py_ssize_t i = 0; node->values != NULL && i < PyTuple_GET_SIZE(node->plan->members); i++)
            if (node->values[i] == child)
                return PyUnicode_FromFormat(".%U", PyDescr_NAME(PyTuple_GET_ITEM(node->plan->members, i)));
        while (node->copy != NULL && PyDict_Next(node->copy, &position, &key, &value))
            if (value == child && PyUnicode_CheckExact(key))
                return PyUnicode_FromFormat(".%U", key);
        break;
    case OWNED_FREEZE_LIST:
    case OWNED_FREEZE_TUPLE: {
        PyObject *items = node->copy != NULL ? node->copy : node->obj;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++)
            if (PyTuple_GET_ITEM(items, i) == child)
                return PyUnicode_FromFormat("[%zd]", i);
        break;
    }
    case OWNED_FREEZE_DICT:
    case OWNED_FREEZE_FROZENDICT:
        while (PyDict_Next(node->copy, &position, &key, &value))
            if (value == child || key == child)
                return key == child                                        ? PyUnicode_FromString(".key")
                       : PyUnicode_CheckExact(key) || PyLong_CheckExact(key) ? PyUnicode_FromFormat("[%R]", key)
                                                                           : PyUnicode_FromFormat("[<%s>]", Py_TYPE(key)->tp_name);
        break;
    case OWNED_FREEZE_SET:
    case OWNED_FREEZE_FROZENSET:
        return PyUnicode_FromString("{...}");
    case OWNED_FREEZE_METHOD:
        return PyUnicode_FromString(".__self__");
    default:
        break;
    }
    return PyUnicode_FromString("");
}

/* "Order.customer.session": the way from the root to `child`, which hangs on node `parent`. */
static PyObject *
path_text(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *child)
{
    PyObject *steps = PyList_New(0);
    int ok = steps != NULL;
    for (; ok && parent >= 0; parent = walk->nodes[parent].parent) {
        PyObject *step = step_text(&walk->nodes[parent], child);
        ok = step != NULL && PyList_Append(steps, step) == 0;
        Py_XDECREF(step);
        child = walk->nodes[parent].obj;
        if (PyList_GET_SIZE(steps) >= 100 && walk->nodes[parent].parent >= 0) { /* a path nobody would read */
            parent = 0;
            child = walk->nodes[0].obj;
            step = ok ? PyUnicode_FromString("...") : NULL;
            ok = step != NULL && PyList_Append(steps, step) == 0;
            Py_XDECREF(step);
        }
    }
    PyTypeObject *type = owned_known_type(child);
    PyObject *root = ok ? PyUnicode_FromString(owned_short_name(type)) : NULL, *text = NULL, *nothing = NULL;
    Py_DECREF((PyObject *)type);
    if (root != NULL && PyList_Append(steps, root) == 0 && PyList_Reverse(steps) == 0 &&
        (nothing = PyUnicode_FromString("")) != NULL)
        text = PyUnicode_Join(nothing, steps);
    Py_XDECREF(nothing);
    Py_XDECREF(root);
    Py_XDECREF(steps);
    return text;
}

void
owned_freeze_fail(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *child, PyObject *reason)
{
    PyObject *path = path_text(walk, parent, child);
    if (path != NULL)
        PyErr_Format(owned_the_state->FreezeError, "%U: %U", path, reason);
    Py_XDECREF(path);
}

/* ---- nodes ------------------------------------------------------------------------------------------------- */

static owned_freeze_plan *
plan_of_borrowed(owned_freeze_walk *walk, PyTypeObject *type)
{
    uintptr_t known;
    if (owned_identity_find(&walk->plans, type, &known))
        return (owned_freeze_plan *)known;
    PyObject *plan = PyObject_CallOneArg(owned_the_state->plan_for, (PyObject *)type);
    if (plan != NULL && !Py_IS_TYPE(plan, owned_the_state->FreezePlan)) {
        PyErr_Format(PyExc_TypeError, "plan_for() must return a FreezePlan, got %.200s", Py_TYPE(plan)->tp_name);
        Py_CLEAR(plan);
    }
    if (plan == NULL)
        return NULL;
    int kept = PyList_Append(walk->kept, plan) == 0 && PyList_Append(walk->kept, (PyObject *)type) == 0;
    Py_DECREF(plan);
    return kept && put(&walk->plans, type, (uintptr_t)plan) == 0 ? (owned_freeze_plan *)plan : NULL;
}

/* A tuple or frozenset that holds nothing but atoms needs no node. */
static int
holds_atoms_only(PyObject *obj)
{
    if (PyTuple_CheckExact(obj)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(obj); i++)
            if (!owned_is_atomic(PyTuple_GET_ITEM(obj, i)))
                return 0;
        return 1;
    }
    return PyFrozenSet_CheckExact(obj) && PySet_GET_SIZE(obj) == 0;
}

/* A method of a C type's instance: `list.append` bound to a list could write it. */
static int
is_bound_builtin(PyObject *obj)
{
    PyObject *self = PyCFunction_Check(obj) ? PyCFunction_GET_SELF(obj) : NULL;
    return self != NULL && !PyModule_Check(self) && !PyType_Check(self) && !owned_is_atomic(self);
}

/* The kind of an object of a type that we know without asking owned/_frozen.py; -1 for the others. */
static int
kind_by_type(PyObject *obj)
{
    PyTypeObject *type = Py_TYPE(obj);
    if (owned_is_frozen_instance(obj) || PyType_Check(obj))
        return OWNED_FREEZE_PASS;
    if (type == &PyTuple_Type)
        return OWNED_FREEZE_TUPLE;
    if (type == &PyList_Type)
        return OWNED_FREEZE_LIST;
    if (type == &PyDict_Type)
        return OWNED_FREEZE_DICT;
    if (type == &PySet_Type)
        return OWNED_FREEZE_SET;
    if (type == &PyFrozenSet_Type)
        return OWNED_FREEZE_FROZENSET;
    if (type == &PyByteArray_Type)
        return OWNED_FREEZE_BYTEARRAY;
    if (type == &PyMethod_Type)
        return OWNED_FREEZE_METHOD;
    if (owned_frozendict_items_borrowed(obj) != NULL)
        return OWNED_FREEZE_FROZENDICT;
    return -1;
}

/* A guarded object: mine, and of which kind; -1: ask for a plan, FAILED with an error set. */
static int
kind_if_guarded(owned_freeze_walk *walk, PyObject *obj, owned_region **where)
{
    owned_region *region = owned_region_of(obj, where);
    int frozen = region != NULL && owned_region_state_of(region) == OWNED_FROZEN;
    Py_XDECREF((PyObject *)region);
    if (frozen)
        return OWNED_FREEZE_PASS;
    if (walk->probing) {
        walk->unfrozen = 1;
        return OWNED_FREEZE_PASS;
    }
    if (owned_check(obj, where, &freezing, NULL) < 0)
        return FAILED;
    walk->guarded++;
    if (Py_IS_TYPE(obj, owned_the_state->List))
        return OWNED_FREEZE_LIST;
    if (Py_IS_TYPE(obj, owned_the_state->Dict))
        return OWNED_FREEZE_DICT;
    if (Py_IS_TYPE(obj, owned_the_state->Set))
        return OWNED_FREEZE_SET;
    return where == &((owned_wrapper *)obj)->region && PyObject_TypeCheck(obj, owned_the_state->Wrapper)
               ? OWNED_FREEZE_WRAPPER
               : -1;
}

/* 0, or -1 with FreezeError set where never_freeze() was told of it. */
static int
refuse_never(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *obj)
{
    if (walk->probing || PyDict_GET_SIZE(owned_the_state->never_frozen) == 0)
        return 0;
    PyObject *never = PyObject_CallOneArg(owned_the_state->is_never_frozen, obj);
    int answer = never == NULL ? -1 : PyObject_IsTrue(never);
    Py_XDECREF(never);
    if (answer > 0) {
        PyTypeObject *type = owned_known_type(obj);
        PyObject *reason = PyUnicode_FromFormat("this %s was marked with never_freeze()", owned_short_name(type));
        Py_DECREF((PyObject *)type);
        if (reason != NULL)
            owned_freeze_fail(walk, parent, obj, reason);
        Py_XDECREF(reason);
    }
    return answer == 0 ? 0 : -1;
}

static int
is_frozen_region(PyObject *obj)
{
    if (!Py_IS_TYPE(obj, owned_the_state->Region))
        return 0;
    owned_region *now = owned_region_resolve((owned_region *)obj);
    int frozen = owned_region_state_of(now) == OWNED_FROZEN;
    Py_DECREF((PyObject *)now);
    return frozen;
}

static int
kind_of(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *obj, owned_freeze_plan **plan)
{
    int kind = kind_by_type(obj);
    if (kind >= 0)
        return kind;
    owned_region **where = owned_carried(obj);
    if (where != NULL && (kind = kind_if_guarded(walk, obj, where)) != -1)
        return kind;
    if (is_frozen_region(obj))
        return OWNED_FREEZE_PASS;
    if (is_bound_builtin(obj)) {
        if (walk->probing) {
            walk->unfrozen = 1;
            return OWNED_FREEZE_PASS;
        }
        PyObject *reason = PyUnicode_FromFormat("a method bound to a %s cannot be frozen", owned_short_name(Py_TYPE(PyCFunction_GET_SELF(obj))));
        if (reason != NULL)
            owned_freeze_fail(walk, parent, obj, reason);
        Py_XDECREF(reason);
        return FAILED;
    }
    *plan = plan_of_borrowed(walk, Py_TYPE(obj));
    if (*plan == NULL)
        return FAILED;
    if ((*plan)->kind == OWNED_FREEZE_REFUSE && !walk->probing) {
        owned_freeze_fail(walk, parent, obj, (*plan)->extra);
        return FAILED;
    }
    return (*plan)->kind;
}

/* The node of `obj`, reached from node `parent`: an old one, a new one, PASSES, or FAILED with an error set. */
static Py_ssize_t
discover(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *obj)
{
    uintptr_t known;
    owned_freeze_plan *plan = NULL;
    if (owned_is_atomic(obj) || holds_atoms_only(obj))
        return PASSES;
    if (owned_identity_find(&walk->indexes, obj, &known))
        return (Py_ssize_t)known;
    int kind = refuse_never(walk, parent, obj) < 0 ? FAILED : kind_of(walk, parent, obj, &plan);
    if (kind == FAILED)
        return FAILED;
    if (kind == OWNED_FREEZE_PASS)
        return PASSES;
    if (walk->probing && kind != OWNED_FREEZE_TUPLE && kind != OWNED_FREEZE_FROZENSET && kind != OWNED_FREEZE_FROZENDICT &&
        kind != OWNED_FREEZE_METHOD) {
        walk->unfrozen = 1;
        return PASSES;
    }
    if (walk->nodes_used > PY_SSIZE_T_MAX / 2 || put(&walk->indexes, obj, walk->nodes_used) < 0 ||
        owned_grow(&walk->nodes, &walk->nodes_size, walk->nodes_used, sizeof(*walk->nodes)) < 0)
        return FAILED;
    walk->nodes[walk->nodes_used] = (owned_freeze_node){
        .obj = Py_NewRef(obj),
        .plan = plan,
        .parent = parent,
        .alias = -1,
        .holders = -1,
        .kind = (char)kind,
        .changes = kind == OWNED_FREEZE_LIST || kind == OWNED_FREEZE_DICT || kind == OWNED_FREEZE_SET ||
                   kind == OWNED_FREEZE_BYTEARRAY || kind == OWNED_FREEZE_CONVERT,
    };
    return (Py_ssize_t)walk->nodes_used++;
}

/* ---- what an object holds ---------------------------------------------------------------------------------- */

/* Copy what a node's object holds into the node. */
static int
take_slots(owned_freeze_node *node)
{
    PyObject *members = node->plan->members;
    node->values = PyMem_Calloc((size_t)PyTuple_GET_SIZE(members) + 1, sizeof(PyObject *));
    if (node->values == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(members); i++) {
        PyMemberDef *def = ((PyMemberDescrObject *)PyTuple_GET_ITEM(members, i))->d_member;
        if (OWNED_DIRECT_FIELDS)
            node->values[i] = Py_XNewRef(*(PyObject **)((char *)node->obj + def->offset));
        else if ((node->values[i] = PyMember_GetOne((char *)node->obj, def)) == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_AttributeError))
                return -1;
            PyErr_Clear();
        }
    }
    return 0;
}

/* A dict with these items that shares nothing with others: a merge into a new dict has a table of its own, and so
 * reads of an instance's attributes through it are specialized, which a copy of a key-sharing dict would not be. */
static PyObject *
merged(PyObject *source)
{
    PyObject *dict = PyDict_New();
    if (dict != NULL && PyDict_Update(dict, source) < 0)
        Py_CLEAR(dict);
    return dict;
}

static int
take_instance(owned_freeze_node *node)
{
    if (take_slots(node) < 0)
        return -1;
    if (!node->plan->has_dict)
        return 0;
    PyObject *dict = PyObject_GenericGetDict(node->obj, NULL);
    if (dict != NULL)
        node->copy = merged(dict);
    Py_XDECREF(dict);
    return node->copy == NULL ? -1 : owned_frozen_cover(node->plan, node->copy);
}

static int
take(owned_freeze_node *node)
{
    switch ((owned_freeze_kind)node->kind) {
    case OWNED_FREEZE_INSTANCE:
        return take_instance(node);
    case OWNED_FREEZE_LIST:
        node->copy = PyList_Check(node->obj) ? PyList_AsTuple(node->obj) : PySequence_Tuple(node->obj);
        break;
    case OWNED_FREEZE_DICT:
        node->copy = merged(node->obj);
        break;
    case OWNED_FREEZE_FROZENDICT: {
        PyObject *items = owned_frozendict_items_borrowed(node->obj);
        node->copy = items == NULL ? NULL : merged(items);
        break;
    }
    case OWNED_FREEZE_SET:
        node->copy = PyFrozenSet_New(node->obj);
        break;
    case OWNED_FREEZE_BYTEARRAY:
        node->copy = PyBytes_FromObject(node->obj);
        break;
    default:
        return 0;
    }
    return node->copy == NULL ? -1 : 0;
}

/* One child of node `index`: found, and the edge remembered along which a change goes up. */
static int
meet(owned_freeze_walk *walk, Py_ssize_t index, PyObject *child)
{
    Py_ssize_t found = discover(walk, index, child);
    if (found == FAILED)
        return -1;
    owned_freeze_node *node = &walk->nodes[index];
    int waits = node->kind == OWNED_FREEZE_TUPLE || node->kind == OWNED_FREEZE_FROZENSET || node->kind == OWNED_FREEZE_FROZENDICT ||
                node->kind == OWNED_FREEZE_METHOD;
    if (found < 0 || !waits)
        return 0;
    if (owned_grow(&walk->edges, &walk->edges_size, walk->edges_used, sizeof(*walk->edges)) < 0)
        return -1;
    walk->edges[walk->edges_used] = (owned_freeze_edge){index, walk->nodes[found].holders};
    walk->nodes[found].holders = (Py_ssize_t)walk->edges_used++;
    return 0;
}

static int
meet_all(owned_freeze_walk *walk, Py_ssize_t index, PyObject *iterable)
{
    PyObject *iterator = PyObject_GetIter(iterable), *child;
    if (iterator == NULL)
        return -1;
    int result = 0;
    while (result == 0 && (child = PyIter_Next(iterator)) != NULL) {
        result = meet(walk, index, child);
        Py_DECREF(child);
    }
    Py_DECREF(iterator);
    return result == 0 && PyErr_Occurred() ? -1 : result;
}

static int
meet_dict(owned_freeze_walk *walk, Py_ssize_t index, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value))
        if (meet(walk, index, key) < 0 || meet(walk, index, value) < 0)
            return -1;
    return 0;
}

static int
convert(owned_freeze_walk *walk, Py_ssize_t index)
{
    PyObject *obj = walk->nodes[index].obj;
    PyObject *result = PyObject_CallOneArg(walk->nodes[index].plan->extra, obj);
    if (result == NULL)
        return -1;
    int kept = PyList_Append(walk->kept, result);
    Py_DECREF(result); /* kept by the walk */
    if (kept < 0)
        return -1;
    /* Something of the very type that was registered is taken to be what that type has for frozen: a read-only array. */
    Py_ssize_t found = Py_TYPE(result) == Py_TYPE(obj) ? PASSES : discover(walk, index, result);
    if (found == FAILED)
        return -1;
    walk->nodes[index].alias = found;
    if (found == PASSES)
        walk->nodes[index].made = Py_NewRef(result);
    return 0;
}

static int
expand(owned_freeze_walk *walk, Py_ssize_t index)
{
    owned_freeze_node *node = &walk->nodes[index];
    if (take(node) < 0)
        return -1;
    /* `walk->nodes` may move from here on. */
    PyObject *obj = node->obj, *copy = node->copy;
    switch ((owned_freeze_kind)node->kind) {
    case OWNED_FREEZE_LIST:
    case OWNED_FREEZE_TUPLE: {
        PyObject *items = copy != NULL ? copy : obj;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++)
            if (meet(walk, index, PyTuple_GET_ITEM(items, i)) < 0)
                return -1;
        return 0;
    }
    case OWNED_FREEZE_SET:
    case OWNED_FREEZE_FROZENSET:
        return meet_all(walk, index, copy != NULL ? copy : obj);
    case OWNED_FREEZE_DICT:
    case OWNED_FREEZE_FROZENDICT:
        return meet_dict(walk, index, copy);
    case OWNED_FREEZE_INSTANCE: {
        walk->instances++;
        PyObject **values = node->values, *members = node->plan->members;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(members); i++)
            if (values[i] != NULL && meet(walk, index, values[i]) < 0)
                return -1;
        return copy == NULL ? 0 : meet_dict(walk, index, copy);
    }
    case OWNED_FREEZE_CONVERT:
        return convert(walk, index);
    case OWNED_FREEZE_METHOD:
        return meet(walk, index, PyMethod_GET_SELF(obj));
    case OWNED_FREEZE_WRAPPER: {
        PyObject *inside = ((owned_wrapper *)obj)->wrapped;
        return inside == NULL ? 0 : meet(walk, index, inside);
    }
    default:
        return 0;
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

static int
gather(owned_freeze_walk *walk, PyObject *const *roots, Py_ssize_t count)
{
    walk->kept = PyList_New(0);
    if (walk->kept == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (discover(walk, -1, roots[i]) == FAILED)
            return -1;
    for (size_t i = 0; i < walk->nodes_used && !walk->unfrozen; i++)
        if (expand(walk, (Py_ssize_t)i) < 0)
            return -1;
    return 0;
}

int
owned_freeze_walk_from(owned_freeze_walk *walk, PyObject *const *roots, Py_ssize_t count)
{
    *walk = (owned_freeze_walk){0};
    return gather(walk, roots, count) < 0 || owned_freeze_make(walk) < 0 ? -1 : 0;
}

int
owned_freeze_walk_probe(owned_freeze_walk *walk, PyObject *root)
{
    *walk = (owned_freeze_walk){.probing = 1};
    return gather(walk, &root, 1) < 0 ? -1 : !walk->unfrozen;
}

int
owned_freeze_walk_met(const owned_freeze_walk *walk, PyObject *obj)
{
    uintptr_t index;
    return owned_identity_find(&walk->indexes, obj, &index);
}

void
owned_freeze_walk_release(owned_freeze_walk *walk)
{
    for (size_t i = 0; i < walk->nodes_used; i++) {
        owned_freeze_node *node = &walk->nodes[i];
        if (node->values != NULL)
            for (Py_ssize_t m = 0; m < PyTuple_GET_SIZE(node->plan->members); m++)
                Py_XDECREF(node->values[m]);
        PyMem_Free(node->values);
        Py_XDECREF(node->copy);
        Py_XDECREF(node->made);
        Py_DECREF(node->obj);
    }
    PyMem_Free(walk->nodes);
    PyMem_Free(walk->edges);
    owned_identity_release(&walk->indexes);
    owned_identity_release(&walk->plans);
    Py_CLEAR(walk->kept);
    *walk = (owned_freeze_walk){0};
}
