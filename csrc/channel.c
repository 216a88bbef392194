/* Channel: a queue between threads. What is put is moved, what is got is the getter's.
 *
 *     put   judge the item (passing.h); one that passes as it is goes into the ring, under the mutex.
 *           One that moves: prepare (cargo.h); under the mutex: room? reserve a place; depart; under the mutex: into the ring.
 *           No Python code runs from the reservation on, and none of it can fail.
 *     get   under the mutex: the first item out of the ring; it arrives.
 *
 * So a put that raises has changed nothing, and a get that raises has taken nothing.
 *
 * Who waits. A put wakes the thread that has waited longest for an item, a get the one that has waited longest for room.
 * Nothing is handed to the one that is woken: it looks again, and one that comes by may have been faster, as with CPython's
 * queues; a thread that finds nothing waits on, at the end of the queue. No wake-up is lost: each item that is put wakes one
 * thread if any waits, whoever takes an item does not need another wake-up, and a thread that was woken and then gives up
 * (a signal handler raised) wakes the next one if there is something left.
 *
 * Closed means that nothing more is put; what a put has reserved a place for before that still arrives, so a channel is
 * drained when it is closed, empty, and has no places reserved.
 *
 * After a fork both processes have what was in the channel, each its own copy; the child has none of the threads that waited
 * (park.h), nor of those that had reserved a place. */
// SPDX-License-Identifier: MIT
#include "channel.h"

#include "cargo.h"
#include "frozen.h"
#include "membrane.h"
#include "mode.h"
#include "parcel.h"
#include "passing.h"
#include "state.h"
#include "timeout.h"
#include "watch.h"

#define SMALLEST 8

static const owned_access putting = {OWNED_VERB, "put", NULL, 1};

/* ---- the ring, under the mutex ------------------------------------------------------------------------------- */

static int
resize(owned_channel *self, size_t size)
{
    owned_channel_item *ring = size > SIZE_MAX / sizeof(*ring) ? NULL : PyMem_RawMalloc(size * sizeof(*ring));
    if (ring == NULL)
        return -1;
    for (size_t i = 0; i < self->used; i++)
        ring[i] = self->ring[(self->head + i) & (self->size - 1)];
    PyMem_RawFree(self->ring);
    self->ring = ring;
    self->size = size;
    self->head = 0;
    return 0;
}

static inline void
push(owned_channel *self, PyObject *value, PyObject *load)
{
    self->ring[(self->head + self->used) & (self->size - 1)] = (owned_channel_item){value, load};
    self->used++;
}

/* The ring is not empty. No room is no problem. */
static inline owned_channel_item
pop(owned_channel *self)
{
    owned_channel_item item = self->ring[self->head];
    self->head = (self->head + 1) & (self->size - 1);
    self->used--;
    if (OWNED_UNLIKELY(self->size > SMALLEST && self->used + self->reserved < self->size / 8))
        (void)resize(self, self->size / 2);
    return item;
}

static inline size_t
places_reserved(owned_channel *self)
{
    if (OWNED_UNLIKELY(self->reserved != 0 && self->process != owned_process_number()))
        self->reserved = 0;
    return self->reserved;
}

int
owned_channel_is_gettable(owned_channel *self)
{
    return self->used != 0 || (self->closed && places_reserved(self) == 0);
}

/* Is there room, in the channel and in the ring? */
static inline owned_channel_answer
room(owned_channel *self)
{
    if (OWNED_UNLIKELY(self->closed))
        return OWNED_CHANNEL_CLOSED;
    size_t taken = self->used + places_reserved(self);
    if (OWNED_UNLIKELY(taken >= self->limit))
        return OWNED_CHANNEL_NOT_NOW;
    if (OWNED_UNLIKELY(taken == self->size) && resize(self, self->size * 2) < 0)
        return OWNED_CHANNEL_ERROR;
    return OWNED_CHANNEL_DONE;
}

int
owned_channel_is_puttable(owned_channel *self)
{
    return self->closed || self->used + places_reserved(self) < self->limit;
}

/* ---- waking -------------------------------------------------------------------------------------------------- */

/* `wants` is the answer a thread is woken with; `note`, of one that waits without sleeping, is where its callback is. */
PyObject *
owned_channel_wake(owned_waiters *queue)
{
    owned_waiter *first;
    while ((first = owned_waiters_first(queue)) != NULL) {
        PyObject **callback = first->note;
        if (callback != NULL) {
            PyObject *taken = *callback;
            *callback = NULL;
            owned_waiters_leave(queue, first);
            return taken;
        }
        if (owned_waiter_wake(first, first->wants))
            break;
    }
    return NULL;
}

