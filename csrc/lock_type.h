/* Lock and RLock between lock.c and lock_type.c: the struct, what takes a free one and gives it back without a call, and
 * the rest by name. And what the types of all our locks share. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LOCK_TYPE_H
#define OWNED_LOCK_TYPE_H

#include "lock.h"
#include "mode.h"
#include "watch.h"

typedef struct {
    owned_lock_head head;
    uint64_t again;   /* atomic, for repr() */
    uint64_t waiters; /* atomic */
    uint64_t posted;  /* atomic; 0 or 1 */
    PyThread_type_lock wakeup;
} owned_lock;

/* A lock of ours is released by a thread that does not hold it: sets the error. Always -1. */
OWNED_COLD int owned_lock_refuse_release(owned_lock *self);

/* Somebody waits for a lock that was given back just now: post a wake-up. */
OWNED_COLD void owned_lock_wake(owned_lock *self);

static inline int
owned_lock_is_mine(owned_lock *self)
{
    return owned_load_u64(&self->head.region.holder) == owned_this_thread.id;
}

static inline int
owned_lock_try_swap(owned_lock *self)
{
    return owned_under_gil_cas_u64(&self->head.region.holder, OWNED_NOBODY, owned_this_thread.id);
}

static inline void
owned_lock_note_taken(owned_lock *self, uint64_t again)
{
    owned_store_u64(&self->again, again);
    owned_this_thread.locks_held++;
}

/* This thread holds it, and only once. */
static inline void
owned_lock_give_back(owned_lock *self)
{
    owned_watch((PyObject *)self, OWNED_WATCH_GIVES_BACK);
    owned_held_remove(&self->head.tag);
    owned_this_thread.locks_held--;
    owned_under_gil_swap_u64(&self->head.region.holder, OWNED_NOBODY);
    if (OWNED_UNLIKELY(owned_under_gil_read_u64(&self->waiters) != 0))
        owned_lock_wake(self);
}

/* acquire() of a free lock: 1, or 0 where owned_lock_take_once() or owned_lock_take_recursive() has to see. */
static inline int
owned_lock_take_free(owned_lock *self)
{
    if (OWNED_UNLIKELY(owned_this_thread.birth == NULL || owned_locks_are_noted()) || !owned_lock_try_swap(self))
        return 0;
    owned_this_thread.locks_held++;
    return 1;
}

/* release() of either kind: a Lock is never taken again by its holder. 0, or -1 with an error set. */
static inline int
owned_lock_release(owned_lock *self)
{
    if (OWNED_UNLIKELY(!owned_lock_is_mine(self)))
        return owned_lock_refuse_release(self);
    if (self->again != 0)
        owned_store_u64(&self->again, self->again - 1);
    else
        owned_lock_give_back(self);
    return 0;
}

/* acquire() of a Lock and of an RLock, in nanoseconds (0: do not wait, OWNED_FOR_EVER). 1: this thread holds it now,
 * 0: not in time, -1: an error is set. */
int owned_lock_take_once(owned_lock *self, int64_t timeout);
int owned_lock_take_recursive(owned_lock *self, int64_t timeout);

/* Take it so many times, for a Condition; no signal interrupts the wait. 0 or -1. */
int owned_lock_acquire_restore(owned_lock *self, uint64_t depth);

/* Make it a free lock again in the child of a fork: 0, or -1 with an error set. Let go of what a dying one holds. */
int owned_lock_reinit(owned_lock *self);
void owned_lock_clear(owned_lock *self);

/* ---- for the types of all our locks ------------------------------------------------------------------------------ */

/* tp_new without what is special to a type: the instance begins with an owned_lock_head. */
PyObject *owned_lock_alloc(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/* The argument of _acquire_restore(): how often the lock was held, or 0 with an error set. */
uint64_t owned_lock_parse_depth(PyObject *state);

/* What acquire() returns of what it did. */
static inline PyObject *
owned_lock_answer(int taken)
{
    return taken < 0 ? NULL : PyBool_FromLong(taken);
}

PyObject *owned_lock_protect(PyObject *self, PyObject *obj);
PyObject *owned_lock_reduce_ex(PyObject *self, PyObject *protocol);

#define OWNED_LOCK_ENTER_DOC PyDoc_STR("__enter__($self, /)\n--\n\nacquire()")
#define OWNED_LOCK_EXIT_DOC PyDoc_STR("__exit__($self, /, *exc_info)\n--\n\nrelease()")
#define OWNED_LOCK_PROTECT_METHOD                                                                                      \
    {"protect", owned_lock_protect, METH_O,                                                                            \
     PyDoc_STR("protect($self, obj, /)\n--\n\nshare(obj, lock=self) under the name PEP 805 gives it; returns `obj`.")},
#define OWNED_LOCK_REDUCE_METHOD                                                                                       \
    {"__reduce_ex__", owned_lock_reduce_ex, METH_O,                                                                    \
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nA lock cannot be pickled or copied: TypeError.")},
#ifdef HAVE_FORK
#  define OWNED_LOCK_AT_FORK_METHOD(function)                                                                          \
    {"_at_fork_reinit", function, METH_NOARGS,                                                                         \
     PyDoc_STR("_at_fork_reinit($self, /)\n--\n\n"                                                                     \
               "Make it a free lock again in the child of a fork, whoever held it in the parent.")},
#else
#  define OWNED_LOCK_AT_FORK_METHOD(function)
#endif

#endif
