/* Threads that wait to be handed something: queues of waiting threads, and how one of them is woken.
 *
 * Each thing that is waited for (a reader-writer lock, a condition, a semaphore, a channel) has a mutex and queues. A
 * thread that has to wait makes a sleeper on its stack, with one waiter for each queue it stands in, and sleeps; whoever
 * has something for it takes the waiter out of the queue and wakes the sleeper, once, with an answer:
 *
 *     owned_sleeper_begin(&sleeper)
 *     loop:
 *         lock the mutex; try; if there is nothing: owned_waiters_join(&queue, &waiter, &sleeper); unlock
 *         owned_sleep(&sleeper, ns, interruptible)               1: woken, with sleeper.answer
 *         0 (time is up) or -1 (a signal handler raised): it may still be woken until it has left
 *             lock the mutex; owned_waiters_leave(&queue, &waiter); unlock: sleeper.answer tells whether it was
 *     owned_sleeper_end(&sleeper)
 *
 * Everything that touches a queue happens under its mutex. Nothing here runs Python code but owned_sleep().
 *
 * After a fork the child has none of the threads that stood in queues, and their stacks may be used anew: a queue
 * remembers the process that filled it, and is empty in any other. A thread that forks while it stands in one (in a
 * signal handler, during owned_sleep) has to join again: joining is due before each sleep, and is nothing where the
 * waiter stands in the queue already. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_PARK_H
#define OWNED_PARK_H

#include "thread.h"

typedef struct {
    PyThread_type_lock wakeup; /* free while a wake-up is posted; nobody else's while this sleeper lives */
    uint64_t answer;           /* 0 until it is woken, once; atomic */
    uint64_t thread;           /* the number of the thread that sleeps */
    int took;                  /* it has taken the wake-up */
} owned_sleeper;

typedef struct owned_waiter {
    struct owned_waiter *next, *previous;
    struct owned_waiters *queue; /* NULL: it stands in none */
    uint64_t process;            /* in which it joined it */
    owned_sleeper *sleeper;
    uint64_t wants; /* what the queue's owner notes: a reader, a writer, ... */
    void *note;     /* the same */
} owned_waiter;

/* Zeroed is empty. */
typedef struct owned_waiters {
    owned_waiter *first, *last;
    uint64_t process; /* the one that filled it */
} owned_waiters;

/* 1 in the process that loaded the module, one more in each child of a fork. */
uint64_t owned_process_number(void);

/* 0, or -1 with a MemoryError. owned_sleeper_end() is due after 0. */
int owned_sleeper_begin(owned_sleeper *sleeper);
void owned_sleeper_end(owned_sleeper *sleeper);

/* A thread ends: give back what it kept for its next wait. */
void owned_park_thread_ends(void);

/* Stand at the end of the queue, unless the waiter stands in it already. */
void owned_waiters_join(owned_waiters *queue, owned_waiter *waiter, owned_sleeper *sleeper);

/* Leave it, if the waiter stands in it. */
void owned_waiters_leave(owned_waiters *queue, owned_waiter *waiter);

/* The first, or NULL. */
owned_waiter *owned_waiters_first(owned_waiters *queue);

/* Take the waiter out of its queue and wake its thread with `answer`, which is not 0. 1, or 0 if it was woken through
 * another queue before: it has been taken out all the same. Under the queue's mutex. */
int owned_waiter_wake(owned_waiter *waiter, uint64_t answer);

/* Sleep for `ns` at most, letting other threads run. 1: woken, sleeper->answer says with what. 0: not yet. -1: a signal
 * handler raised (only if `interruptible`). */
int owned_sleep(owned_sleeper *sleeper, int64_t ns, int interruptible);

/* The same, but OWNED_SIGNALLED where a signal came: Py_MakePendingCalls() is due then. Signal handlers may use the very
 * thing that is waited for, so whoever is handed something while it waits leaves its queues first. */
#define OWNED_SIGNALLED 2
int owned_sleep_until_signal(owned_sleeper *sleeper, int64_t ns, int interruptible);

/* A thread whose waits are directed (tests that choose the schedule, owned/_waits.py) says so before each wait for `what`:
 * 1 if it may be over when the call is back, 0 to wait here, -1 with an error set. */
int owned_wait_is_directed(PyObject *what, int for_ever);

#endif
