/* select(): one thread waits for several channels. And the tokens of Channel._when(), which wait without sleeping.
 *
 * select() takes from the ready channel that it has not taken from for the longest time: each channel keeps the number of
 * the last select() that took from it, so of n channels that stay ready each is served once in n calls, whatever the order
 * they are given in and whoever calls. If none is ready, one sleeper stands in the queues of all.
 *
 * The thread may be woken for one channel and then find another one ready that is due before it: then the first one's item
 * is there for the next that waits for it, which has to be woken. */
// SPDX-License-Identifier: MIT
#include "channel.h"

#include "state.h"
#include "timeout.h"

int owned_select_add(PyObject *module);

/* ---- select ---------------------------------------------------------------------------------------------------- */

static uint64_t last_served; /* atomic */

typedef struct {
    owned_channel *const *channels; /* borrowed from the call's arguments */
    owned_waiter *waiters;
    Py_ssize_t count;
} selection;

/* The ready channel that is due, or NULL; *open: not all of them are closed and drained. */
static owned_channel *
due(selection *s, int *open)
{
    owned_channel *found = NULL;
    uint64_t oldest = UINT64_MAX;
    *open = 0;
    for (Py_ssize_t i = 0; i < s->count; i++) {
        owned_channel *channel = s->channels[i];
        owned_mutex_lock(&channel->mutex);
        int gettable = owned_channel_is_gettable(channel);
        size_t used = channel->used;
        if (used != 0 && channel->served < oldest) {
            oldest = channel->served;
            found = channel;
        }
        owned_mutex_unlock(&channel->mutex);
        *open |= !gettable || used != 0;
    }
    return found;
}

/* Take from the channel that is due. */
static owned_channel_answer
take_due(selection *s, owned_channel **from, PyObject **item)
{
    int open;
    owned_channel *channel;
    while ((channel = due(s, &open)) != NULL) {
        owned_channel_answer answer = owned_channel_take(channel, item);
        if (answer == OWNED_CHANNEL_NOT_NOW || answer == OWNED_CHANNEL_CLOSED)
            continue; /* somebody was faster */
        if (answer == OWNED_CHANNEL_DONE) {
            owned_mutex_lock(&channel->mutex);
            channel->served = owned_add_u64(&last_served, 1) + 1;
            owned_mutex_unlock(&channel->mutex);
        }
        *from = channel;
        return answer;
    }
    return open ? OWNED_CHANNEL_NOT_NOW : OWNED_CHANNEL_CLOSED;
}

static void
leave_all(selection *s)
{
    for (Py_ssize_t i = 0; i < s->count; i++) {
        owned_mutex_lock(&s->channels[i]->mutex);
        owned_waiters_leave(&s->channels[i]->getters, &s->waiters[i]);
        owned_mutex_unlock(&s->channels[i]->mutex);
    }
}

/* Stand in every queue; 1 if it is worth looking again at once. A channel that is drained is not waited for. */
static int
join_all(selection *s, owned_sleeper *sleeper)
{
    int ready = 0, joined = 0;
    for (Py_ssize_t i = 0; i < s->count && !ready; i++) {
        owned_channel *channel = s->channels[i];
        s->waiters[i].wants = (uint64_t)i + 1;
        owned_mutex_lock(&channel->mutex);
        ready = channel->used != 0;
        if (!owned_channel_is_gettable(channel)) {
            owned_waiters_join(&channel->getters, &s->waiters[i], sleeper);
            joined = 1;
        }
        owned_mutex_unlock(&channel->mutex);
    }
    return ready || !joined;
}

/* Wait until it is worth looking again. 0, or -1 with an error set; *woken is for whom this thread was woken, or NULL. */
static int
wait_for_any(selection *s, int64_t ns, int for_ever, owned_channel **woken)
{
    owned_sleeper sleeper;
    *woken = NULL;
    if (owned_thread_id() == 0 || owned_sleeper_begin(&sleeper) < 0)
        return -1;
    memset(s->waiters, 0, (size_t)s->count * sizeof(owned_waiter));
    int result = join_all(s, &sleeper);
    if (result == 0)
        result = owned_channel_wait_is_directed(s->channels, s->count, 0, for_ever);
    if (result == 0)
        result = owned_sleep(&sleeper, ns, 1);
    leave_all(s);
    uint64_t answer = owned_load_u64(&sleeper.answer);
    if (answer != 0)
        *woken = s->channels[answer - 1];
    owned_sleeper_end(&sleeper);
    return result < 0 ? -1 : 0;
}

