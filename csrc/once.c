/* Once and Lazy: what is run once, whoever comes first, and what is computed once and then frozen.
 *
 *     NEW --call--> RUNNING --returns--> DONE (for ever)
 *      ^               |
 *      `----raises-----'      everybody who waits is woken, and the first of them runs it
 *
 * The thread that finds NEW makes it RUNNING under the mutex and runs the function outside of it. Once the state is DONE
 * nothing changes any more: the common call is one load and one reference counted. A runner that has died (in the
 * child of a fork, where it never was) counts as one whose function raised. */
// SPDX-License-Identifier: MIT
#include "atomic.h"
#include "check.h"
#include "lock_order.h"
#include "mode.h"
#include "park.h"
#include "state.h"
#include "timeout.h"
#include "verbs.h"
#include "watch.h"

int owned_once_add(PyObject *module);

enum { NEW, RUNNING, DONE };

typedef struct {
    PyObject_HEAD
    uint64_t state;            /* atomic; changes under the mutex */
    PyObject *result;          /* strong; from DONE on */
    PyObject *factory;         /* strong; of a Lazy, until DONE */
    owned_thread_info *runner; /* strong; while RUNNING; under the mutex */
    owned_waiters waiters;     /* under the mutex */
    owned_mutex mutex;
    owned_lock_tag tag; /* to strict mode it is a lock, held by its runner */
    vectorcallfunc vectorcall;
    PyObject *weakrefs;
} once;

static inline int
is_done(once *self)
{
    return owned_load_u64(&self->state) == DONE;
}

/* ---- whose turn it is -------------------------------------------------------------------------------------------- */

enum { FAILED = -1, MUST_WAIT, RUNS, FINISHED, RECURSES };

/* Become the runner, or stand in the queue. */
static int
try_to_run(once *self, owned_waiter *waiter, owned_sleeper *sleeper)
{
    PyObject *dead = NULL;
    int answer;
    owned_mutex_lock(&self->mutex);
    if (is_done(self))
        answer = FINISHED;
    else if (self->runner == owned_this_thread.info)
        answer = RECURSES;
    else if (self->runner != NULL && !owned_load_u64(&self->runner->finished)) {
        owned_waiters_join(&self->waiters, waiter, sleeper);
        answer = MUST_WAIT;
    }
    else {
        dead = (PyObject *)self->runner;
        self->runner = (owned_thread_info *)Py_NewRef((PyObject *)owned_this_thread.info);
        owned_store_u64(&self->state, RUNNING);
        answer = RUNS;
    }
    owned_mutex_unlock(&self->mutex);
    Py_XDECREF(dead);
    return answer;
}

/* Try once, and wait until that is worth trying again, for `ns` at most. */
static int
try_or_wait(once *self, int64_t ns, int for_ever)
{
    owned_sleeper sleeper;
    owned_waiter waiter = {0};
    if (owned_sleeper_begin(&sleeper) < 0)
        return FAILED;
    int answer = try_to_run(self, &waiter, &sleeper);
    if (answer == MUST_WAIT) {
        int waited = ns == 0 ? 0 : owned_wait_is_directed((PyObject *)self, for_ever);
        if (waited == 0 && ns != 0)
            waited = owned_sleep(&sleeper, ns, 1);
        if (waited < 0)
            answer = FAILED;
        owned_mutex_lock(&self->mutex);
        owned_waiters_leave(&self->waiters, &waiter);
        owned_mutex_unlock(&self->mutex);
    }
    owned_sleeper_end(&sleeper);
    return answer;
}

static int
refuse_recursion(once *self)
{
    return owned_refuse(owned_the_state->LockOrderError, "call", (PyObject *)self,
                        "thread %R is running the function of this %s, and called it again from inside: it would wait for "
                        "itself for ever. Let the function use what it has made so far",
                        owned_this_thread.info->name, self->vectorcall == NULL ? "Once" : "Lazy");
}

static int
refuse_late(once *self)
{
    owned_mutex_lock(&self->mutex);
    owned_thread_info *runner = (owned_thread_info *)Py_XNewRef((PyObject *)self->runner);
    owned_mutex_unlock(&self->mutex);
    const char *kind = self->vectorcall == NULL ? "Once" : "Lazy";
    if (runner == NULL)
        PyErr_Format(PyExc_TimeoutError, "the function of this %s has not returned in time", kind);
    else
        PyErr_Format(PyExc_TimeoutError, "the function of this %s has not returned in time: thread %R is running it", kind,
                     runner->name);
    Py_XDECREF((PyObject *)runner);
    return FAILED;
}

