/* Who am I: thread ids that are never reused, and what is remembered of each thread for messages.
 *
 * The id is our own process-wide counter in thread-local storage. pthread_self(), threading.get_ident() and thread-state
 * addresses are reused after a thread ends, so a new thread would inherit a dead thread's objects. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_THREAD_H
#define OWNED_THREAD_H

#include "compat.h"

struct owned_region;

/* The id of nobody. A thread that has not met us yet has id 0, so neither ever equals the other. */
#define OWNED_NOBODY UINT64_MAX

typedef struct {
    uint64_t id;                    /* 0 until owned_thread_register() */
    struct owned_region *birth;     /* borrowed from the thread's Tenure: where new objects are born; NULL: not registered */
    struct owned_region *task;      /* borrowed: the region of the task that runs on this thread, or NULL; see task.c */
    struct owned_thread_info *info; /* borrowed from the Tenure; NULL: not registered */
    unsigned unchecked;             /* depth of `with unchecked()` */
    unsigned locks_held;            /* our own locks this thread holds now */
    unsigned tells_waits;           /* 1: call owned/_waits.py before waiting for a lock of ours */
    PyThread_type_lock wakeup;      /* what it sleeps on in its next wait, or NULL; see park.h */
    struct owned_read_hold *reads;  /* the read sides it holds; see rwlock.h */
    size_t reads_used, reads_room;
    struct owned_field *fields;     /* what it knows of classes, or NULL; see field.h */
    unsigned listed;                /* how many of them are on the list that strict mode keeps; see held.h */
} owned_thread_locals;

extern OWNED_THREAD_LOCAL owned_thread_locals owned_this_thread;

/* What is remembered of a thread, as a Python object (owned._core.ThreadInfo): a region points at its holder's. */
typedef struct owned_thread_info {
    PyObject_HEAD
    uint64_t id;
    PyObject *name;    /* str, as it was when the thread first met us */
    uint64_t finished; /* 1 once its Python thread state is gone; atomic */
    struct owned_held *held; /* the locks it holds that strict mode listed, or NULL; see held.h */
    PyObject *ended_by; /* strong, set once: str, the exception that ends the thread, or NULL; atomic */
    struct owned_thread_info *heir; /* strong, set once: the thread that adopted all that this finished one left; atomic */
    /* Of a finished thread: how many of the locks it held may be its still (0: not known; atomic), and the read sides it
     * held, for when it attaches anew, or NULL. */
    uint64_t locks_left;
    struct owned_read_hold *reads;
    size_t reads_used;
} owned_thread_info;

/* Give this thread an id, a ThreadInfo and a home region, all dropped when its Python thread state ends. Idempotent;
 * runs Python (the thread's name). 0, or -1 with an error set. */
int owned_thread_register(void);

/* The region new objects of this thread are born in: borrowed, kept alive by the thread. NULL with an error set. */
static inline struct owned_region *
owned_birth_region(void)
{
    if (OWNED_LIKELY(owned_this_thread.birth != NULL))
        return owned_this_thread.birth;
    return owned_thread_register() < 0 ? NULL : owned_this_thread.birth;
}

/* The thread that has what `info`'s thread had: itself, or the heir of its heirs. Borrowed from `info`. */
static inline owned_thread_info *
owned_thread_heir(owned_thread_info *info)
{
    owned_thread_info *heir;
    while ((heir = owned_load_ptr(&info->heir)) != NULL)
        info = heir;
    return info;
}

/* Let `heir` have all that `info`'s finished thread left. 0, or -1 (no error set) if it has an heir already. */
int owned_thread_set_heir(owned_thread_info *info, owned_thread_info *heir);

/* This thread's id, registering it if need be; 0 with an error set. */
static inline uint64_t
owned_thread_id(void)
{
    if (OWNED_LIKELY(owned_this_thread.birth != NULL))
        return owned_this_thread.id;
    return owned_thread_register() < 0 ? 0 : owned_this_thread.id;
}

/* New reference to the ThreadInfo with this id, or None where nothing is remembered of it; NULL with an error set. */
PyObject *owned_thread_info_of(uint64_t id);

/* A lock that the thread with this id held is nobody's or another's now, and not because that thread gave it back.
 * Nobody asks any more for a thread that has ended and left no other lock: it is forgotten. Keeps an error. */
void owned_thread_lost_lock(uint64_t id);

/* Make `region` (kept alive by the caller until it is reset) the birth region, return the one before (borrowed). */
struct owned_region *owned_thread_set_birth(struct owned_region *region);

#endif