/* 0 with the channel and its item in `pair`, or -1 with an error set. */
static int
select_into(PyObject *pair, selection *s, int64_t timeout)
{
    int64_t deadline = timeout == 0 ? 0 : owned_timeout_deadline(timeout);
    owned_channel *from = NULL, *woken = NULL;
    PyObject *item = NULL;
    owned_channel_answer answer;
    while ((answer = take_due(s, &from, &item)) == OWNED_CHANNEL_NOT_NOW) {
        int64_t left = timeout == 0 ? 0 : owned_timeout_left(deadline);
        if (left <= 0) {
            PyErr_SetNone(owned_the_state->Empty);
            return -1;
        }
        if (woken != NULL)
            owned_channel_pass_on(woken, &woken->getters);
        if (wait_for_any(s, left, timeout == OWNED_FOR_EVER, &woken) < 0) {
            answer = OWNED_CHANNEL_ERROR;
            break;
        }
    }
    if (woken != NULL && (answer != OWNED_CHANNEL_DONE || woken != from))
        owned_channel_pass_on(woken, &woken->getters);
    if (answer == OWNED_CHANNEL_CLOSED)
        PyErr_SetString(owned_the_state->ChannelClosed,
                        "every channel given to select() is closed, and all that was put into them has been taken: nothing "
                        "more will come");
    if (answer != OWNED_CHANNEL_DONE)
        return -1;
    PyTuple_SET_ITEM(pair, 0, Py_NewRef((PyObject *)from));
    PyTuple_SET_ITEM(pair, 1, item);
    return 0;
}

/* The only keyword; NULL without an error where it is not given. */
static int
parse_timeout(PyObject *const *args, Py_ssize_t nargs, PyObject *names, int64_t *timeout)
{
    PyObject *seconds = NULL;
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_GET_SIZE(names); k++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "timeout") != 0) {
            PyErr_Format(PyExc_TypeError, "select() got an unexpected keyword argument %R", PyTuple_GET_ITEM(names, k));
            return -1;
        }
        seconds = args[nargs + k];
    }
    return owned_timeout_parse_queue(NULL, seconds, timeout);
}

static int
check_channels(PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs == 0) {
        PyErr_SetString(PyExc_TypeError, "select() takes at least one channel: with none it would wait for ever");
        return -1;
    }
    for (Py_ssize_t i = 0; i < nargs; i++)
        if (!Py_IS_TYPE(args[i], owned_the_state->Channel)) {
            PyErr_Format(PyExc_TypeError, "select() takes channels, got %.200s as argument %zd", Py_TYPE(args[i])->tp_name,
                         i + 1);
            return -1;
        }
    return 0;
}

static PyObject *
select_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    enum { few = 8 };
    owned_waiter on_stack[few];
    int64_t timeout;
    if (check_channels(args, nargs) < 0 || parse_timeout(args, nargs, names, &timeout) < 0)
        return NULL;
    selection s = {(owned_channel *const *)args, on_stack, nargs};
    if (nargs > few && (s.waiters = PyMem_New(owned_waiter, (size_t)nargs)) == NULL)
        return PyErr_NoMemory();
    PyObject *pair = PyTuple_New(2); /* before anything is taken */
    if (pair != NULL && select_into(pair, &s, timeout) < 0)
        Py_CLEAR(pair);
    if (s.waiters != on_stack)
        PyMem_Free(s.waiters);
    return pair;
}

PyDoc_STRVAR(select_doc,
"select($module, /, *channels, timeout=None)\n--\n\n"
"Take an item from whichever of the channels has one, waiting until one has.\n\n"
"Of several that have one it is the turn of the channel that select() has not taken from for the longest time: none that is\n"
"ready is passed over for ever. Channels that are closed and empty are left out.\n\n"
"Args:\n"
"    channels: one or more of them.\n"
"    timeout: wait so many seconds at most; 0: do not wait; None: for ever.\n\n"
"Returns:\n"
"    The channel, and the item: it is the calling thread's from now on, as with ``get()``.\n\n"
"Raises:\n"
"    queue.Empty: none had an item in time.\n"
"    ChannelClosed: all are closed and empty, or were while we waited.\n"
"    TypeError: there is no channel among the arguments, or something else.\n"
"    MovedError: the item is a parcel that somebody claimed after it was put.\n"
"    ValueError, OverflowError: the timeout is negative, or too large.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait: nothing was taken then.");

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

/* Stands in a queue of the channel, which borrows it: a token that dies leaves. */
typedef struct {
    PyObject_HEAD
    owned_channel *channel; /* strong; NULL once the collector has cleared it */
    owned_waiters *queue;   /* of the channel */
    owned_waiter waiter;    /* under the channel's mutex */
    PyObject *callback;     /* strong; NULL once it is called, or cancelled; under the channel's mutex */
    uint64_t cancelled;     /* 1: before its callback was called, 2: after; atomic */
} token;

