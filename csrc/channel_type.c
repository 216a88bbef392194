/* The Python type Channel: its arguments, its methods and its life. What the methods do is in channel.c. */
// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "channel.h"
#include "mode.h"
#include "state.h"
#include "timeout.h"

int owned_channel_add(PyObject *module);

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
        return owned_channel_put((owned_channel *)self, args[0], OWNED_FOR_EVER);
    PyObject *values[3] = {NULL, NULL, NULL};
    int64_t timeout;
    if (parse("put", keywords, 3, args, nargs, names, values) < 0)
        return NULL;
    if (values[0] == NULL) {
        PyErr_SetString(PyExc_TypeError, "put() missing required argument 'item'");
        return NULL;
    }
    return owned_timeout_parse_queue(values[1], values[2], &timeout) < 0 ? NULL
                                                                        : owned_channel_put((owned_channel *)self, values[0], timeout);
}

static PyObject *
channel_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    static const char *const keywords[] = {"block", "timeout"};
    if (OWNED_LIKELY(nargs == 0 && names == NULL))
        return owned_channel_get((owned_channel *)self, OWNED_FOR_EVER);
    PyObject *values[2] = {NULL, NULL};
    int64_t timeout;
    if (parse("get", keywords, 2, args, nargs, names, values) < 0 ||
        owned_timeout_parse_queue(values[0], values[1], &timeout) < 0)
        return NULL;
    return owned_channel_get((owned_channel *)self, timeout);
}

static PyObject *
channel_put_nowait(PyObject *self, PyObject *item)
{
    return owned_channel_put((owned_channel *)self, item, 0);
}

static PyObject *
channel_get_nowait(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return owned_channel_get((owned_channel *)self, 0);
}

/* The next item; the end where the channel is closed and drained. */
static PyObject *
channel_next(PyObject *self)
{
    PyObject *item = owned_channel_get((owned_channel *)self, OWNED_FOR_EVER);
    if (item == NULL && PyErr_ExceptionMatches(owned_the_state->ChannelClosed))
        PyErr_Clear();
    return item;
}

static PyObject *
channel_close(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_channel_close((owned_channel *)op);
    Py_RETURN_NONE;
}

static PyObject *
channel_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(self);
}

static PyObject *
channel_qsize(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSize_t(owned_channel_look_at((owned_channel *)self).used);
}

static PyObject *
channel_empty(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_channel_look_at((owned_channel *)self).used == 0);
}

static PyObject *
channel_full(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_channel_look_at((owned_channel *)self).full);
}

static PyObject *
channel_get_closed(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(owned_channel_look_at((owned_channel *)self).closed);
}

static PyObject *
channel_repr(PyObject *op)
{
    owned_channel *self = (owned_channel *)op;
    owned_channel_look seen = owned_channel_look_at(self);
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
    if (owned_channel_init_ring(self) < 0)
        Py_CLEAR(self);
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

static int
channel_clear(PyObject *self)
{
    owned_channel_drop_items((owned_channel *)self);
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
    PyObject *name = moved == 0 ? NULL : owned_channel_told(self);
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
