/* Channel: a queue that hands over what is put into it. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CHANNEL_H
#define OWNED_CHANNEL_H

#include "park.h"
#include "region.h"

typedef struct {
    PyObject *value; /* strong */
    PyObject *load;  /* strong: what arrives with it (cargo.h), or NULL for what passes as it is */
} owned_channel_item;

typedef enum {
    OWNED_CHANNEL_ERROR = -1, /* an error is set */
    OWNED_CHANNEL_NOT_NOW,    /* empty, or full */
    OWNED_CHANNEL_DONE,
    OWNED_CHANNEL_CLOSED,     /* and, for get, drained */
} owned_channel_answer;

typedef struct {
    PyObject_HEAD
    owned_mutex mutex; /* for all of the following up to `transit` */
    char closed;
    owned_channel_item *ring; /* `used` items from `head` on */
    size_t size;              /* of the ring: a power of two */
    size_t head, used;
    size_t reserved;          /* places for what is departing just now */
    uint64_t process;         /* in which they were reserved */
    size_t limit;             /* used + reserved is at most that */
    uint64_t served;          /* when select() took from it last, see select.c */
    owned_waiters getters, putters;
    owned_region *transit;    /* strong: where objects are that go by themselves; made for the first one; atomic */
    Py_ssize_t maxsize;       /* as it was given */
    PyObject *name;           /* str or None */
    PyObject *unguarded;      /* what becomes of what nobody guards: "raise", "wrap" or "pass", interned */
    PyObject *weakrefs;
} owned_channel;

/* put() and get(), with a timeout as in timeout.h. New references, NULL with an error set. */
PyObject *owned_channel_put(owned_channel *self, PyObject *item, int64_t timeout);
PyObject *owned_channel_get(owned_channel *self, int64_t timeout);

void owned_channel_close(owned_channel *self);

/* "channel 'jobs'", or "the channel at 0x...". New reference, NULL with an error set. */
PyObject *owned_channel_told(owned_channel *self);

typedef struct {
    size_t used;
    int closed, full;
} owned_channel_look;

owned_channel_look owned_channel_look_at(owned_channel *self);

/* Room for the first items of a new channel. 0, or -1 with an error set. */
int owned_channel_init_ring(owned_channel *self);

void owned_channel_drop_items(owned_channel *self);

/* Take the first item, if there is one, without waiting. */
owned_channel_answer owned_channel_take(owned_channel *self, PyObject **item);

/* Would a get() be over at once? Under the mutex. */
int owned_channel_is_gettable(owned_channel *self);

/* Who was woken through `queue`, one of the channel's, does not look: let the next one, if there is something to see. */
void owned_channel_pass_on(owned_channel *self, owned_waiters *queue);

/* The method _when(kind, callback). */
PyObject *owned_channel_when(PyObject *self, PyObject *const *args, Py_ssize_t nargs);

/* Take the first that waits out of the queue and wake it; one that has been woken through another queue does not count.
 * Under the mutex. What is returned is to be given to owned_channel_fire(), without the mutex. */
PyObject *owned_channel_wake(owned_waiters *queue);

/* Would whoever stands in `queue` be done at once? Under the mutex. */
int owned_channel_is_ready(owned_channel *self, owned_waiters *queue);

/* A callback that gave its token declines: whose turn it is then, new reference, or NULL without an error. */
PyObject *owned_channel_next_callback(PyObject *answer);

/* Call back whoever waits without sleeping, see select.c: steals `callback`, which may be NULL. An error that is set stays;
 * one that the callback raises is told as unraisable. */
OWNED_COLD void owned_channel_call_back(PyObject *callback);

static inline void
owned_channel_fire(PyObject *callback)
{
    if (OWNED_UNLIKELY(callback != NULL))
        owned_channel_call_back(callback);
}

/* Would a put() be over at once? Under the mutex. */
int owned_channel_is_puttable(owned_channel *self);

/* owned_wait_is_directed() for a get from any of the channels, or a put. */
int owned_channel_wait_is_directed(owned_channel *const *channels, Py_ssize_t count, int puts, int for_ever);

#endif