void
owned_channel_call_back(PyObject *callback)
{
    PyObject *error = PyErr_GetRaisedException();
    while (callback != NULL) {
        PyObject *done = PyObject_CallNoArgs(callback);
        if (done == NULL)
            PyErr_WriteUnraisable(callback);
        Py_DECREF(callback);
        callback = done == NULL ? NULL : owned_channel_next_callback(done);
        Py_XDECREF(done);
    }
    if (error != NULL)
        PyErr_SetRaisedException(error);
}

static inline PyObject *
wake_one(owned_waiters *queue)
{
    return OWNED_LIKELY(queue->first == NULL) ? NULL : owned_channel_wake(queue);
}

/* The channel is closed, and whoever waits may want to know. */
static OWNED_COLD void
wake_all(owned_channel *self)
{
    PyObject *callback;
    do {
        callback = NULL;
        owned_mutex_lock(&self->mutex);
        while (callback == NULL && (owned_waiters_first(&self->getters) != NULL || owned_waiters_first(&self->putters) != NULL))
            callback = owned_channel_wake(self->getters.first != NULL ? &self->getters : &self->putters);
        owned_mutex_unlock(&self->mutex);
        owned_channel_fire(callback);
    } while (callback != NULL);
}

int
owned_channel_is_ready(owned_channel *self, owned_waiters *queue)
{
    return queue == &self->getters ? owned_channel_is_gettable(self) : owned_channel_is_puttable(self);
}

void
owned_channel_pass_on(owned_channel *self, owned_waiters *queue)
{
    owned_mutex_lock(&self->mutex);
    PyObject *callback = owned_channel_is_ready(self, queue) ? wake_one(queue) : NULL;
    owned_mutex_unlock(&self->mutex);
    owned_channel_fire(callback);
}

int
owned_channel_wait_is_directed(owned_channel *const *channels, Py_ssize_t count, int puts, int for_ever)
{
    if (OWNED_LIKELY(!owned_this_thread.tells_waits))
        return 0;
    PyObject *all = PyTuple_New(count), *told = NULL;
    for (Py_ssize_t i = 0; all != NULL && i < count; i++)
        PyTuple_SET_ITEM(all, i, Py_NewRef((PyObject *)channels[i]));
    if (all != NULL)
        told = PyObject_CallFunctionObjArgs(owned_the_state->make_turnover, all, puts ? Py_True : Py_False, NULL);
    int result = told == NULL ? -1 : owned_wait_is_directed(told, for_ever);
    Py_XDECREF(told);
    Py_XDECREF(all);
    return result;
}

/* Wait in one of the channel's queues until it is worth looking again. 0, or -1 with an error set. */
static int
wait_in(owned_channel *self, owned_waiters *queue, int64_t ns, int for_ever)
{
    owned_sleeper sleeper;
    owned_waiter waiter = {.wants = 1};
    if (owned_thread_id() == 0 || owned_sleeper_begin(&sleeper) < 0)
        return -1;
    owned_mutex_lock(&self->mutex);
    int ready = owned_channel_is_ready(self, queue);
    if (!ready)
        owned_waiters_join(queue, &waiter, &sleeper);
    owned_mutex_unlock(&self->mutex);
    int result = 0;
    if (!ready) {
        result = owned_channel_wait_is_directed(&self, 1, queue == &self->putters, for_ever);
        if (result == 0)
            result = owned_sleep(&sleeper, ns, 1);
        owned_mutex_lock(&self->mutex);
        owned_waiters_leave(queue, &waiter);
        owned_mutex_unlock(&self->mutex);
    }
    int woken = owned_load_u64(&sleeper.answer) != 0;
    owned_sleeper_end(&sleeper);
    if (result < 0 && woken)
        owned_channel_pass_on(self, queue);
    return result < 0 ? -1 : 0;
}

/* ---- what is told ---------------------------------------------------------------------------------------------- */

PyObject *
owned_channel_told(owned_channel *self)
{
    return self->name != Py_None ? PyUnicode_FromFormat("channel %R", self->name)
                                 : PyUnicode_FromFormat("the channel at %p", self);
}

static OWNED_COLD void
refuse_closed(owned_channel *self, const char *format)
{
    PyObject *name = owned_channel_told(self);
    if (name != NULL)
        PyErr_Format(owned_the_state->ChannelClosed, format, name);
    Py_XDECREF(name);
}

static void
refuse_get(owned_channel *self)
{
    refuse_closed(self, "%U is closed, and all that was put into it has been taken: nothing more will come");
}

