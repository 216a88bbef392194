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
#include "membrane.h"
#include "mode.h"
#include "parcel.h"
#include "passing.h"
#include "state.h"
#include "timeout.h"

int owned_channel_add(PyObject *module);

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
    PyObject *done = PyObject_CallNoArgs(callback);
    if (done == NULL)
        PyErr_WriteUnraisable(callback);
    Py_XDECREF(done);
    Py_DECREF(callback);
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

static int
is_ready(owned_channel *self, owned_waiters *queue)
{
    return queue == &self->getters ? owned_channel_is_gettable(self) : owned_channel_is_puttable(self);
}

void
owned_channel_pass_on(owned_channel *self, owned_waiters *queue)
{
    owned_mutex_lock(&self->mutex);
    PyObject *callback = is_ready(self, queue) ? wake_one(queue) : NULL;
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
    int ready = is_ready(self, queue);
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

/* "channel 'jobs'", or "the channel at 0x..." */
static PyObject *
told(owned_channel *self)
{
    return self->name != Py_None ? PyUnicode_FromFormat("channel %R", self->name)
                                 : PyUnicode_FromFormat("the channel at %p", self);
}

static OWNED_COLD void
refuse_closed(owned_channel *self, const char *format)
{
    PyObject *name = told(self);
    if (name != NULL)
        PyErr_Format(owned_the_state->ChannelClosed, format, name);
    Py_XDECREF(name);
}

void
owned_channel_refuse_get(owned_channel *self)
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
    PyObject *name = told(self);
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
    PyObject *name = transit == NULL || !owned_mode_is_strict() ? Py_NewRef(Py_None) : told(self);
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
    owned_state *state = owned_the_state;
    owned_region **where = owned_carried(*item);
    owned_region *r = where == NULL ? NULL : owned_load_ptr(where);
    if (r != NULL) {
        owned_region_state now = owned_region_state_of(r);
        if (now == OWNED_FROZEN || now == OWNED_SHARED)
            return 0;
        if (owned_region_is_mine(r))
            return 1;
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
        PyObject *name = told(self);
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

static PyObject *
put(owned_channel *self, PyObject *item, int64_t timeout)
{
    Py_INCREF(item);
    int moves = OWNED_LIKELY(passes_at_sight(item)) ? 0 : judge(self, &item);
    PyObject *result = NULL;
    if (OWNED_LIKELY(moves >= 0)) {
        owned_channel_answer answer = put_now(self, item, moves);
        result = OWNED_LIKELY(answer == OWNED_CHANNEL_DONE) ? Py_NewRef(Py_None)
                                                            : put_later(self, item, moves, timeout, answer);
    }
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
    PyObject *name = told(self);
    PyObject *made = name == NULL ? NULL : owned_cargo_record("get", value, name);
    Py_XDECREF(name);
    Py_XSETREF(*record, made);
    return made == NULL ? -1 : 0;
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
            *item = first.load == NULL ? first.value : owned_cargo_arrive(first.value, first.load, self->transit, record);
            if (*item == NULL)
                answer = OWNED_CHANNEL_ERROR;
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
        owned_channel_refuse_get(self);
    else if (answer == OWNED_CHANNEL_ERROR)
        owned_channel_pass_on(self, &self->getters);
    return item;
}

static inline PyObject *
get(owned_channel *self, int64_t timeout)
{
    PyObject *item = NULL;
    owned_channel_answer answer = owned_channel_take(self, &item);
    return OWNED_LIKELY(answer == OWNED_CHANNEL_DONE) ? item : get_later(self, timeout, answer);
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

/* Arguments by position or by name. 0, or -1 with a TypeError. */
static int
parse(const char *function, const char *const *keywords, Py_ssize_t most, PyObject *const *args, Py_ssize_t nargs,
      PyObject *names, PyObject **values)
{
    if (nargs > most) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %zd arguments (%zd given)", function, most, nargs);
        return -1;
    }
    for (Py_ssize_t i = 0; i < nargs; i++)
        values[i] = args[i];
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        Py_ssize_t i = 0;
        while (i < most && PyUnicode_CompareWithASCIIString(name, keywords[i]) != 0)
            i++;
        if (i == most) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R", function, name);
            return -1;
        }
        if (values[i] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument %R", function, name);
            return -1;
        }
        values[i] = args[nargs + k];
    }
    return 0;
}

