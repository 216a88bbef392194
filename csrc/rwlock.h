/* RWLock: many readers or one writer, and its two sides. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_RWLOCK_H
#define OWNED_RWLOCK_H

#include "lock.h"
#include "park.h"
#include "state.h"

typedef enum { OWNED_READ_SIDE, OWNED_WRITE_SIDE } owned_side;

typedef struct owned_rwlock {
    owned_lock_head head; /* region.holder: who holds the write side, or nobody. The tag is that of both sides */
    owned_mutex mutex;    /* of all that follows, and of every change of holder */
    uint64_t depth;       /* how often the writer has taken the write side; atomic, only the writer writes it */
    uint64_t *readers;    /* the numbers of the threads that hold the read side, each once, in no order */
    size_t used, room;
    size_t reserved; /* places that are kept for readers who wait, and so are let in by somebody else */
    owned_waiters reading, writing;
} owned_rwlock;

/* A side as an object: rw.read, rw.write. Made each time that it is asked for; equal where lock and side are the same. */
typedef struct {
    PyObject_HEAD
    owned_rwlock *lock; /* strong */
    owned_side side;
} owned_rwlock_side;

/* One entry of this thread's table of the read sides it holds (thread.h). Compared by address and by number: a lock may
 * have died meanwhile, and another one live there. */
typedef struct owned_read_hold {
    owned_rwlock *lock; /* not kept alive */
    uint64_t ordinal;
    uint64_t depth;
    int may_be_lost; /* taken before this thread attached anew: adopt() may have let go of it, so ask the lock */
} owned_read_hold;

/* An RWLock, or of a subclass. */
static inline int
owned_rwlock_check(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->RWLock);
}

/* Is it one of the two sides of an RWLock? */
static inline int
owned_rwlock_is_side(PyObject *obj)
{
    return Py_IS_TYPE(obj, owned_the_state->ReadSide) || Py_IS_TYPE(obj, owned_the_state->WriteSide);
}

/* What an RWLock (which acts as its write side) or one of its sides is: 1 with the lock, borrowed from `obj`, and the side;
 * 0 for anything else. */
int owned_rwlock_of(PyObject *obj, owned_rwlock **lock, owned_side *side);

/* The lock's place in the global order, the same for both sides: given once, never reused. */
static inline uint64_t
owned_rwlock_ordinal(owned_rwlock *lock)
{
    return owned_load_u64(&lock->head.tag.ordinal);
}

/* `hold`, or NULL (and it is gone from the table) if the lock does not count this thread among its readers any more. */
OWNED_COLD owned_read_hold *owned_rwlock_still_read(owned_read_hold *hold);

/* This thread's entry for the lock's read side, or NULL. A thread that has attached anew has its table back once it has
 * called owned_thread_id(). */
static inline owned_read_hold *
owned_rwlock_my_read(owned_rwlock *lock)
{
    for (size_t i = owned_this_thread.reads_used; i > 0; i--) {
        owned_read_hold *hold = &owned_this_thread.reads[i - 1];
        if (hold->lock == lock && hold->ordinal == owned_rwlock_ordinal(lock))
            return OWNED_LIKELY(!hold->may_be_lost) ? hold : owned_rwlock_still_read(hold);
    }
    return NULL;
}

/* Does this thread hold the write side? */
static inline int
owned_rwlock_i_write(owned_rwlock *lock)
{
    return owned_load_u64(&lock->head.region.holder) == owned_this_thread.id;
}

/* Is it the region of an RWLock whose read side this thread holds? */
static inline int
owned_rwlock_i_read(owned_region *region)
{
    return OWNED_UNLIKELY(owned_this_thread.reads_used != 0) && owned_rwlock_check((PyObject *)region) &&
           owned_rwlock_my_read((owned_rwlock *)region) != NULL;
}

/* Take a side, in nanoseconds (0: do not wait, OWNED_FOR_EVER). 1: this thread holds it (once more), 0: not in time, -1: an
 * error is set. Both sides are reentrant, and the writer may take the read side. The write side where this thread holds
 * only the read side is a LockOrderError at once. `in_order`: in strict mode the order of locks is judged before a wait
 * without a limit. */
int owned_rwlock_take(owned_rwlock *lock, owned_side side, int64_t timeout, int interruptible, int in_order);

/* Give a side back once. 0, or -1 with a LockNotHeldError. */
int owned_rwlock_give_back(owned_rwlock *lock, owned_side side);

/* Would a thread that holds nothing have to wait for the side? */
int owned_rwlock_is_locked(owned_rwlock *lock, owned_side side);

/* Give the write side back entirely: how often it was held, or 0 with an error set. */
uint64_t owned_rwlock_release_save(owned_rwlock *lock);

/* Take the write side as often as owned_rwlock_release_save() said; no signal interrupts the wait. 0 or -1. */
int owned_rwlock_acquire_restore(owned_rwlock *lock, uint64_t depth);

/* adopt(): as owned_lock_adopt(); of threads that ended as readers only, what they held is let go. */
int owned_rwlock_adopt(PyObject *lock);

/* The ThreadInfos of the threads that hold the read side: a new list, NULL with an error set. */
PyObject *owned_rwlock_readers(owned_rwlock *lock);

/* How many threads stand in line for each side. */
void owned_rwlock_count_waiting(owned_rwlock *lock, size_t *readers, size_t *writers);

/* The side as an object: new reference, NULL with an error set. */
PyObject *owned_rwlock_side_object(owned_rwlock *lock, owned_side side);

/* This thread ends, or at least its Python thread state: its table goes to `info`. */
void owned_rwlock_thread_ends(owned_thread_info *info);

/* This thread has attached anew, and `info` is what was remembered of it: its table is there. */
void owned_rwlock_thread_is_back(owned_thread_info *info);

/* Make a lock free again in the child of a fork, and let go of what a dying one holds. */
void owned_rwlock_reinit(owned_rwlock *lock);
void owned_rwlock_clear(owned_rwlock *lock);

int owned_rwlock_add(PyObject *module);

#endif
