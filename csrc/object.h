/* What the class side of Owned shares. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_OBJECT_H
#define OWNED_OBJECT_H

#include "carrier.h"

/* The attribute that the first Python class in the type's MRO has under this name, as it stands there: 1 and a new reference, 0,
 * or -1 with an error set. */
int owned_find_in_classes(PyTypeObject *type, PyObject *name, PyObject **attribute);

/* May this attribute of an object that is shared be read or written without its lock? `__orig_class__` may be written;
 * else only where owned/_shared_by.py has marked the class: names that are listed there, and what is the class's:
 * methods, properties, values. 1, 0, or -1 with an error set. */
int owned_object_needs_no_lock(PyObject *obj, PyObject *name, int writes);

#endif