static PyObject *
channel_put(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    static const char *const keywords[] = {"item", "block", "timeout"};
    if (OWNED_LIKELY(nargs == 1 && names == NULL))
        return put((owned_channel *)self, args[0], OWNED_FOR_EVER);
    PyObject *values[3] = {NULL, NULL, NULL};
    int64_t timeout;
    if (parse("put", keywords, 3, args, nargs, names, values) < 0)
        return NULL;
    if (values[0] == NULL) {
        PyErr_SetString(PyExc_TypeError, "put() missing required argument 'item'");
        return NULL;
    }
    return owned_timeout_parse_queue(values[1], values[2], &timeout) < 0 ? NULL
                                                                        : put((owned_channel *)self, values[0], timeout);
}

static PyObject *
channel_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    static const char *const keywords[] = {"block", "timeout"};
    if (OWNED_LIKELY(nargs == 0 && names == NULL))
        return get((owned_channel *)self, OWNED_FOR_EVER);
    PyObject *values[2] = {NULL, NULL};
    int64_t timeout;
    if (parse("get", keywords, 2, args, nargs, names, values) < 0 ||
        owned_timeout_parse_queue(values[0], values[1], &timeout) < 0)
        return NULL;
    return get((owned_channel *)self, timeout);
}

static PyObject *
channel_put_nowait(PyObject *self, PyObject *item)
{
    return put((owned_channel *)self, item, 0);
}

static PyObject *
channel_get_nowait(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return get((owned_channel *)self, 0);
}

/* The next item; the end where the channel is closed and drained. */
static PyObject *
channel_next(PyObject *self)
{
    PyObject *item = get((owned_channel *)self, OWNED_FOR_EVER);
    if (item == NULL && PyErr_ExceptionMatches(owned_the_state->ChannelClosed))
        PyErr_Clear();
    return item;
}

static PyObject *
channel_close(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_channel *self = (owned_channel *)op;
    owned_mutex_lock(&self->mutex);
    self->closed = 1;
    owned_mutex_unlock(&self->mutex);
    wake_all(self);
    Py_RETURN_NONE;
}

static PyObject *
channel_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(self);
}

typedef struct {
    size_t used;
    int closed, full;
} look;

static look
look_at(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
    owned_mutex_lock(&self->mutex);
    look seen = {self->used, self->closed, self->used + places_reserved(self) >= self->limit};
    owned_mutex_unlock(&self->mutex);
    return seen;
}

static PyObject *
channel_qsize(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSize_t(look_at(self).used);
}

static PyObject *
channel_empty(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(look_at(self).used == 0);
}

static PyObject *
channel_full(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(look_at(self).full);
}

static PyObject *
channel_get_closed(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(look_at(self).closed);
}

static PyObject *
channel_repr(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
    look seen = look_at(op);
    PyObject *name = self->name == Py_None ? PyUnicode_FromString("") : PyUnicode_FromFormat(" %R", self->name);
    PyObject *most = self->maxsize <= 0 ? PyUnicode_FromString("") : PyUnicode_FromFormat(" of %zd", self->maxsize);
    PyObject *text = NULL;
    if (name != NULL && most != NULL)
        text = PyUnicode_FromFormat("<Channel%U at %p, %zu%U items%s>", name, self, seen.used, most,
                                    seen.closed ? ", closed" : "");
    Py_XDECREF(name);
    Py_XDECREF(most);
    return text;
}

static PyObject *
channel_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    PyErr_Format(PyExc_TypeError,
                 "cannot pickle or copy %R: a channel connects the threads of one process; pass the channel itself to a "
                 "thread, and use a multiprocessing.Queue between processes",
                 self);
    return NULL;
}

