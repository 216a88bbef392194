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

#include "task_private.h"
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
    uint64_t state;                /* owned_region_state; atomic: read it through owned_region_state_of() */
    struct owned_region *forward;  /* strong; only when FORWARDED */
    owned_thread_info *owner;      /* strong; PRIVATE: the holder's, IN_TRANSIT: the last holder's; else NULL or the sharer's */
    PyObject *record;              /* strong: owned._records.Record of the verb that brought this state, or NULL */
    PyObject *foreign;             /* strong: the lock of somebody else's kind that guards it (SHARED), or NULL */
    PyObject *foreign_is_held;     /* strong: callable that says whether the calling thread holds `foreign`, or NULL */
    owned_task_info *task;         /* strong: the task that it is PRIVATE to, and then nobody is the holder; or NULL; atomic */
    struct owned_region *outer;    /* strong; while a `with Region()` block is open: the birth region around it */
    PyObject *weakrefs;
    char named;                    /* a Region() that the program has: it stays itself when it arrives in a task */
    char membrane;                 /* of one own() and what came out of it: forwarded and moved as a whole */
    char home;                     /* a thread's home region; what own() gave is in it until something comes out of that */
    char of_call;                  /* of a call that a thread makes for another one (task.c): it goes as a whole, to the taker */
    char left;                     /* IN_TRANSIT to whoever touches it first; see owned_region_leave() */
} owned_region;

static inline owned_region_state
owned_region_state_of(owned_region *r)
{
    return (owned_region_state)owned_load_u64(&r->state);
}

/* A new region. PRIVATE: held by this thread. SHARED: `foreign` is the lock and
 * `is_held` says whether the calling thread holds it. New reference, NULL with an error set. */
owned_region *owned_region_new(owned_region_state state, PyObject *record, PyObject *foreign, PyObject *is_held);

/* A new PRIVATE region held by the thread of `info`. New reference, NULL with an error set. */
owned_region *owned_region_new_held(owned_thread_info *info);

/* A membrane for what is in `home`, which is a home region, in the same hands. New reference, NULL with an error set. */
owned_region *owned_region_new_membrane(owned_region *home);

/* Follow forwards to the region that counts now. New reference; cannot fail. */
owned_region *owned_region_resolve(owned_region *r);

/* The region of an object whose pointer is *where, resolved, *where re-pointed at it if it had been forwarded.
 * New reference; NULL without an error if the object has none yet. Cannot fail. */
owned_region *owned_region_of(PyObject *obj, owned_region **where);

/* Point *where at `to` (which gains a reference). The old region is released after the critical section. What is in a membrane
 * of this thread's takes that along. */
void owned_region_repoint(PyObject *obj, owned_region **where, owned_region *to);

/* The same if it points at `from` still: 1, or 0 if it does not. Cannot fail. */
int owned_region_repoint_from(PyObject *obj, owned_region **where, owned_region *from, owned_region *to);

/* The region pointer of a wrapper is read, through the table of membranes, by threads that have no reference to the wrapper:
 * beside the critical section of the wrapper a mutex guards it. */
#ifdef Py_GIL_DISABLED
void owned_region_lock_pointer(PyObject *wrapper);
void owned_region_unlock_pointer(PyObject *wrapper);
#else
#  define owned_region_lock_pointer(wrapper) ((void)(wrapper))
#  define owned_region_unlock_pointer(wrapper) ((void)(wrapper))
#endif

/* The same if the object is orphaned, in one step: 1, or 0 if it is not, as another thread was first. Cannot fail. */
int owned_region_repoint_orphan(PyObject *obj, owned_region **where, owned_region *to);

/* Keep `record` as the region's unless it has one. */
void owned_region_note(owned_region *r, PyObject *record);

/* PRIVATE, held by this thread -> IN_TRANSIT; nobody may touch until it arrives. Cannot fail. */
void owned_region_depart(owned_region *r, PyObject *record);

/* IN_TRANSIT, or PRIVATE and orphaned or inherited by this thread -> PRIVATE, held by this (registered) thread. What is PRIVATE
 * to a task_private() task arrives only if that was seen to have ended. 1 if it was so, 0 if another thread was first. Cannot
 * fail. What was in transit and arrives while a call runs on this thread (task.c) belongs to the call: it is forwarded to the
 * call's region, unless it is a Region() that the program has. */
