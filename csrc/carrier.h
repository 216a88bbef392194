/* What carries a region: every guarded type, told apart in one place.
 *
 *     Owned instances   object.c    region right behind the object header
 *     List, Dict, Set   list.c ...  region behind the list, dict or set
 *     wrappers          wrapper.c   region behind the wrapped object
 */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CARRIER_H
#define OWNED_CARRIER_H

#include "check.h"

typedef struct { PyObject_HEAD owned_region *region; } owned_object;
typedef struct { PyListObject list; owned_region *region; PyObject *weakrefs; } owned_list;
typedef struct { PyDictObject dict; owned_region *region; PyObject *weakrefs; } owned_dict;
typedef struct { PySetObject set; owned_region *region; } owned_set; /* a set has its own list of weak references */
/* The inside is in `wrapped`; a wrapper's region is its membrane's, shared by all that came out of one own(), or a home region
 * while nothing has (membrane.h). Where the inside can be weakly referenced, so can its wrapper: the list of weak references
 * follows. */
typedef struct { PyObject_HEAD PyObject *wrapped; owned_region *region; } owned_wrapper;

/* Where obj's region pointer is, or NULL when obj carries none. Cannot fail, looks at nothing but the type. */
owned_region **owned_carried(PyObject *obj);

/* The type a user knows the object by: the wrapped object's for a wrapper, and for the wrapper of a bound method that of the object
 * it is bound to. New reference; cannot fail. */
PyTypeObject *owned_known_type(PyObject *obj);

/* Give a subclass of Owned that was never prepared (object.c) its checks. Idempotent; runs Python. 0, or -1 with an error set. */
int owned_object_prepare(PyTypeObject *type);
/* The member descriptor that a CheckedSlot stands for. Borrowed. */
PyObject *owned_slot_member_borrowed(PyObject *slot);

/* Do instances of this type have a __dict__? */
int owned_type_has_dict(PyTypeObject *type);

/* The values that settle (settle.h) as what they are in any region, told by their type alone. */
static inline int
owned_is_scalar(PyObject *value)
{
    return value == Py_None || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
           PyBool_Check(value) || PyBytes_CheckExact(value);
}

/* A value that no code can change: exact immutable builtins, and tuples and frozensets of them are *not* looked into. */
int owned_is_atomic(PyObject *value);

/* The containers' makers, used by settle.c: an empty one in `region`. New reference. */
PyObject *owned_list_new(owned_region *region);
PyObject *owned_dict_new(owned_region *region);
PyObject *owned_set_new(owned_region *region);

#endif