/* ---- asyncio: owned/_async_channel.py -------------------------------------------------------------------------- */

static PyObject *
call_async(const char *function, PyObject *self, PyObject *item)
{
    PyObject *module = PyImport_ImportModule("owned._async_channel");
    PyObject *called = module == NULL ? NULL : PyObject_GetAttrString(module, function);
    PyObject *result = called == NULL ? NULL : PyObject_CallFunctionObjArgs(called, self, item, NULL);
    Py_XDECREF(called);
    Py_XDECREF(module);
    return result;
}

static PyObject *
channel_aget(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return call_async("aget", self, NULL);
}

static PyObject *
channel_aput(PyObject *self, PyObject *item)
{
    return call_async("aput", self, item);
}

static PyObject *
channel_aiter(PyObject *self)
{
    return call_async("aiterate", self, NULL);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* One of the words, interned; NULL with an error set. Borrowed. */
static PyObject *
parse_unguarded(PyObject *given)
{
    owned_state *state = owned_the_state;
    PyObject *const words[] = {state->str_raise, state->str_wrap, state->str_pass};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(words); i++)
        if (given == NULL || (PyUnicode_Check(given) && PyUnicode_Compare(given, words[i]) == 0))
            return words[i];
    PyErr_Format(PyUnicode_Check(given) ? PyExc_ValueError : PyExc_TypeError,
                 "`unguarded` must be 'raise', 'wrap' or 'pass', got %R", given);
    return NULL;
}

