/* What the types that save a lock have in common. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_ATOMIC_H
#define OWNED_ATOMIC_H

#include "compat.h"

/* May every thread have `value`? 0, or -1 with the error set that calls it `name` and names the call. Not asked in the
 * mode off. */
int owned_may_pass(PyObject *value, const char *name, const char *call);

/* __reduce_ex__ of what cannot be copied: always NULL. */
PyObject *owned_refuse_copies(PyObject *self, PyObject *protocol);

#endif
