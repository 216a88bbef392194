/* What List, Dict and Set have in common.
 *
 * Each is a subclass of the builtin with a region behind it. Every way in checks, then hands over to the builtin's
 * own slot or method, so what a list, dict or set means, and its locking on free-threaded builds, stays CPython's.
 * Nothing here looks into a builtin's memory without it: the C code of others (heapq, set.update, ...) may be there
 * without asking us.
 *
 *     containers.c   delegation to the builtin's methods, settling in bulk
 *     iterator.c     the iterator of all of them: checks at every step
 *     views.c        keys(), values(), items() of a Dict
 */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CONTAINERS_H
#define OWNED_CONTAINERS_H

#include "strict.h"
#include "life.h"
#include "settle.h"
#include "state.h"

/* ---- accesses all three have --------------------------------------------------------------------------------- */

extern const owned_access owned_on_init, owned_on_len, owned_on_contains, owned_on_iteration;
extern const owned_access owned_on_compare[6]; /* by Py_LT ... Py_GE */

/* ---- delegation ---------------------------------------------------------------------------------------------- */

/* A method of a builtin type. `base` is the interpreter's own static data, found by name at module start. */
typedef struct {
    owned_access how;
    const PyMethodDef *base;
} owned_method;

/* Find every methods[i].base in `type`, and give defs[i] of the same name its docstring. 0 or -1. */
int owned_methods_bind(PyTypeObject *type, owned_method *methods, size_t count, PyMethodDef *defs);

/* The builtin's method, called with a vector of arguments whatever its own convention is. */
PyObject *owned_method_call(const owned_method *method, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames);

/* May this thread read `operand`, if it is a guarded container? The builtins look straight into lists, dicts and sets
 * that they are given. 0 or -1. */
int owned_operand_check(PyObject *operand, const owned_access *how);
int owned_operands_check(PyObject *const *operands, Py_ssize_t count, const owned_access *how);

/* ---- settling ------------------------------------------------------------------------------------------------ */

/* owned_settle() of a value, which may be NULL, to be stored in `self`, whose region pointer is *where. */
static inline int
owned_settle_into(owned_settling *settling, PyObject *self, owned_region **where, PyObject *value)
{
    if (value == NULL || owned_is_scalar(value)) {
        owned_settle_as_is(settling, value);
        return 0;
    }
    owned_region *region = owned_region_of(self, where);
    int result = owned_settle_slow(settling, value, region);
    Py_DECREF((PyObject *)region);
    return result;
}

/* The same for all that an exact list, dict or set holds which nobody else knows yet, at once: what is in it twice
 * stays one. `plain` is stolen and may be NULL with an error set; settling->value becomes an exact list, dict or set,
 * perhaps another one. */
int owned_settle_content(owned_settling *settling, PyObject *self, owned_region **where, PyObject *plain);

/* A List, Dict or Set of this thread with what `plain` holds, settled unless it is known to be. `plain` as above. */
PyObject *owned_container_from(PyObject *plain, int is_settled);

/* Put all items of a Dict that was checked into a new, empty dict of either kind. PyDict_Copy() and PyDict_Update()
 * are quick with dicts whose tp_iter is dict's own, and go through keys() and checked items for ours. 0 or -1. */
int owned_dict_copy_into(PyObject *to, PyObject *from);

/* ---- subclasses ---------------------------------------------------------------------------------------------- */

/* What an __init_subclass__ of ours does for `cls`. */
PyObject *owned_container_init_subclass(PyTypeObject *base, PyObject *cls, PyObject *args, PyObject *kwargs);

int owned_container_setattr(PyObject *self, owned_region **where, PyObject *name, PyObject *value);

/* ---- birth, traversal and death: the same for all three, each with its own base -------------------------------- */

/* tp_alloc: type_new() gives Python subclasses the plain allocation, so theirs are born at the first touch. */
PyObject *owned_container_alloc(PyTypeObject *type, size_t region_offset);

/* An empty container of `type`, in `region`. New reference. */
PyObject *owned_container_new(PyTypeObject *type, size_t region_offset, owned_region *region);

#define OWNED_CONTAINER_LIFE(noun, Noun, Base, CLEAR_WEAKREFS)                                                         \
    static PyObject *noun##_alloc(PyTypeObject *type, Py_ssize_t Py_UNUSED(items))                                     \
    {                                                                                                                  \
        return owned_container_alloc(type, offsetof(owned_##noun, region));                                            \
    }                                                                                                                  \
                                                                                                                       \
    static int noun##_traverse(PyObject *self, visitproc visit, void *arg)                                             \
    {                                                                                                                  \
        Py_VISIT(Py_TYPE(self));                                                                                       \
        Py_VISIT((PyObject *)((owned_##noun *)self)->region);                                                          \
        return Base.tp_traverse(self, visit, arg);                                                                     \
    }                                                                                                                  \
                                                                                                                       \
    static PyObject *noun##_init_subclass(PyObject *cls, PyObject *args, PyObject *kwargs)                             \
    {                                                                                                                  \
        return owned_container_init_subclass(owned_the_state->Noun, cls, args, kwargs);                                \
    }                                                                                                                  \
                                                                                                                       \
    static int noun##_clear_slot(PyObject *self)                                                                       \
    {                                                                                                                  \
        return Base.tp_clear(self);                                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    static void noun##_dealloc(PyObject *self)                                                                         \
    {                                                                                                                  \
        PyObject_GC_UnTrack(self);                                                                                     \
        Py_TRASHCAN_BEGIN(self, noun##_dealloc)                                                                        \
        PyTypeObject *type = Py_TYPE(self);                                                                            \
        PyObject *region = (PyObject *)((owned_##noun *)self)->region;                                                 \
        CLEAR_WEAKREFS(self, noun)                                                                                     \
        owned_life_over(self);                                                                                         \
        Base.tp_dealloc(self);                                                                                         \
        Py_XDECREF(region);                                                                                            \
        Py_DECREF((PyObject *)type);                                                                                   \
        Py_TRASHCAN_END                                                                                                \
    }

#define OWNED_CLEAR_WEAKREFS(self, noun)                                                                               \
    if (((owned_##noun *)self)->weakrefs != NULL)                                                                      \
        PyObject_ClearWeakRefs(self);
#define OWNED_BASE_CLEARS_WEAKREFS(self, noun)

#define OWNED_INIT_SUBCLASS_METHOD(noun)                                                                               \
    {"__init_subclass__", (PyCFunction)(void (*)(void))noun##_init_subclass,                                           \
     METH_VARARGS | METH_KEYWORDS | METH_CLASS,                                                                        \
     PyDoc_STR("Let finalizers and reprs of a subclass work on any thread.")}

/* ---- iterators and views ------------------------------------------------------------------------------------- */

/* The builtin's iterator `inner` (stolen; may be NULL with an error set) over `container`, checked at every step
 * through the region that *where, inside the container, points at then. */
PyObject *owned_iterator_new(PyObject *container, owned_region **where, PyObject *inner);

typedef enum { OWNED_KEYS, OWNED_VALUES, OWNED_ITEMS } owned_view_kind;

/* The builtin's view `inner` (stolen; may be NULL with an error set) of `dict`, checked at every use. */
PyObject *owned_view_new(owned_view_kind kind, PyObject *dict, PyObject *inner);

/* ---- parts --------------------------------------------------------------------------------------------------- */

int owned_list_add(PyObject *module);
int owned_dict_add(PyObject *module);
int owned_set_add(PyObject *module);
int owned_iterator_add(PyObject *module);
int owned_views_add(PyObject *module);

#endif
