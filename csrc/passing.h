/* May this thread give a value to another one, as it is? */
// SPDX-License-Identifier: MIT
#ifndef OWNED_PASSING_H
#define OWNED_PASSING_H

#include "carrier.h"

/* From the best to the worst: a tuple is what the worst in it is. The numbers are owned._passing.Passing's. */
typedef enum {
    OWNED_PASSES,            /* it cannot change, is frozen, shared, a parcel, or guards itself (a lock, a queue, ...) */
    OWNED_PASSES_MOVED,      /* guarded and this thread's: move it */
    OWNED_PASSES_NOT,        /* guarded, and neither this thread's nor shared: another's, moved, orphaned */
    OWNED_PASSES_UNGUARDED,  /* it can change, and nobody guards it */
} owned_passing;

/* What becomes of `value` when this thread gives it to another. Looks into tuples, frozensets, frozendicts, bound methods
 * and partials, not into what is frozen, shared or private as a whole. -1 with an error set. */
int owned_passing_of(PyObject *value);

#endif
