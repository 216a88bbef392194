/* Which of our locks each thread holds and where it took them, listed in strict mode only. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_HELD_H
#define OWNED_HELD_H

#include "place.h"
#include "thread.h"

/* What strict mode notes in a lock: a lock type has one in its struct, zeroed when it is made. */
typedef struct {
    uint64_t ordinal; /* 0 until strict mode meets the lock; atomic; never reused in the process */
    owned_place made;  /* only of a lock made in strict mode; unchanged from then on */
} owned_lock_tag;

/* A lock that a thread holds. */
typedef struct {
    uint64_t ordinal;
    PyObject *ref;    /* strong: a weak reference to the lock */
    owned_place taken;
    uint64_t entry;   /* its number in the timeline, or 0 */
} owned_hold;

/* Only its own thread touches it, until the thread has finished; then it does not change any more. */
typedef struct owned_held {
    size_t used;
    size_t room;
    owned_hold holds[]; /* in the order in which they were taken */
} owned_held;

/* The lock's number, given now if it had none. */
uint64_t owned_lock_tag_ordinal(owned_lock_tag *tag);

/* Let go of what the tag of a dying lock holds. */
void owned_lock_tag_clear(owned_lock_tag *tag);

/* List `lock`, which this thread has just taken. Cannot fail: for want of memory the lock is not listed. May run Python
 * (the collector). */
void owned_held_add(PyObject *lock, owned_lock_tag *tag);

/* Take the lock off this thread's list, if it is on it. */
OWNED_COLD void owned_held_remove_listed(owned_lock_tag *tag);

static inline void
owned_held_remove(owned_lock_tag *tag)
{
    if (OWNED_UNLIKELY(owned_this_thread.listed != 0))
        owned_held_remove_listed(tag);
}

/* Where the thread of `info` took the lock: (code, line), or None where that is not known. The thread is this one, or
 * has finished. New reference, NULL with an error set. */
PyObject *owned_held_site(owned_thread_info *info, owned_lock_tag *tag);

/* The thread of `info` has finished, or is forgotten: free its list. `keep`: unless it holds something, which messages
 * will ask for. */
void owned_held_free(owned_thread_info *info, int keep);

#endif
