/* Threads, and what is ordered before what.
 *
 * Each thread that is alive has a slot, and counts its own clock in it. A vector clock says, for each slot, up to which clock
 * what happened there is known to be over. A thread has two: `full` knows of every order, `hard` of all but that in which locks
 * happened to be taken. An access by slot s at clock c is ordered before what a thread does now if its at[s] >= c.
 *
 * Slots are used again: a thread that starts takes the slot of one that has ended, if its parent knows of that end in `hard`. So
 * whatever knows of the new thread's clock, which goes on from there, knows of all that the old one did.
 *
 * An era ends when the last other thread has been joined: all that was is ordered before all that will be, so every clock
 * of an era before is worth nothing. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CLOCKS_H
#define OWNED_CLOCKS_H

#include "depot.h"
#include "lockset.h"

typedef struct audit_clock {
    uint64_t *at; /* by slot */
    uint32_t size;
} audit_clock;

static inline uint64_t
audit_clock_at(const audit_clock *clock, uint32_t slot)
{
    return slot < clock->size ? clock->at[slot] : 0;
}

#define AUDIT_CACHE 4096 /* 2 ** 12: see audit_cached_of */

/* An access that this thread made: again in the same epoch it tells nothing new. */
typedef struct audit_cached {
    uintptr_t address;
    uint64_t key;
    uint64_t stamp;
    uint32_t deaths; /* of objects at such addresses, so far: see deaths.h */
    uint32_t kinds;
} audit_cached;

typedef struct audit_attribute { /* what an attribute of a type is: see classify.h */
    uint64_t name; /* its hash */
    uint32_t version, sort;
    void *group, *class_group;
    PyTypeObject *defined_by; /* borrowed: alive while the type has this version */
} audit_attribute;

#define AUDIT_ATTRIBUTES 256

#define AUDIT_DEPTH 12 /* calls that an access tells of */

/* From where a frame that runs was called, and so on: borrowed, as they run as well. */
typedef struct audit_callers {
    uintptr_t frame;
    uint64_t frames; /* made at such addresses when it was looked at: see deaths.h */
    size_t depth;
    const audit_chain *chain; /* of them, without the outermost; NULL: nobody has asked yet */
    audit_place places[AUDIT_DEPTH];
} audit_callers;

#define AUDIT_CALLERS 32

typedef struct audit_thread {
    uint64_t run;     /* in which it was taken in */
    uint64_t stamp;   /* another one after each synchronisation */
    uint64_t now;     /* its clock: full.at[slot], hard.at[slot] */
    uint32_t number;  /* never used twice in one run */
    uint32_t slot;
    audit_clock full, hard;
    uint8_t *via;     /* by slot, as long as hard: the kind of Sync by which it last knew more of it */
    const audit_lockset *locks;
    uint64_t given_back; /* how many locks that other threads gave back it has looked at: see sync.c */
    audit_cached cache[AUDIT_CACHE];
    audit_attribute attributes[AUDIT_ATTRIBUTES];
    audit_callers callers[AUDIT_CALLERS];
} audit_thread;

static inline audit_cached *
audit_cached_of(audit_thread *self, uintptr_t address, uint64_t key)
{
    uint64_t mixed = (key ^ address >> 4) * UINT64_C(0x9E3779B97F4A7C15);
    return &self->cache[mixed >> 52];
}

extern OWNED_THREAD_LOCAL audit_thread *audit_self; /* may be of a run that is over */

audit_thread *audit_take_in(void);

/* This thread, or NULL: no run goes on, it has ended, or there is no memory. */
static inline audit_thread *
audit_here(void)
{
    audit_thread *self = audit_self;
    if (OWNED_LIKELY(self != NULL && self->run == owned_load_u64(&audit_running)))
        return self;
    return audit_take_in();
}

/* Kinds of synchronisation, as shown. */
enum { AUDIT_VIA_START, AUDIT_VIA_JOIN, AUDIT_VIA_CONTAINER, AUDIT_VIA_LOCK, AUDIT_VIA_NOTHING, AUDIT_VIA_NAMED };
uint8_t audit_via(const char *kind);
const char *audit_via_name(uint8_t via);
#define AUDIT_VIA_MOST 64

/* A pair of clocks that threads release to and acquire from; zeroed is new. Callers hold what guards it. */
typedef struct audit_relay {
    uint64_t era;
    audit_clock full, hard;
} audit_relay;

void audit_relay_release(audit_relay *relay, audit_thread *self);
void audit_relay_acquire(audit_relay *relay, audit_thread *self, uint8_t via);
void audit_relay_clear(audit_relay *relay);

/* The same for one clock, of what locks put into order only. */
void audit_order_release(audit_relay *relay, audit_thread *self);
void audit_order_acquire(audit_relay *relay, audit_thread *self);

/* What a thread did until now is over: what it does from now on has another clock. */
void audit_tick(audit_thread *self);

/* The locks it holds change. */
static inline void
audit_set_locks(audit_thread *self, const audit_lockset *locks)
{
    self->locks = locks;
    self->stamp++;
}

extern uint64_t audit_era; /* atomic */

/* The life of a thread as its token keeps it. */
typedef struct audit_life {
    uint64_t run, state; /* state is atomic */
    uint32_t number, slot;
    uint64_t era;         /* in which it was forked: in the child of a process, and only there, another one begins before its end */
    uint64_t first, last; /* clocks of the slot */
    audit_relay clocks;   /* of its parent at the start, of its own at the end */
} audit_life;

int audit_life_fork(audit_life *life); /* 0, or -1 and MemoryError */
void audit_life_begin(audit_life *life, PyObject *name);
void audit_life_end(audit_life *life);
int audit_life_joined(audit_life *life); /* 0, or -1 with an error: MT could not be told */
int audit_life_given_up(audit_life *life); /* the token is gone */

int audit_threads_begin(PyObject *name); /* a run begins on this thread: 0, or -1 and MemoryError */
void audit_threads_stop(void);
int audit_threads_forked(void); /* this thread alone goes on, in a child process */

PyObject *audit_thread_told(uint32_t number); /* (number, name) */
PyObject *audit_thread_name(uint32_t number);
uint32_t audit_threads_used(void);

#endif
