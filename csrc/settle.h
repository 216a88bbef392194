/* Storing a value in a guarded object, in three steps, so that it is never half done:
 *
 *     owned_settle()    makes what is stored, and finds what has to join the object's region: all that can fail
 *     the store         the caller's, of `settling.value`
 *     owned_settled()   what was found joins if the value was stored, and stays what it is if not: cannot fail
 */
// SPDX-License-Identifier: MIT
#ifndef OWNED_SETTLE_H
#define OWNED_SETTLE_H

#include "graph.h"
#include "mode.h"

typedef struct {
    PyObject *value;       /* strong: what to store, NULL to delete */
    owned_region *joining; /* strong: where `graph` joins; NULL: nothing has to, and `graph` is not set */
    owned_graph graph;
    PyObject *record;      /* strong; set when `joining` is: the Record of the store, in strict mode, or NULL */
} owned_settling;

int owned_settle_slow(owned_settling *settling, PyObject *value, owned_region *region);
void owned_settling_end(owned_settling *settling, int stored);

static inline void
owned_settle_as_is(owned_settling *settling, PyObject *value)
{
    settling->value = Py_XNewRef(value);
    settling->joining = NULL;
}

/* Is a value that is stored in an object of this thread's, alone, stored as it is, with nothing to settle and to warn of? An int is
 * told apart first: compilers make one sum of comparisons that stand together, and then make all of them each time. */
static inline int
owned_is_stored_as_is(PyObject *value, owned_region *region)
{
    if (PyLong_CheckExact(value))
        return 1;
    if (owned_mode_is_strict() || owned_region_gathers(region))
        return owned_is_scalar(value);
    return !PyList_CheckExact(value) && !PyDict_CheckExact(value) && !PySet_CheckExact(value);
}

/* Put it into a field of such an object, where fields may be written directly. */
static inline void
owned_replace_field(PyObject **field, PyObject *value)
{
    PyObject *before = *field;
    *field = Py_NewRef(value);
    Py_XDECREF(before);
}

/* `value`, which may be NULL, is about to be stored in a guarded object whose region is `region` (resolved, and this
 * thread may write there). An exact list, dict or set becomes a List, Dict or Set in that region, recursively; a
 * private object of this thread stored in a SHARED region or a task's joins it with all it reaches; anything else passes.
 * 0, and owned_settled() is due; or -1 with an error set, nothing changed and nothing due. */
static inline int
owned_settle(owned_settling *settling, PyObject *value, owned_region *region)
{
    if (value != NULL && !owned_is_scalar(value))
        return owned_settle_slow(settling, value, region);
    owned_settle_as_is(settling, value);
    return 0;
}

/* The joining alone: `value` stays the caller's. */
static inline void
owned_settle_joining(owned_settling *settling, int stored)
{
    if (OWNED_UNLIKELY(settling->joining != NULL))
        owned_settling_end(settling, stored);
}

/* The end of it: `result` of the store, negative if it failed, is given back. Keeps an error that is set. */
static inline int
owned_settled(owned_settling *settling, int result)
{
    owned_settle_joining(settling, result >= 0);
    Py_XDECREF(settling->value);
    return result;
}

/* The same for a store whose result is an object, or NULL. */
static inline PyObject *
owned_settled_object(owned_settling *settling, PyObject *result)
{
    owned_settled(settling, result == NULL ? -1 : 0);
    return result;
}

#endif