/* ---- put ------------------------------------------------------------------------------------------------------- */

/* The region of what goes by itself, with the record that names the channel. Borrowed; NULL with an error set. */
static owned_region *
transit_borrowed(owned_channel *self)
{
    owned_region *transit = owned_load_ptr(&self->transit);
    if (OWNED_LIKELY(transit != NULL))
        return transit;
    PyObject *name = owned_channel_told(self);
    PyObject *record = name == NULL ? NULL : PyObject_CallOneArg(owned_the_state->make_channel_record, name);
    owned_region *made = record == NULL ? NULL : owned_cargo_common(record);
    Py_XDECREF(record);
    Py_XDECREF(name);
    if (made == NULL)
        return NULL;
    owned_mutex_lock(&self->mutex);
    transit = self->transit;
    if (transit == NULL)
        owned_store_ptr(&self->transit, transit = made);
    owned_mutex_unlock(&self->mutex);
    if (transit != made)
        Py_DECREF((PyObject *)made);
    return transit;
}

static owned_channel_answer
put_as_it_is(owned_channel *self, PyObject *item)
{
    PyObject *callback = NULL;
    owned_mutex_lock(&self->mutex);
    owned_channel_answer answer = room(self);
    if (OWNED_LIKELY(answer == OWNED_CHANNEL_DONE)) {
        push(self, Py_NewRef(item), NULL);
        callback = wake_one(&self->getters);
    }
    owned_mutex_unlock(&self->mutex);
    owned_channel_fire(callback);
    return answer;
}

/* A place is reserved: it goes. */
static void
send(owned_channel *self, owned_cargo *cargo)
{
    PyObject *load = owned_cargo_depart(cargo);
    Py_INCREF(cargo->value);
    owned_mutex_lock(&self->mutex);
    push(self, cargo->value, load);
    if (places_reserved(self) != 0)
        self->reserved--;
    PyObject *callback = wake_one(&self->getters);
    int closed = self->closed;
    owned_mutex_unlock(&self->mutex);
    owned_channel_fire(callback);
    if (OWNED_UNLIKELY(closed))
        wake_all(self);
}

static owned_channel_answer
put_moved(owned_channel *self, PyObject *item)
{
    owned_region *transit = transit_borrowed(self);
    PyObject *name = transit == NULL || !owned_mode_is_strict() ? Py_NewRef(Py_None) : owned_channel_told(self);
    if (transit == NULL || name == NULL)
        return OWNED_CHANNEL_ERROR;
    owned_cargo cargo;
    owned_channel_answer answer = OWNED_CHANNEL_ERROR;
    if (owned_cargo_prepare(&cargo, item, transit, &putting, name) == 0) {
        owned_mutex_lock(&self->mutex);
        answer = room(self);
        if (answer == OWNED_CHANNEL_DONE) {
            self->process = owned_process_number();
            self->reserved++;
        }
        owned_mutex_unlock(&self->mutex);
        if (answer == OWNED_CHANNEL_DONE)
            send(self, &cargo);
    }
    owned_cargo_release(&cargo);
    Py_DECREF(name);
    return answer;
}

/* What becomes of the item: 0 it passes as it is, 1 it moves, -1 with an error set. *item, a strong reference, is replaced by
 * what is put in its stead. */
static int
judge(owned_channel *self, PyObject **item)
{
    if (owned_is_frozen_instance(*item))
        return 0; /* told by one look at its class */
    owned_state *state = owned_the_state;
    owned_region **where = owned_carried(*item);
    owned_region *r = where == NULL ? NULL : owned_load_ptr(where);
    if (r != NULL) {
        owned_region_state now = owned_region_state_of(r);
        if (now == OWNED_FROZEN || now == OWNED_SHARED)
            return 0;
        if (now == OWNED_PRIVATE && owned_load_u64(&r->holder) == owned_this_thread.id)
            return 1; /* `r` is borrowed: for more than a look owned_passing_of() takes a reference */
    }
    if (Py_IS_TYPE(*item, state->Parcel))
        return owned_parcel_is_for_anybody(*item);
    owned_mode_rely();
    if (owned_mode_now() == OWNED_MODE_OFF)
        return 0;
    int passing = owned_passing_of(*item);
    if (passing != OWNED_PASSES_UNGUARDED || self->unguarded == state->str_pass)
        return passing < 0 ? -1 : passing != OWNED_PASSES;
    PyObject *wrapped = self->unguarded == state->str_wrap ? owned_wrap_root(*item) : NULL;
    if (wrapped == NULL && !PyErr_Occurred()) {
        PyObject *name = owned_channel_told(self);
        PyObject *done = name == NULL ? NULL : PyObject_CallFunctionObjArgs(state->refuse_unguarded, *item, name, NULL);
        Py_XDECREF(done);
        Py_XDECREF(name);
    }
    if (wrapped == NULL)
        return -1;
    Py_SETREF(*item, wrapped);
    return 1;
}

