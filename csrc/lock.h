/* Locks as regions: ours are their own, somebody else's get one made for them. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LOCK_H
#define OWNED_LOCK_H

#include "region.h"

/* The SHARED region for objects guarded by `lock`. New reference; TypeError for what cannot tell who holds it. */
owned_region *owned_lock_region(PyObject *lock);

/* Take a lock of ours over from a holder that has ended. */
int owned_lock_adopt(PyObject *lock);

#endif
