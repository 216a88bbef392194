/* The region: who may touch a set of objects now.
 *
 *                 share                     acquire writes the taker's id into holder, release clears it
 *     PRIVATE ------------> SHARED   (a lock is a region: sharing points the object at the lock)
 *      |  ^  \ freeze
 *  move|  |   `-----------> FROZEN   (for ever)
 *      v  |claim
 *    IN_TRANSIT             ORPHANED is not stored: it is PRIVATE whose holder's thread has finished
 *
 *    FORWARDED: everything in it belongs to `forward` now; objects re-point lazily, in the slow path.
 *
 * A guarded object holds one strong reference to its region. A region is a Python object in the collector's sight, and
 * every lock type extends it. `holder` is the only field that the fast path reads: it is atomic, acquire and release.
 * Every other field changes only under the region's critical section. The memory of plain regions is type-stable:
 * it goes back to a pool of ours and to nothing else, so a racing read of `holder` through a stale pointer reads a
 * region, at worst missing a race that is the program's own. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_REGION_H
#define OWNED_REGION_H

#include "thread.h"

typedef enum {
    OWNED_PRIVATE,
    OWNED_SHARED,
    OWNED_FROZEN,
    OWNED_IN_TRANSIT,
    OWNED_FORWARDED,
} owned_region_state;

typedef struct owned_region {
    PyObject_HEAD
    uint64_t holder;               /* the thread that may touch, or OWNED_NOBODY; atomic */
    int state;                     /* owned_region_state; read atomically through owned_region_state_of() */
    struct owned_region *forward;  /* strong; only when FORWARDED */
    owned_thread_info *owner;      /* strong; PRIVATE: the holder's, IN_TRANSIT: the last holder's; else NULL or the sharer's */
    PyObject *record;              /* strong: owned._records.Record of the verb that brought this state, or NULL */
    PyObject *foreign;             /* strong: the lock of somebody else's kind that guards it (SHARED), or NULL */
    struct owned_region *outer;    /* strong; while a `with Region()` block is open: the birth region around it */
    PyObject *weakrefs;
} owned_region;

static inline owned_region_state
owned_region_state_of(owned_region *r)
{
#if defined(_MSC_VER)
    return (owned_region_state)*(volatile int *)&r->state;
#else
    return (owned_region_state)__atomic_load_n(&r->state, __ATOMIC_ACQUIRE);
#endif
}

/* A new region. PRIVATE: held by this thread. SHARED: `foreign` is the lock. New reference, NULL with an error set. */
owned_region *owned_region_new(owned_region_state state, PyObject *record, PyObject *foreign);

/* Follow forwards to the region that counts now. New reference; cannot fail. */
owned_region *owned_region_resolve(owned_region *r);

/* The region of an object whose pointer is *where, resolved, *where re-pointed at it if it had been forwarded.
 * New reference; NULL without an error if the object has none yet. Cannot fail. */
owned_region *owned_region_of(PyObject *obj, owned_region **where);

/* Point *where at `to` (which gains a reference). The old region is released after the critical section. */
void owned_region_repoint(PyObject *obj, owned_region **where, owned_region *to);

/* Everything in `from` belongs to `to` from now on. `from` must be PRIVATE (held by this thread, or orphaned) or
 * IN_TRANSIT, and must not be `to`. Cannot fail. */
void owned_region_forward(owned_region *from, owned_region *to);

/* PRIVATE, and this thread holds it. */
static inline int
owned_region_is_mine(owned_region *r)
{
    return owned_region_state_of(r) == OWNED_PRIVATE && owned_load_u64(&r->holder) == owned_this_thread.id;
}

/* PRIVATE, and its holder's thread has finished. */
int owned_region_is_orphaned(owned_region *r);

/* Collector support shared with the lock types, whose structs begin with an owned_region. */
int owned_region_traverse(PyObject *self, visitproc visit, void *arg);
int owned_region_clear(PyObject *self);

int owned_region_add_types(PyObject *module);

#endif
