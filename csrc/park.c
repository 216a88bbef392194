/* Queues of waiting threads, and how one of them is woken.
 *
 * A sleeper sleeps on a CPython thread lock of its own: these alone wait with a time limit and interruptibly on every
 * version. Each thread keeps one for its next wait; a wait inside a wait (in a signal handler) makes another. A sleeper
 * is posted exactly one wake-up when its answer is set, and takes it before it ends, so that the lock is as it was for
 * the next one. */
// SPDX-License-Identifier: MIT
#include "park.h"

#include "state.h"

#ifdef HAVE_FORK
#  include <pthread.h>
#endif

int owned_park_add(PyObject *module);

/* ---- processes --------------------------------------------------------------------------------------------------- */

static uint64_t process_number = 1; /* atomic */

uint64_t
owned_process_number(void)
{
    return owned_load_u64(&process_number);
}

#ifdef HAVE_FORK
static void
count_child(void)
{
    owned_add_u64(&process_number, 1);
}
#endif

/* ---- sleepers ---------------------------------------------------------------------------------------------------- */

/* Freeing a lock that is taken is undefined. */
static void
free_wakeup(PyThread_type_lock wakeup)
{
    PyThread_release_lock(wakeup);
    PyThread_free_lock(wakeup);
}

int
owned_sleeper_begin(owned_sleeper *sleeper)
{
    *sleeper = (owned_sleeper){.wakeup = owned_this_thread.wakeup, .thread = owned_this_thread.id};
    owned_this_thread.wakeup = NULL;
    if (sleeper->wakeup != NULL)
        return 0;
    sleeper->wakeup = PyThread_allocate_lock();
    if (sleeper->wakeup == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyThread_acquire_lock(sleeper->wakeup, WAIT_LOCK);
    return 0;
}

/* If it was woken after it had stopped sleeping: the wake-up was posted under a mutex that this thread has held since, so
 * that taking it here does not wait. */
void
owned_sleeper_end(owned_sleeper *sleeper)
{
    if (owned_load_u64(&sleeper->answer) != 0 && !sleeper->took)
        PyThread_acquire_lock(sleeper->wakeup, WAIT_LOCK);
    if (owned_this_thread.wakeup == NULL)
        owned_this_thread.wakeup = sleeper->wakeup;
    else
        free_wakeup(sleeper->wakeup);
}

void
owned_park_thread_ends(void)
{
    if (owned_this_thread.wakeup != NULL)
        free_wakeup(owned_this_thread.wakeup);
    owned_this_thread.wakeup = NULL;
}

/* The wake-up is noted as taken before we wait for the GIL: its holder may fork, and the child would take it once more. */
int
owned_sleep_until_signal(owned_sleeper *sleeper, int64_t ns, int interruptible)
{
    int64_t most = (int64_t)PY_TIMEOUT_MAX - 1;
    int64_t us = ns / 1000 + (ns % 1000 != 0);
    PyLockStatus got;
    Py_BEGIN_ALLOW_THREADS
    got = PyThread_acquire_lock_timed(sleeper->wakeup, us < most ? us : most, interruptible);
    if (got == PY_LOCK_ACQUIRED)
        sleeper->took = 1;
    Py_END_ALLOW_THREADS
    return got == PY_LOCK_INTR ? OWNED_SIGNALLED : got == PY_LOCK_ACQUIRED;
}

int
owned_sleep(owned_sleeper *sleeper, int64_t ns, int interruptible)
{
    int result = owned_sleep_until_signal(sleeper, ns, interruptible);
    return result == OWNED_SIGNALLED ? Py_MakePendingCalls() : result;
}

int
owned_wait_is_directed(PyObject *what, int for_ever)
{
    if (OWNED_LIKELY(!owned_this_thread.tells_waits))
        return 0;
    PyObject *answer = PyObject_CallFunctionObjArgs(owned_the_state->about_to_wait, what, for_ever ? Py_True : Py_False,
                                                    NULL);
    if (answer == NULL)
        return -1;
    int again = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return again;
}

/* ---- queues ------------------------------------------------------------------------------------------------------ */

static void
forget_other_processes(owned_waiters *queue)
{
    uint64_t process = owned_process_number();
    if (queue->process != process)
        *queue = (owned_waiters){.process = process};
}

static int
stands_in(owned_waiters *queue, owned_waiter *waiter)
{
    return waiter->queue == queue && waiter->process == queue->process;
}

static void
take_out(owned_waiters *queue, owned_waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &queue->first) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &queue->last) = waiter->previous;
    waiter->queue = NULL;
}

void
owned_waiters_join(owned_waiters *queue, owned_waiter *waiter, owned_sleeper *sleeper)
{
    forget_other_processes(queue);
    if (stands_in(queue, waiter))
        return;
    waiter->sleeper = sleeper;
    waiter->queue = queue;
    waiter->process = queue->process;
    waiter->next = NULL;
    waiter->previous = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = waiter;
    queue->last = waiter;
}

void
owned_waiters_leave(owned_waiters *queue, owned_waiter *waiter)
{
    forget_other_processes(queue);
    if (stands_in(queue, waiter))
        take_out(queue, waiter);
    waiter->queue = NULL;
}

owned_waiter *
owned_waiters_first(owned_waiters *queue)
{
    forget_other_processes(queue);
    return queue->first;
}

int
owned_waiter_wake(owned_waiter *waiter, uint64_t answer)
{
    owned_sleeper *sleeper = waiter->sleeper;
    take_out(waiter->queue, waiter);
    if (!owned_cas_u64(&sleeper->answer, 0, answer))
        return 0;
    PyThread_release_lock(sleeper->wakeup);
    return 1;
}

int
owned_park_add(PyObject *Py_UNUSED(module))
{
#ifdef HAVE_FORK
    if (pthread_atfork(NULL, NULL, count_child) != 0) {
        PyErr_NoMemory();
        return -1;
    }
#endif
    return 0;
}