static owned_channel_answer
put_now(owned_channel *self, PyObject *item, int moves)
{
    return moves ? put_moved(self, item) : put_as_it_is(self, item);
}

/* The first try was in vain. */
static OWNED_COLD PyObject *
put_later(owned_channel *self, PyObject *item, int moves, int64_t timeout, owned_channel_answer answer)
{
    int64_t deadline = owned_timeout_deadline(timeout);
    while (answer == OWNED_CHANNEL_NOT_NOW) {
        int64_t left = timeout == 0 ? 0 : owned_timeout_left(deadline);
        if (left <= 0) {
            PyErr_SetNone(owned_the_state->Full);
            return NULL;
        }
        if (wait_in(self, &self->putters, left, timeout == OWNED_FOR_EVER) < 0)
            return NULL;
        answer = put_now(self, item, moves);
    }
    if (answer == OWNED_CHANNEL_DONE)
        Py_RETURN_NONE;
    if (answer == OWNED_CHANNEL_CLOSED)
        refuse_closed(self, "%U is closed: nothing more can be put into it");
    else {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        owned_channel_pass_on(self, &self->putters);
    }
    return NULL;
}

static inline int
is_plain_value(PyObject *item)
{
    return owned_is_scalar(item) || owned_is_atomic(item);
}

/* What judge() would let pass as it is, told faster: a value that cannot change, or a tuple of them. */
static inline int
passes_at_sight(PyObject *item)
{
    if (!PyTuple_CheckExact(item))
        return is_plain_value(item);
    Py_ssize_t i = PyTuple_GET_SIZE(item);
    while (i > 0 && is_plain_value(PyTuple_GET_ITEM(item, i - 1)))
        i--;
    return i == 0;
}

PyObject *
owned_channel_put(owned_channel *self, PyObject *item, int64_t timeout)
{
    Py_INCREF(item);
    int moves = OWNED_LIKELY(passes_at_sight(item)) ? 0 : judge(self, &item);
    PyObject *result = NULL;
    if (OWNED_LIKELY(moves >= 0)) {
        owned_watch((PyObject *)self, OWNED_WATCH_RELEASES);
        owned_channel_answer answer = put_now(self, item, moves);
        result = OWNED_LIKELY(answer == OWNED_CHANNEL_DONE) ? Py_NewRef(Py_None)
                                                            : put_later(self, item, moves, timeout, answer);
    }
    else
        owned_channel_pass_on(self, &self->putters); /* aput() may have been woken for this try */
    Py_DECREF(item);
    return result;
}

/* ---- get ------------------------------------------------------------------------------------------------------- */

/* Before what moved is taken: this thread is registered, and the record is there if one is due. 0, or -1 with an error set. */
static OWNED_COLD int
expect(owned_channel *self, PyObject *value, PyObject *load, PyObject **record)
{
    if (owned_thread_id() == 0)
        return -1;
    if (!owned_cargo_wants_record(load))
        return 0;
    PyObject *name = owned_channel_told(self);
    PyObject *made = name == NULL ? NULL : owned_cargo_record("get", value, name);
    Py_XDECREF(name);
    Py_XSETREF(*record, made);
    return made == NULL ? -1 : 0;
}

/* A parcel that could not be opened, and holds its content still: it is the first again. */
static OWNED_COLD void
give_back(owned_channel *self, PyObject *parcel)
{
    owned_mutex_lock(&self->mutex);
    int fits = self->used + places_reserved(self) < self->size || resize(self, self->size * 2) == 0;
    if (fits) {
        self->head = (self->head - 1) & (self->size - 1);
        self->ring[self->head] = (owned_channel_item){Py_NewRef(parcel), Py_NewRef(parcel)};
        self->used++;
    }
    PyObject *callback = fits ? wake_one(&self->getters) : NULL;
    owned_mutex_unlock(&self->mutex);
    owned_channel_fire(callback);
}

/* What moved arrives; NULL with an error set, and what can be taken still is in the channel. */
static PyObject *
receive(owned_channel *self, owned_channel_item first, PyObject *record)
{
    PyObject *parcel = Py_IS_TYPE(first.load, owned_the_state->Parcel) ? Py_NewRef(first.load) : NULL;
    PyObject *item = owned_cargo_arrive(first.value, first.load, self->transit, record);
    if (item == NULL && parcel != NULL && !owned_parcel_is_claimed(parcel))
        give_back(self, parcel);
    Py_XDECREF(parcel);
    return item;
}