/* RUNS, FINISHED, or FAILED with an error set. */
static int
take_turn(once *self, int64_t timeout)
{
    if (owned_thread_id() == 0)
        return FAILED;
    if (OWNED_UNLIKELY(owned_this_thread.listed != 0) && timeout == OWNED_FOR_EVER && owned_mode_is_strict() &&
        owned_lock_order_check((PyObject *)self, &self->tag, 0) < 0)
        return FAILED;
    int64_t deadline = owned_timeout_deadline(timeout);
    for (;;) {
        int64_t left = timeout == 0 ? 0 : owned_timeout_left(deadline);
        int answer = try_or_wait(self, left < OWNED_SLICE_NS ? left : OWNED_SLICE_NS, timeout == OWNED_FOR_EVER);
        if (answer == RECURSES)
            return refuse_recursion(self);
        if (answer != MUST_WAIT)
            return answer;
        if (left == 0)
            return refuse_late(self);
    }
}

/* The function has returned `result` (stolen), or has raised: NULL. */
static void
end_turn(once *self, PyObject *result)
{
    PyObject *factory = NULL;
    owned_mutex_lock(&self->mutex);
    if (result != NULL) {
        self->result = result;
        factory = self->factory;
        self->factory = NULL;
    }
    PyObject *runner = (PyObject *)self->runner;
    self->runner = NULL;
    owned_store_u64(&self->state, result != NULL ? DONE : NEW);
    owned_waiter *waiter;
    while ((waiter = owned_waiters_first(&self->waiters)) != NULL)
        owned_waiter_wake(waiter, 1);
    owned_mutex_unlock(&self->mutex);
    Py_XDECREF(runner);
    Py_XDECREF(factory); /* runs its finalizer after all that */
}

/* What the function gives; a Lazy's is frozen. New reference, or NULL with an error set. */
static PyObject *
run(once *self, PyObject *function, PyObject *const *args, size_t nargs)
{
    PyObject *result = PyObject_Vectorcall(function, args, nargs, NULL);
    if (result == NULL)
        return NULL;
    if (self->vectorcall != NULL) {
        PyObject *frozen = owned_freeze(result);
        Py_SETREF(result, frozen);
    }
    else if (owned_may_pass(result, "the result", "Once.call()") < 0)
        Py_CLEAR(result);
    return result;
}

static PyObject *
get(once *self, int64_t timeout, PyObject *function, PyObject *const *args, size_t nargs)
{
    int turn = is_done(self) ? FINISHED : take_turn(self, timeout);
    if (turn == RUNS) {
        function = Py_NewRef(function != NULL ? function : self->factory);
        if (OWNED_UNLIKELY(owned_mode_is_strict()))
            owned_held_add((PyObject *)self, &self->tag);
        PyObject *result = run(self, function, args, nargs);
        owned_held_remove(&self->tag);
        owned_watch((PyObject *)self, OWNED_WATCH_RELEASES);
        end_turn(self, Py_XNewRef(result));
        Py_DECREF(function);
        return result;
    }
    if (turn == FAILED)
        return NULL;
    owned_watch((PyObject *)self, OWNED_WATCH_ACQUIRES);
    return Py_NewRef(self->result);
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* The only keyword is timeout. */
static int
parse_timeout(const char *method, PyObject *const *values, PyObject *names, int64_t *timeout)
{
    *timeout = OWNED_FOR_EVER;
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        if (PyUnicode_CompareWithASCIIString(name, "timeout") != 0) {
            PyErr_Format(PyExc_TypeError, "%s takes no keyword but timeout, got %R: bind others with functools.partial", method,
                         name);
            return -1;
        }
        if (owned_timeout_parse_optional(values[i], timeout) < 0)
            return -1;
    }
    return 0;
}

static int
check_callable(PyObject *function, const char *name)
{
    if (PyCallable_Check(function))
        return 0;
    PyErr_Format(PyExc_TypeError, "`%s` must be callable, got %.200s", name, Py_TYPE(function)->tp_name);
    return -1;
}

static PyObject *
once_call(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (nargs == 0) {
        PyErr_SetString(PyExc_TypeError, "Once.call() takes a function and its arguments");
        return NULL;
    }
    if (check_callable(args[0], "function") < 0 || parse_timeout("Once.call()", args + nargs, names, &timeout) < 0)
        return NULL;
    return get((once *)op, timeout, args[0], args + 1, (size_t)nargs - 1);
}

