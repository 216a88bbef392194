/* freeze(obj): walk and prove (freeze_walk.c), then commit. Everything that can be made beforehand has been made when
 * the commit begins; what is left are assignments to __class__, __dict__ and slots. Should one fail all the same (no
 * memory to take an instance's fields out of its body, somebody's audit hook), all that was assigned is put back. */
// SPDX-License-Identifier: MIT
#include "freeze_walk.h"
#include "life.h"
#include "membrane.h"
#include "state.h"
#include "stats.h"
#include "verbs.h"
#include "wrapper.h"

int owned_freeze_add(PyObject *module);
int owned_frozen_type_add(PyObject *module);
int owned_frozendict_add(PyObject *module);
int owned_freeze_plan_add(PyObject *module);

enum { CLASS_SET = 1, FIELDS_SET = 2 };

/* ---- instances --------------------------------------------------------------------------------------------- */

/* Put what stands for the slots' values into the slots, or back what was there: the two change places each time. */
static int
swap_slots(owned_freeze_walk *walk, owned_freeze_node *node, int back)
{
    PyObject *members = node->plan->members;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(members); i++) {
        PyObject *value = node->values[i];
        PyObject *next = back || value == NULL ? value : owned_freeze_final_borrowed(walk, value);
        if (!back && next == value)
            continue;
        PyMemberDescrObject *member = (PyMemberDescrObject *)PyTuple_GET_ITEM(members, i);
        if (value != NULL && PyMember_SetOne((char *)node->obj, member->d_member, next) < 0)
            return -1;
    }
    return 0;
}

/* Give the instance the dict in node->copy, and node->copy the one it had. */
static int
swap_dict(owned_freeze_node *node)
{
    if (node->copy == NULL)
        return 0;
    PyObject *old = PyObject_GenericGetDict(node->obj, NULL);
    if (old == NULL)
        return -1;
    if (PyObject_GenericSetDict(node->obj, node->copy, NULL) < 0) {
        Py_DECREF(old);
        return -1;
    }
    Py_SETREF(node->copy, old);
    return 0;
}

static int
commit_instance(owned_freeze_walk *walk, owned_freeze_node *node)
{
    if (owned_frozen_set_class(node->obj, node->plan->frozen) < 0)
        return -1;
    node->committed = CLASS_SET;
    if (swap_dict(node) < 0)
        return -1;
    node->committed = FIELDS_SET;
    return swap_slots(walk, node, 0);
}

static void
take_back_instance(owned_freeze_walk *walk, owned_freeze_node *node)
{
    if (node->committed == 0)
        return;
    int failed = node->committed == FIELDS_SET && (swap_slots(walk, node, 1) < 0 || swap_dict(node) < 0);
    if (failed || owned_frozen_set_class(node->obj, node->plan->frozen->tp_base) < 0)
        PyErr_WriteUnraisable((PyObject *)Py_TYPE(node->obj));
    node->committed = 0;
}

static void
take_back(owned_freeze_walk *walk, size_t count)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    while (count > 0)
        if (walk->nodes[--count].kind == OWNED_FREEZE_INSTANCE)
            take_back_instance(walk, &walk->nodes[count]);
    PyErr_Restore(type, value, traceback);
}

/* ---- regions ----------------------------------------------------------------------------------------------- */

/* What the inside of a wrapper will be, and what it is. */
static PyObject *
final_inside_borrowed(owned_freeze_walk *walk, owned_freeze_node *node, PyObject **inside)
{
    *inside = ((owned_wrapper *)node->obj)->wrapped;
    return *inside == NULL ? NULL : owned_freeze_final_borrowed(walk, *inside);
}

static int
is_listed(PyObject *wrapper)
{
    return Py_TYPE(wrapper)->tp_dealloc == owned_wrapper_dealloc_listed;
}

/* Take the places that wrappers whose inside is replaced had in the table of membranes back out of it. */
static void
leave_membranes(owned_freeze_walk *walk, size_t count)
{
    PyObject *inside, *final;
    while (count-- > 0) {
        owned_freeze_node *node = &walk->nodes[count];
        if (node->kind == OWNED_FREEZE_WRAPPER && is_listed(node->obj) &&
            (final = final_inside_borrowed(walk, node, &inside)) != inside)
            owned_membrane_leave(final);
    }
}

/* List the new insides of wrappers, in the region that they will have. 0, or -1 with an error set. */
static int
enter_membranes(owned_freeze_walk *walk, owned_region *frozen)
{
    PyObject *inside, *final;
    for (size_t i = 0; i < walk->nodes_used; i++) {
        owned_freeze_node *node = &walk->nodes[i];
        if (node->kind != OWNED_FREEZE_WRAPPER || !is_listed(node->obj) ||
            (final = final_inside_borrowed(walk, node, &inside)) == inside)
            continue;
        owned_region *counts = owned_membrane_enter(final, frozen);
        if (counts == NULL) {
            leave_membranes(walk, i);
            return -1;
        }
        Py_DECREF((PyObject *)counts);
    }
    return 0;
}

