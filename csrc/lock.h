/* Lock and RLock, and the regions of other people's locks. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LOCK_H
#define OWNED_LOCK_H

#include "check.h"
#include "held.h"

/* What every lock that objects can be shared under begins with: it is a region, and strict mode knows it by its tag. */
typedef struct {
    owned_region region;
    owned_lock_tag tag;
} owned_lock_head;

/* The region that stands for `lock`: one of ours is its own; a foreign lock that can tell who holds it has one as long as
 * something is shared under it. New reference; TypeError for a lock that cannot tell, and for what is no lock. */
owned_region *owned_lock_region(PyObject *lock);

/* A lock of ours that objects can be shared under: a Lock, an RLock or an RWLock (or of a subclass). */
int owned_lock_check(PyObject *obj);

/* Has the thread with this id, which holds a lock, ended? 1, 0, or -1 with an error set. A thread that ended holding a lock
 * is remembered; one that is not has just released it, or is just being registered. */
int owned_holder_has_finished(uint64_t id);

/* Take over a lock of ours whose holder's thread has finished: this thread holds it once from now on. 0 (also where this
 * thread holds it already), or -1 with an error set: nobody holds it, or a thread that lives. */
int owned_lock_adopt(PyObject *lock);

/* acquire() of a lock of any kind, by the shortest way, in nanoseconds (0: do not wait, OWNED_FOR_EVER). 1: this thread holds it
 * now, 0: not in time, -1: an error is set. */
int owned_lock_take(PyObject *lock, int64_t timeout);

/* acquire() and release() of a lock of any kind, by the shortest way. 0, or -1 with an error set. */
int owned_lock_enter(PyObject *lock);
int owned_lock_leave(PyObject *lock);

/* The lock that a thread takes to touch a guarded object or Region, None where it needs none. NULL with an error set: no
 * lock would help (the violation is told as `how` and `detail` say), or the object has no region. */
PyObject *owned_lock_to_take(PyObject *obj, const owned_access *how, PyObject *detail);

int owned_lock_add(PyObject *module);

#endif