static PyObject *
lazy_vectorcall(PyObject *op, PyObject *const *args, size_t nargsf, PyObject *names)
{
    once *self = (once *)op;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    int64_t timeout = OWNED_FOR_EVER;
    if (nargs != 0) {
        PyErr_Format(PyExc_TypeError, "a Lazy takes no arguments but timeout=, got %zd", nargs);
        return NULL;
    }
    if (names != NULL && parse_timeout("a Lazy", args, names, &timeout) < 0)
        return NULL;
    return get(self, timeout, NULL, NULL, 0);
}

/* The slot's function under its name, for a signature. */
static PyObject *
lazy_call(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    return lazy_vectorcall(self, args, (size_t)nargs, names);
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static PyObject *
once_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Once", keywords))
        return NULL;
    once *self = (once *)type->tp_alloc(type, 0);
    if (self != NULL && owned_mode_is_strict())
        self->tag.made = owned_place_here();
    return (PyObject *)self;
}

static PyObject *
lazy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"factory", NULL};
    PyObject *factory;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Lazy", keywords, &factory) || check_callable(factory, "factory") < 0)
        return NULL;
    once *self = (once *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->factory = Py_NewRef(factory);
    self->vectorcall = lazy_vectorcall;
    if (owned_mode_is_strict())
        self->tag.made = owned_place_here();
    return (PyObject *)self;
}

static int
once_traverse(PyObject *op, visitproc visit, void *arg)
{
    once *self = (once *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->result);
    Py_VISIT(self->factory);
    return 0;
}

/* Nobody reaches it any more but what dies with it: to that it is as good as new, and a Lazy has no factory. */
static int
once_clear(PyObject *op)
{
    once *self = (once *)op;
    owned_store_u64(&self->state, NEW);
    Py_CLEAR(self->result);
    if (self->vectorcall != NULL)
        Py_XSETREF(self->factory, Py_NewRef(Py_None));
    return 0;
}

static void
once_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    once *self = (once *)op;
    PyObject_GC_UnTrack(op);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    Py_CLEAR(self->result);
    Py_CLEAR(self->factory);
    Py_CLEAR(self->runner);
    owned_lock_tag_clear(&self->tag);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *
once_is_done(PyObject *self, void *Py_UNUSED(closure))
{
    int done = is_done((once *)self);
    if (done)
        owned_watch(self, OWNED_WATCH_ACQUIRES);
    return PyBool_FromLong(done);
}

static PyObject *
once_repr(PyObject *op)
{
    static const char *const words[2][3] = {{"not called yet", "being called", "done"},
                                            {"not computed yet", "being computed", "computed"}};
    once *self = (once *)op;
    return PyUnicode_FromFormat("<%s at %p, %s>", self->vectorcall == NULL ? "Once" : "Lazy", op,
                                words[self->vectorcall != NULL][owned_load_u64(&self->state)]);
}