/* A wrapper's membrane is frozen as a whole: what came out of it earlier may not write either. */
static void
freeze_wrapper(owned_freeze_walk *walk, owned_freeze_node *node, owned_region *frozen)
{
    owned_wrapper *wrapper = (owned_wrapper *)node->obj;
    PyObject *inside, *final = final_inside_borrowed(walk, node, &inside);
    owned_region *membrane = owned_region_of(node->obj, &wrapper->region);
    if (membrane != NULL && membrane->membrane && owned_region_is_mine(membrane))
        owned_region_forward(membrane, frozen);
    else if (membrane != frozen)
        owned_region_repoint(node->obj, &wrapper->region, frozen);
    Py_XDECREF((PyObject *)membrane);
    if (final != inside)
        owned_wrapper_replace_inside(node->obj, final);
}

static void
give_regions(owned_freeze_walk *walk, owned_region *frozen)
{
    for (size_t i = 0; i < walk->nodes_used; i++) {
        PyObject *obj = walk->nodes[i].obj;
        if (walk->nodes[i].kind == OWNED_FREEZE_WRAPPER)
            freeze_wrapper(walk, &walk->nodes[i], frozen);
        else if (walk->nodes[i].kind == OWNED_FREEZE_INSTANCE) {
            owned_region **where = owned_carried(obj);
            if (where != NULL)
                owned_region_repoint(obj, where, frozen);
            else
                owned_frozen_remember(obj, frozen);
        }
    }
}

/* ---- commit ------------------------------------------------------------------------------------------------ */

static int
commit(owned_freeze_walk *walk, owned_region *frozen)
{
    if (owned_frozen_reserve(walk->instances) < 0 || enter_membranes(walk, frozen) < 0)
        return -1;
    for (size_t i = 0; i < walk->nodes_used; i++) {
        if (walk->nodes[i].kind != OWNED_FREEZE_INSTANCE || commit_instance(walk, &walk->nodes[i]) == 0)
            continue;
        take_back(walk, i + 1);
        leave_membranes(walk, walk->nodes_used);
        return -1;
    }
    give_regions(walk, frozen);
    return 0;
}

/* ---- freeze(region) ---------------------------------------------------------------------------------------- */

static const owned_access freezing = {OWNED_VERB, "freeze", NULL, 1};

/* A guarded object whose region is `region`, which is resolved. */
static int
is_in(owned_region *region, PyObject *obj)
{
    owned_region **where = owned_carried(obj);
    owned_region *r = where == NULL ? NULL : owned_region_of(obj, where);
    Py_XDECREF((PyObject *)r);
    return r == region;
}

static int
is_container(PyObject *obj)
{
    return PyList_Check(obj) || PyDict_Check(obj) || PySet_Check(obj);
}

/* A region does not know its objects: the collector does. Two lists: what can be frozen in place, and the containers. */
static int
find_objects(owned_region *region, PyObject *instances, PyObject *containers)
{
    PyObject *all = PyObject_CallNoArgs(owned_the_state->get_objects);
    int result = all == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(all); i++) {
        PyObject *obj = PyList_GET_ITEM(all, i); /* the list is ours alone */
        if (is_in(region, obj))
            result = PyList_Append(is_container(obj) ? containers : instances, obj);
    }
    Py_XDECREF(all);
    return result;
}

/* Every container has to be held by what is frozen, so that its copy takes its place. The first that is not, or NULL. */
static PyObject *
find_stray_borrowed(owned_freeze_walk *walk, PyObject *containers)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(containers); i++)
        if (!owned_freeze_walk_met(walk, PyList_GET_ITEM(containers, i)))
            return PyList_GET_ITEM(containers, i);
    return NULL;
}

static void
refuse_stray(owned_freeze_walk *walk, PyObject *stray)
{
    const char *name = owned_short_name(Py_TYPE(stray));
    PyObject *reason = PyUnicode_FromFormat(
        "this %s at %p was born in the Region, and no object in the Region holds it. A %s is frozen as a copy, and there is "
        "nothing here to put the copy into: freeze() the %s itself, hold it in a field of an object, or share() the Region",
        name, stray, name, name);
    if (reason != NULL)
        owned_freeze_fail(walk, -1, stray, reason);
    Py_XDECREF(reason);
}

/* The containers stay what they are, as wherever something that holds one is frozen: their owner's. */
static int
commit_region(owned_freeze_walk *walk, PyObject *obj, owned_region *region, PyObject *containers)
{
    PyObject *record = owned_verb_record("freeze", obj, walk->nodes_used);
    owned_region *frozen = record == NULL ? NULL : owned_region_new(OWNED_FROZEN, record, NULL, NULL);
    int result = frozen == NULL ? -1 : commit(walk, frozen);
    if (result == 0) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(containers); i++) {
            PyObject *container = PyList_GET_ITEM(containers, i);
            owned_region_repoint(container, owned_carried(container), owned_this_thread.birth);
        }
        owned_life_step((PyObject *)region, record);
        owned_region_forward(region, frozen);
        owned_count(OWNED_COUNT_FREEZES);
    }
    Py_XDECREF((PyObject *)frozen);
    Py_XDECREF(record);
    return result;
}