static PyObject *
channel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"maxsize", "name", "unguarded", NULL};
    Py_ssize_t maxsize = 0;
    PyObject *name = Py_None, *unguarded = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n$OO:Channel", keywords, &maxsize, &name, &unguarded) ||
        (unguarded = parse_unguarded(unguarded)) == NULL)
        return NULL;
    if (name != Py_None && !PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "`name` must be a str or None, got %.200s", Py_TYPE(name)->tp_name);
        return NULL;
    }
    owned_channel *self = (owned_channel *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->maxsize = maxsize;
    self->limit = maxsize <= 0 ? PY_SSIZE_T_MAX : (size_t)maxsize;
    self->name = Py_NewRef(name);
    self->unguarded = Py_NewRef(unguarded);
    if (resize(self, SMALLEST) < 0) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static int
channel_traverse(PyObject *op, visitproc visit, void *arg)
{
    owned_channel *self = (owned_channel *)op;
    Py_VISIT(Py_TYPE(op));
    for (size_t i = 0; i < self->used; i++) {
        owned_channel_item *item = &self->ring[(self->head + i) & (self->size - 1)];
        Py_VISIT(item->value);
        Py_VISIT(item->load);
    }
    Py_VISIT(self->transit);
    return 0;
}

/* The items are let go of one by one: what that runs may look at the channel. */
static int
channel_clear(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
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
    return 0;
}

/* Strict mode: what was handed over and nobody took. */
static void
channel_finalize(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
    if (owned_the_state == NULL || !owned_mode_is_strict() || self->used == 0)
        return;
    PyObject *error = PyErr_GetRaisedException();
    Py_ssize_t moved = 0;
    PyObject *first = NULL;
    for (size_t i = 0; i < self->used; i++) {
        owned_channel_item *item = &self->ring[(self->head + i) & (self->size - 1)];
        if (item->load != NULL && moved++ == 0)
            first = (PyObject *)owned_known_type(item->value);
    }
    PyObject *name = moved == 0 ? NULL : told(self);
    PyObject *done = name == NULL ? NULL : PyObject_CallFunction(owned_the_state->warn_unclaimed, "OnO", name, moved, first);
    if (done == NULL && PyErr_Occurred())
        PyErr_WriteUnraisable(op);
    Py_XDECREF(done);
    Py_XDECREF(name);
    Py_XDECREF(first);
    PyErr_SetRaisedException(error);
}

static void
channel_dealloc(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
    PyTypeObject *type = Py_TYPE(op);
    if (PyObject_CallFinalizerFromDealloc(op) < 0)
        return;
    PyObject_GC_UnTrack(op);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    channel_clear(op);
    PyMem_RawFree(self->ring);
    Py_XDECREF((PyObject *)self->transit);
    Py_XDECREF(self->name);
    Py_XDECREF(self->unguarded);
    type->tp_free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(channel_doc,
"Channel(maxsize=0, *, name=None, unguarded='raise')\n--\n\n"
"A queue between threads that hands over what is put into it: what is put is moved, what is got is the getter's.\n\n"
"It has the methods of ``queue.Queue`` but for ``join`` and ``task_done``, can be closed, and is iterated until it is closed\n"
"and empty. Items come out in the order in which they went in. A frozen, shared or immutable item passes as it is. An\n"
"object that is private to the sender is moved, with all that ``move`` would take along: the sender's next touch is a\n"
"MovedError, the getter owns it. A ``Region`` goes as a whole, in constant time. A ``Parcel`` arrives claimed (one that is\n"
"addressed to a thread stays a parcel). A put that raises has changed nothing.\n\n"
"Args:\n"
"    maxsize: put() waits while so many items are in it; 0 or less: no limit.\n"
"    name: what messages call it.\n"
"    unguarded: what becomes of a mutable item that nobody guards. ``'raise'``: TypeError; ``'wrap'``: it is wrapped by\n"
"        own() and moved; ``'pass'``: it passes as it is, unguarded.\n\n"
"Raises:\n"
"    TypeError, ValueError: an argument is of the wrong kind.\n\n"
"Threads:\n"
"    Every method may be called by any number of threads, in signal handlers and finalizers too. Not checked: references\n"
"    that the sender keeps to the plain insides of what was wrapped.");

PyDoc_STRVAR(put_doc,
"put($self, /, item, block=True, timeout=None)\n--\n\n"
"Put an item in at the end, waiting while the channel is full.\n\n"
"Args:\n"
"    item: anything that may pass from thread to thread; a private object is moved.\n"
"    block: False: do not wait.\n"
"    timeout: wait so many seconds at most; None: for ever. Without a meaning if it does not block.\n\n"
"Raises:\n"
"    queue.Full: there was no room in time.\n"
"    ChannelClosed: the channel is closed, or was while we waited.\n"
"    TypeError: nobody guards the item, or something in it; the message names the way there.\n"
"    WrongThreadError, MovedError, OrphanedError: the item, or something in it, is not this thread's.\n"
"    RuntimeError: the item is a ``Region`` whose block is open.\n"
"    ValueError, OverflowError: the timeout is negative, or too large.\n"
"    In every case the item is the caller's as before.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(get_doc,
"get($self, /, block=True, timeout=None)\n--\n\n"
"Take the first item out, waiting while the channel is empty: it is the calling thread's from now on.\n\n"
"Args:\n"
"    block: False: do not wait.\n"
"    timeout: wait so many seconds at most; None: for ever. Without a meaning if it does not block.\n\n"
"Returns:\n"
"    The item; for a parcel what was in it.\n\n"
"Raises:\n"
"    queue.Empty: there was no item in time.\n"
"    ChannelClosed: the channel is closed and empty, or was while we waited: nothing more will come.\n"
"    MovedError: the item is a parcel that somebody claimed after it was put.\n"
"    ValueError, OverflowError: the timeout is negative, or too large.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait: nothing was taken then.");

PyDoc_STRVAR(put_nowait_doc, "put_nowait($self, item, /)\n--\n\nput(item, block=False)");
PyDoc_STRVAR(get_nowait_doc, "get_nowait($self, /)\n--\n\nget(block=False)");
PyDoc_STRVAR(close_doc,
"close($self, /)\n--\n\n"
"Let nothing more be put in. What is in the channel can still be got; then get() raises ChannelClosed and iteration ends.\n\n"
"Threads that wait in put() get a ChannelClosed, and keep their item. Closing twice is no error.\n\n"
"Threads:\n"
"    Any thread.");
PyDoc_STRVAR(qsize_doc, "qsize($self, /)\n--\n\nHow many items are in it at this moment.");
PyDoc_STRVAR(empty_doc, "empty($self, /)\n--\n\nIs no item in it at this moment?");
PyDoc_STRVAR(full_doc, "full($self, /)\n--\n\nWould put() have to wait at this moment?");
PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nThe channel: it is closed at the end of the block.");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nclose()");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nA channel cannot be pickled or copied: TypeError.");
PyDoc_STRVAR(aget_doc,
"aget($self, /)\n--\n\n"
"get() for coroutines: the task waits, and the event loop goes on.\n\n"
"Threads:\n"
"    Any event loop's.");
PyDoc_STRVAR(aput_doc,
"aput($self, item, /)\n--\n\n"
"put() for coroutines: the task waits, and the event loop goes on.\n\n"
"Threads:\n"
"    Any event loop's.");
PyDoc_STRVAR(when_doc,
"_when($self, kind, callback, /)\n--\n\n"
"Have ``callback()`` called once, as soon as a get (``kind='get'``) or a put (``'put'``) may succeed, or fails for good.\n\n"
"The callback stands in one queue with the threads that wait, and its call stands for waking it: whoever is called tries,\n"
"or lets the next one try by cancelling the token. It may be called before _when() is back.\n\n"
"Args:\n"
"    kind: ``'get'`` or ``'put'``.\n"
"    callback: what it raises is told as unraisable.\n\n"
"Returns:\n"
"    A token. ``token.cancel()`` says whether the callback will never be called now; a token that is dropped is cancelled.\n\n"
"Threads:\n"
"    Any thread; the callback is called on any thread, with no lock held.");

static PyMethodDef methods[] = {
    {"put", (PyCFunction)(void (*)(void))channel_put, METH_FASTCALL | METH_KEYWORDS, put_doc},
    {"get", (PyCFunction)(void (*)(void))channel_get, METH_FASTCALL | METH_KEYWORDS, get_doc},
    {"put_nowait", channel_put_nowait, METH_O, put_nowait_doc},
    {"get_nowait", channel_get_nowait, METH_NOARGS, get_nowait_doc},
    {"close", channel_close, METH_NOARGS, close_doc},
    {"qsize", channel_qsize, METH_NOARGS, qsize_doc},
    {"empty", channel_empty, METH_NOARGS, empty_doc},
    {"full", channel_full, METH_NOARGS, full_doc},
    {"__enter__", channel_enter, METH_NOARGS, enter_doc},
    {"__exit__", channel_close, METH_VARARGS, exit_doc},
    {"__reduce_ex__", channel_reduce_ex, METH_O, reduce_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("Channel[T]: a channel of T, for annotations.")},
    {"aget", channel_aget, METH_NOARGS, aget_doc},
    {"aput", channel_aput, METH_O, aput_doc},
    {"_when", (PyCFunction)(void (*)(void))owned_channel_when, METH_FASTCALL, when_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"maxsize", Py_T_PYSSIZET, offsetof(owned_channel, maxsize), Py_READONLY, PyDoc_STR("The limit it was made with.")},
    {"name", Py_T_OBJECT_EX, offsetof(owned_channel, name), Py_READONLY, PyDoc_STR("What messages call it, or None.")},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_channel, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"closed", channel_get_closed, NULL, PyDoc_STR("True once close() was called."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot channel_slots[] = {
    {Py_tp_doc, (void *)channel_doc},
    {Py_tp_new, channel_new},
    {Py_tp_dealloc, channel_dealloc},
    {Py_tp_finalize, channel_finalize},
    {Py_tp_traverse, channel_traverse},
    {Py_tp_clear, channel_clear},
    {Py_tp_repr, channel_repr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, channel_next},
    {Py_am_aiter, channel_aiter},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, getset},
    {0, NULL},
};

static PyType_Spec channel_spec = {
    .name = "owned.Channel",
    .basicsize = sizeof(owned_channel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = channel_slots,
};

int
owned_channel_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Channel, &channel_spec, NULL, "Channel");
}