int owned_region_arrive(owned_region *r, PyObject *record);

/* Everything in `from` belongs to `to` from now on. `from` must be PRIVATE (held by this thread, or orphaned) or
 * IN_TRANSIT, and must not be `to`. Cannot fail. */
void owned_region_forward(owned_region *from, owned_region *to);

/* PRIVATE, held by this thread -> IN_TRANSIT to whoever touches it first. Cannot fail. */
void owned_region_leave(owned_region *r);

/* IN_TRANSIT to whoever touches it first -> PRIVATE, held by this (registered) thread. 1 if it was so. Cannot fail. */
int owned_region_take(owned_region *r);

/* PRIVATE, and left by a thread that this one adopted: then it is held by this one from now on. Cannot fail. */
int owned_region_inherit(owned_region *r);

/* PRIVATE, held by this thread -> PRIVATE to a task. Cannot fail. */
void owned_region_bind(owned_region *r, owned_task_info *task, PyObject *record);

/* The task that it is PRIVATE to, or NULL. New reference. */
owned_task_info *owned_region_task(owned_region *r);

/* PRIVATE to the task that runs on this thread now. Keeps an error that is set; may run Python. */
OWNED_COLD int owned_region_is_my_tasks(owned_region *r);

/* PRIVATE, and this thread holds it, or the task that runs on it, or the thread takes it now. */
static inline int
owned_region_is_mine(owned_region *r)
{
    owned_region_state state = owned_region_state_of(r);
    if (state != OWNED_PRIVATE)
        return state == OWNED_IN_TRANSIT && owned_region_take(r);
    if (owned_load_u64(&r->holder) == owned_this_thread.id)
        return 1;
    return owned_load_ptr(&r->task) != NULL ? owned_region_is_my_tasks(r) : owned_region_inherit(r);
}

/* What is private to a thread joins what it is stored in: that is SHARED, or a task's. */
static inline int
owned_region_gathers(owned_region *r)
{
    return owned_region_state_of(r) == OWNED_SHARED || owned_load_ptr(&r->task) != NULL;
}

/* PRIVATE, and its holder's thread has finished, or its task has. May run Python. */
int owned_region_is_orphaned(owned_region *r);

/* A `with Region()` block is open on it: objects are being born in it. */
static inline int
owned_region_is_open(owned_region *r)
{
    return owned_load_ptr(&r->outer) != NULL;
}

/* New references to fields that change under the region's critical section, or NULL. */
owned_thread_info *owned_region_owner(owned_region *r);
PyObject *owned_region_record(owned_region *r);

/* The lock that guards a SHARED (resolved) region, ours or somebody else's, or None. New reference; cannot fail. */
PyObject *owned_region_lock(owned_region *r);

/* (state, owner, holder, lock, record) of a resolved region, for messages and for Python; the TaskInfo in the place of the
 * lock where it is PRIVATE to a task. New reference, NULL with an error. */
PyObject *owned_region_facts(owned_region *r);

/* "private", "shared", "frozen", "in transit" or "orphaned", and in *now the region that counts: a new reference. */
const char *owned_region_named(owned_region *r, owned_region **now);

/* Give the pooled memory back, when the module goes. */
struct owned_state;
void owned_region_drain_pool(struct owned_state *state);

/* Begin a block: this thread's objects are born in `r` from now on, instead of in `outer`, its birth region. */
void owned_region_open(owned_region *r, owned_region *outer);

/* Close the blocks a thread left open when it ended: `birth` is its birth region, `home` where the chain ends. */
void owned_region_close_blocks(owned_region *birth, owned_region *home);

/* Set the region part of a new lock object: SHARED, held by nobody. */
void owned_region_init_lock(owned_region *r);

/* Collector support shared with the lock types, whose structs begin with an owned_region. */
int owned_region_traverse(PyObject *self, visitproc visit, void *arg);
int owned_region_clear(PyObject *self);
void owned_region_dealloc(PyObject *self);
void owned_region_dealloc_lock(PyObject *self); /* all of tp_dealloc for a lock once its own fields are gone */

#endif