enum { FROZEN, STRAY };

static int
try_region(PyObject *obj, owned_region *region, int is_last)
{
    owned_freeze_walk walk = {0};
    PyObject *instances = PyList_New(0), *containers = PyList_New(0), *stray;
    int result = -1;
    if (instances == NULL || containers == NULL || find_objects(region, instances, containers) < 0 ||
        owned_freeze_walk_from(&walk, PySequence_Fast_ITEMS(instances), PyList_GET_SIZE(instances)) < 0)
        goto done;
    if ((stray = find_stray_borrowed(&walk, containers)) == NULL)
        result = commit_region(&walk, obj, region, containers) < 0 ? -1 : FROZEN;
    else if (!is_last)
        result = STRAY;
    else
        refuse_stray(&walk, stray);
done:
    owned_freeze_walk_release(&walk);
    Py_XDECREF(instances);
    Py_XDECREF(containers);
    return result;
}

/* A container that nobody holds may be garbage that the collector has not met yet. */
static int
freeze_region(PyObject *obj, owned_region *region)
{
    owned_region_state state = owned_region_state_of(region);
    if (state == OWNED_FROZEN)
        return 0;
    if (state == OWNED_SHARED)
        return owned_refuse(owned_the_state->OwnershipError, "freeze", obj,
                            "this Region is shared: its objects belong to their lock now, among others, and are frozen one "
                            "by one, under the lock");
    if (!owned_region_is_mine(region)) {
        owned_violation(obj, region, &freezing, NULL);
        return -1;
    }
    if (owned_verb_refuse_open("freeze", region) < 0)
        return -1;
    int result = try_region(obj, region, 0);
    if (result == STRAY) {
        PyObject *collected = PyObject_CallNoArgs(owned_the_state->collect);
        result = collected == NULL ? -1 : try_region(obj, region, 1);
        Py_XDECREF(collected);
    }
    return result;
}

/* ---- freeze(obj) ------------------------------------------------------------------------------------------- */

static PyObject *
freeze_whole_region(PyObject *obj)
{
    owned_region *region = owned_region_resolve((owned_region *)obj);
    int result = freeze_region(obj, region);
    Py_DECREF((PyObject *)region);
    return result < 0 ? NULL : Py_NewRef(obj);
}

PyObject *
owned_freeze(PyObject *obj)
{
    owned_freeze_walk walk;
    PyObject *record = NULL, *result = NULL;
    owned_region *frozen = NULL;
    if (owned_thread_id() == 0)
        return NULL;
    if (Py_IS_TYPE(obj, owned_the_state->Region))
        return freeze_whole_region(obj);
    if (owned_freeze_walk_from(&walk, &obj, 1) < 0)
        goto done;
    if (walk.nodes_used == 0) {
        result = Py_NewRef(obj);
        goto done;
    }
    record = owned_verb_record("freeze", obj, walk.nodes_used);
    frozen = record == NULL ? NULL : owned_region_new(OWNED_FROZEN, record, NULL, NULL);
    if (frozen != NULL && commit(&walk, frozen) == 0) {
        owned_count(OWNED_COUNT_FREEZES);
        result = Py_NewRef(owned_freeze_final_borrowed(&walk, obj));
    }
done:
    owned_freeze_walk_release(&walk);
    Py_XDECREF((PyObject *)frozen);
    Py_XDECREF(record);
    return result;
}

static PyObject *
freeze_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return owned_freeze(obj);
}

static PyObject *
is_frozen_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_freeze_walk walk;
    int frozen = owned_freeze_walk_probe(&walk, obj);
    owned_freeze_walk_release(&walk);
    return frozen < 0 ? NULL : PyBool_FromLong(frozen);
}

static PyObject *
freeze_record_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_region *region = owned_frozen_region(obj);
    PyObject *record = region == NULL ? NULL : owned_region_record(region);
    Py_XDECREF((PyObject *)region);
    return record != NULL ? record : Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"freeze", freeze_impl, METH_O, PyDoc_STR("freeze(obj, /)\n--\n\nSee owned.freeze.")},
    {"is_frozen", is_frozen_impl, METH_O, PyDoc_STR("is_frozen(obj, /)\n--\n\nSee owned.is_frozen.")},
    {"freeze_record", freeze_record_impl, METH_O,
     PyDoc_STR("freeze_record(obj, /)\n--\n\nThe Record of the freeze() that froze an instance in place, or None.")},
    {NULL, NULL, 0, NULL},
};

int
owned_freeze_add(PyObject *module)
{
    if (owned_frozen_type_add(module) < 0 || owned_frozendict_add(module) < 0 || owned_freeze_plan_add(module) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