/* ---- the Python types -------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(once_doc,
"Once()\n--\n\n"
"What has to be done once, by whichever thread comes first: opening a connection, registering a handler.\n\n"
"It remembers that it was done and with what result, not which function did it: the calls that come later get the same\n"
"result, whatever they pass. So it is no decorator; ``Lazy`` is one.\n\n"
"Raises:\n"
"    TypeError: it is to be copied or pickled.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time.");

PyDoc_STRVAR(call_doc,
"call($self, function, /, *args, timeout=None)\n--\n\n"
"Call the function with the arguments if nobody has yet; while another thread does, wait for it.\n\n"
"A function that raises has not done it: its caller gets the exception, and the next caller tries again, which may be\n"
"one that waits. The same holds where the result is refused, and in the child of a fork where a thread that stayed\n"
"behind was at it. What is to be called with keywords is bound first, with ``functools.partial``.\n\n"
"Args:\n"
"    function: called with ``args``, by this thread, while no lock of ours is held for it.\n"
"    timeout: wait for another thread so many seconds at most; None: for ever. The function itself is not stopped.\n\n"
"Returns:\n"
"    What the one call that succeeded returned. Every thread gets it, so it has to be something that every thread may\n"
"    have: immutable, frozen, shared or synchronized by itself.\n\n"
"Raises:\n"
"    TimeoutError: another thread is running the function still.\n"
"    LockOrderError: the function calls this very method, and would wait for itself; in strict mode also where this\n"
"        and other locks are taken in contradicting orders.\n"
"    OwnershipError, TypeError: the result is private, or can change and nobody guards it. Not checked in the mode\n"
"        ``off``.\n"
"    Whatever the function raises.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait. Not checked outside\n"
"    of strict mode: two of them whose functions wait for each other.");

PyDoc_STRVAR(lazy_doc,
"Lazy(factory)\n--\n\n"
"A value that is computed when it is first asked for, once, then frozen, and read by every thread from then on.\n\n"
"``lazy()`` gives the value. Used as a decorator, it makes a function without arguments such a value::\n\n"
"    @Lazy\n"
"    def config(): ...\n\n"
"    config()\n\n"
"The first caller runs the factory, and ``freeze`` makes the result and all that it reaches immutable: a dict comes out\n"
"as a ``frozendict``. While it runs, other threads wait. A factory that raises, or whose result cannot be frozen, leaves\n"
"it uncomputed: its caller gets the exception, and the next caller tries again. Once there is a value the factory is\n"
"forgotten.\n\n"
"Args:\n"
"    factory: called without arguments, by the first thread that asks.\n\n"
"Raises:\n"
"    TypeError: the factory cannot be called; or it is to be copied or pickled.\n\n"
"Threads:\n"
"    Any thread may call it at any time.");

PyDoc_STRVAR(lazy_call_doc,
"__call__($self, /, *, timeout=None)\n--\n\n"
"The value: computed now, if it has not been.\n\n"
"Args:\n"
"    timeout: wait for another thread that computes it so many seconds at most; None: for ever.\n\n"
"Returns:\n"
"    The frozen value, the same one for every thread.\n\n"
"Raises:\n"
"    TimeoutError: another thread is computing it still.\n"
"    FreezeError: the result cannot be frozen; the message gives the path to what it is.\n"
"    LockOrderError: the factory asks for the value that it is to make; in strict mode also where this and other locks\n"
"        are taken in contradicting orders.\n"
"    Whatever the factory raises.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nIt cannot be pickled or copied: TypeError.");

static PyMethodDef once_methods[] = {
    {"call", (PyCFunction)(void (*)(void))once_call, METH_FASTCALL | METH_KEYWORDS, call_doc},
    {"__reduce_ex__", owned_refuse_copies, METH_O, reduce_doc},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef lazy_methods[] = {
    {"__call__", (PyCFunction)(void (*)(void))lazy_call, METH_FASTCALL | METH_KEYWORDS | METH_COEXIST, lazy_call_doc},
    {"__reduce_ex__", owned_refuse_copies, METH_O, reduce_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Lazy[T]: a lazy value that is a T, for annotations."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef once_getset[] = {
    {"done", once_is_done, NULL, PyDoc_STR("True from when a call has succeeded, for ever."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyGetSetDef lazy_getset[] = {
    {"computed", once_is_done, NULL, PyDoc_STR("True from when there is a value, for ever."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef once_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(once, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMemberDef lazy_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(once, weakrefs), Py_READONLY, NULL},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(once, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot once_slots[] = {
    {Py_tp_doc, (void *)once_doc},
    {Py_tp_new, once_new},
    {Py_tp_dealloc, once_dealloc},
    {Py_tp_traverse, once_traverse},
    {Py_tp_clear, once_clear},
    {Py_tp_repr, once_repr},
    {Py_tp_methods, once_methods},
    {Py_tp_getset, once_getset},
    {Py_tp_members, once_members},
    {0, NULL},
};

static PyType_Slot lazy_slots[] = {
    {Py_tp_doc, (void *)lazy_doc},
    {Py_tp_new, lazy_new},
    {Py_tp_dealloc, once_dealloc},
    {Py_tp_traverse, once_traverse},
    {Py_tp_clear, once_clear},
    {Py_tp_repr, once_repr},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, lazy_methods},
    {Py_tp_getset, lazy_getset},
    {Py_tp_members, lazy_members},
    {0, NULL},
};

static PyType_Spec once_spec = {
    .name = "owned.Once",
    .basicsize = sizeof(once),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = once_slots,
};

static PyType_Spec lazy_spec = {
    .name = "owned.Lazy",
    .basicsize = sizeof(once),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = lazy_slots,
};

int
owned_once_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    return owned_state_add_type(module, &state->Once, &once_spec, NULL, "Once") < 0 ||
                   owned_state_add_type(module, &state->Lazy, &lazy_spec, NULL, "Lazy") < 0
               ? -1
               : 0;
}
