/* Condition: waiting for what another thread does under the same lock. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CONDITION_H
#define OWNED_CONDITION_H

#include "lock.h"

/* The lock of a Condition, or of an instance of a subclass. Borrowed: it stays the same for life. NULL with a
 * RuntimeError if __init__ has not been called. */
PyObject *owned_condition_lock_borrowed(PyObject *condition);

#endif
