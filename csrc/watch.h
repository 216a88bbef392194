/* Who synchronises with whom, for the audit (owned/_watch.py): told while somebody watches. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_WATCH_H
#define OWNED_WATCH_H

#include "compat.h"

/* What an object did, or is about to do, on this thread. */
typedef enum {
    OWNED_WATCH_MADE,       /* a lock was made */
    OWNED_WATCH_TAKEN,      /* it has been taken */
    OWNED_WATCH_READS,      /* to read, besides others */
    OWNED_WATCH_GIVES_BACK, /* it is about to be free */
    OWNED_WATCH_READ,       /* the same, of what was taken to read */
    OWNED_WATCH_RELEASES,   /* what this thread did is about to be seen by whoever acquires from the object */
    OWNED_WATCH_ACQUIRES,   /* it has seen what others did who released */
    OWNED_WATCH_NOTIFIES,   /* a condition over this lock, which is held, was notified */
    OWNED_WATCH_ADOPTS,     /* the object was a finished thread's */
} owned_watch_event;

/* Does anything note locks: strict mode (1), a watcher (2)? Atomic: acquire() looks at nothing else. */
extern uint64_t owned_notes;
#define OWNED_NOTES_STRICT UINT64_C(1)
#define OWNED_NOTES_WATCHER UINT64_C(2)

static inline int
owned_locks_are_noted(void)
{
    return owned_load_u64(&owned_notes) != 0;
}

/* Set or take away one of the bits. */
void owned_notes_set(uint64_t bit, int on);

/* Tell the watcher. Runs Python code; an error that is set stays, and there is no other afterwards. */
OWNED_COLD void owned_watch_tell(PyObject *obj, owned_watch_event event);

static inline void
owned_watch(PyObject *obj, owned_watch_event event)
{
    if (OWNED_UNLIKELY((owned_load_u64(&owned_notes) & OWNED_NOTES_WATCHER) != 0))
        owned_watch_tell(obj, event);
}

#endif