owned_channel_answer
owned_channel_take(owned_channel *self, PyObject **item)
{
    PyObject *record = NULL, *expected = NULL;
    owned_channel_answer answer = OWNED_CHANNEL_DONE;
    for (;;) {
        owned_mutex_lock(&self->mutex);
        if (self->used == 0) {
            answer = OWNED_UNLIKELY(owned_channel_is_gettable(self)) ? OWNED_CHANNEL_CLOSED : OWNED_CHANNEL_NOT_NOW;
            owned_mutex_unlock(&self->mutex);
            if (answer == OWNED_CHANNEL_CLOSED)
                owned_watch((PyObject *)self, OWNED_WATCH_ACQUIRES);
            break;
        }
        owned_channel_item first = self->ring[self->head];
        if (OWNED_LIKELY(first.load == NULL) ||
            (owned_this_thread.birth != NULL && (first.value == expected || !owned_cargo_wants_record(first.load)))) {
            pop(self);
            PyObject *callback = wake_one(&self->putters);
            int drained = self->closed && self->used == 0;
            owned_mutex_unlock(&self->mutex);
            owned_channel_fire(callback);
            if (OWNED_UNLIKELY(drained))
                wake_all(self);
            *item = first.load == NULL ? first.value : receive(self, first, record);
            if (*item == NULL)
                answer = OWNED_CHANNEL_ERROR;
            else
                owned_watch((PyObject *)self, OWNED_WATCH_ACQUIRES);
            break;
        }
        Py_INCREF(first.value);
        Py_INCREF(first.load);
        owned_mutex_unlock(&self->mutex);
        int expects = expect(self, first.value, first.load, &record);
        Py_DECREF(first.load);
        Py_XSETREF(expected, first.value);
        if (expects < 0) {
            answer = OWNED_CHANNEL_ERROR;
            break;
        }
    }
    Py_XDECREF(expected);
    Py_XDECREF(record);
    return answer;
}

static OWNED_COLD PyObject *
get_later(owned_channel *self, int64_t timeout, owned_channel_answer answer)
{
    int64_t deadline = owned_timeout_deadline(timeout);
    PyObject *item = NULL;
    while (answer == OWNED_CHANNEL_NOT_NOW) {
        int64_t left = timeout == 0 ? 0 : owned_timeout_left(deadline);
        if (left <= 0) {
            PyErr_SetNone(owned_the_state->Empty);
            return NULL;
        }
        if (wait_in(self, &self->getters, left, timeout == OWNED_FOR_EVER) < 0)
            return NULL;
        answer = owned_channel_take(self, &item);
    }
    if (answer == OWNED_CHANNEL_CLOSED)
        refuse_get(self);
    else if (answer == OWNED_CHANNEL_ERROR)
        owned_channel_pass_on(self, &self->getters);
    return item;
}

PyObject *
owned_channel_get(owned_channel *self, int64_t timeout)
{
    PyObject *item = NULL;
    owned_channel_answer answer = owned_channel_take(self, &item);
    return OWNED_LIKELY(answer == OWNED_CHANNEL_DONE) ? item : get_later(self, timeout, answer);
}

/* ---- the rest of what touches the ring --------------------------------------------------------------------------- */

void
owned_channel_close(owned_channel *self)
{
    owned_watch((PyObject *)self, OWNED_WATCH_RELEASES);
    owned_mutex_lock(&self->mutex);
    self->closed = 1;
    owned_mutex_unlock(&self->mutex);
    wake_all(self);
}

owned_channel_look
owned_channel_look_at(owned_channel *self)
{
    owned_mutex_lock(&self->mutex);
    owned_channel_look seen = {self->used, self->closed, self->used + places_reserved(self) >= self->limit};
    owned_mutex_unlock(&self->mutex);
    return seen;
}

int
owned_channel_init_ring(owned_channel *self)
{
    if (resize(self, SMALLEST) == 0)
        return 0;
    PyErr_NoMemory();
    return -1;
}

/* One by one: what that runs may look at the channel. */
void
owned_channel_drop_items(owned_channel *self)
{
    owned_channel_item item;
    do {
        item = (owned_channel_item){NULL, NULL};
        owned_mutex_lock(&self->mutex);
        if (self->used != 0)
            item = pop(self);
        owned_mutex_unlock(&self->mutex);
        Py_XDECREF(item.value);
        Py_XDECREF(item.load);
    } while (item.value != NULL);
}
