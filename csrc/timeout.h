/* How long a call may wait: the arguments of acquire() and its like, checked as threading's are, and deadlines. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_TIMEOUT_H
#define OWNED_TIMEOUT_H

#include "compat.h"

/* A timeout is in nanoseconds. 0: do not wait. */
#define OWNED_FOR_EVER (-1)

/* How long a thread sleeps at most before it looks whether the one it waits for still lives. */
#define OWNED_SLICE_NS 500000000LL

/* `timeout=None` (for ever) or seconds, where a negative number is no wait at all, as in Condition.wait() and such. */
int owned_timeout_parse_optional(PyObject *seconds, int64_t *timeout);

/* The arguments of acquire(blocking=True, timeout=-1), called with METH_FASTCALL | METH_KEYWORDS. 0, or -1 with the
 * error that threading.Lock has for them. */
int owned_timeout_parse_acquire(PyObject *const *args, Py_ssize_t nargs, PyObject *names, int64_t *timeout);

/* The arguments `block=True` and `timeout=None` of a queue's get() and put(), NULL where they are not given: `timeout` counts
 * only if it blocks, and must not be negative. 0, or -1 with the error that queue.Queue has for them. */
int owned_timeout_parse_queue(PyObject *block, PyObject *seconds, int64_t *timeout);

/* When a wait that begins now is over, as the monotonic clock counts; never, for OWNED_FOR_EVER. */
int64_t owned_timeout_deadline(int64_t timeout);

/* Nanoseconds until then; 0 once it has passed. */
int64_t owned_timeout_left(int64_t deadline);

#endif