/* 1 if the callback will not be called now. */
static int
withdraw(token *self)
{
    owned_channel *channel = self->channel;
    if (channel == NULL)
        return 1;
    owned_mutex_lock(&channel->mutex);
    owned_waiters_leave(self->queue, &self->waiter);
    PyObject *callback = self->callback;
    self->callback = NULL;
    owned_mutex_unlock(&channel->mutex);
    Py_XDECREF(callback);
    return callback != NULL;
}

/* One that was called before lets the next one try, in its stead. */
static PyObject *
token_cancel(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    token *self = (token *)op;
    if (owned_cas_u64(&self->cancelled, 0, withdraw(self) ? 1 : 2) && self->cancelled == 2)
        owned_channel_pass_on(self->channel, self->queue);
    return PyBool_FromLong(owned_load_u64(&self->cancelled) == 1);
}

PyObject *
owned_channel_next_callback(PyObject *answer)
{
    token *self = (token *)answer;
    PyObject *callback = NULL;
    owned_channel *channel = Py_IS_TYPE(answer, owned_the_state->ChannelToken) ? self->channel : NULL;
    if (channel == NULL || !owned_cas_u64(&self->cancelled, 0, 2))
        return NULL;
    owned_mutex_lock(&channel->mutex);
    if (owned_channel_is_ready(channel, self->queue))
        callback = owned_channel_wake(self->queue);
    owned_mutex_unlock(&channel->mutex);
    return callback;
}

PyObject *
owned_channel_when(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    owned_channel *channel = (owned_channel *)op;
    if (nargs != 2)
        return PyErr_Format(PyExc_TypeError, "_when() takes 2 arguments (%zd given)", nargs);
    int puts = PyUnicode_Check(args[0]) && PyUnicode_CompareWithASCIIString(args[0], "put") == 0;
    if (!puts && !(PyUnicode_Check(args[0]) && PyUnicode_CompareWithASCIIString(args[0], "get") == 0))
        return PyErr_Format(PyExc_ValueError, "`kind` must be 'get' or 'put', got %R", args[0]);
    if (!PyCallable_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "`callback` must be callable, got %.200s", Py_TYPE(args[1])->tp_name);
    token *self = PyObject_GC_New(token, owned_the_state->ChannelToken);
    if (self == NULL)
        return NULL;
    self->channel = (owned_channel *)Py_NewRef(op);
    self->queue = puts ? &channel->putters : &channel->getters;
    self->waiter = (owned_waiter){.note = &self->callback};
    self->callback = Py_NewRef(args[1]);
    self->cancelled = 0;
    PyObject *callback = NULL;
    owned_mutex_lock(&channel->mutex);
    if (puts ? owned_channel_is_puttable(channel) : owned_channel_is_gettable(channel)) {
        callback = self->callback;
        self->callback = NULL;
    }
    else
        owned_waiters_join(self->queue, &self->waiter, NULL);
    owned_mutex_unlock(&channel->mutex);
    PyObject_GC_Track((PyObject *)self);
    owned_channel_fire(callback);
    return (PyObject *)self;
}

static int
token_traverse(PyObject *op, visitproc visit, void *arg)
{
    token *self = (token *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->channel);
    Py_VISIT(self->callback);
    return 0;
}

static int
token_clear(PyObject *op)
{
    token *self = (token *)op;
    (void)withdraw(self);
    Py_CLEAR(self->channel);
    return 0;
}

static void
token_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    token_clear(op);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

static PyMethodDef token_methods[] = {
    {"cancel", token_cancel, METH_NOARGS,
     PyDoc_STR("cancel($self, /)\n--\n\nTrue: the callback is not called any more. False: it was called before, and if what it "
               "was called\nfor is still there, the next in the queue is told.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot token_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("What Channel._when() gives.\n\nThreads:\n    Any thread may cancel it.")},
    {Py_tp_dealloc, token_dealloc},
    {Py_tp_traverse, token_traverse},
    {Py_tp_clear, token_clear},
    {Py_tp_methods, token_methods},
    {0, NULL},
};

static PyType_Spec token_spec = {
    .name = "owned._core.ChannelToken",
    .basicsize = sizeof(token),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = token_slots,
};

static PyMethodDef functions[] = {
    {"select", (PyCFunction)(void (*)(void))select_impl, METH_FASTCALL | METH_KEYWORDS, select_doc},
    {NULL, NULL, 0, NULL},
};

int
owned_select_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->ChannelToken, &token_spec, NULL, "ChannelToken") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
