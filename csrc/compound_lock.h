/* Several locks taken as one, and what the kinds of locks have in common from outside. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_COMPOUND_LOCK_H
#define OWNED_COMPOUND_LOCK_H

#include "lock.h"

/* nb_add of every kind of lock: a CompoundLock of all that both operands stand for. */
PyObject *owned_compound_add(PyObject *left, PyObject *right);

/* The lock that `obj` stands for: itself, a Condition's, the RWLock of a write side. New reference; TypeError for what is none of ours, which
 * begins with `call` ("Condition() takes a lock of owned's") and names what to use instead. */
PyObject *owned_lock_behind(PyObject *obj, const char *call);

/* Does this thread hold the lock, so that taking it is not needed? Of ours of every kind; all of them, for a CompoundLock.
 * 0 for all others. */
int owned_lock_is_held(PyObject *lock);

#endif
