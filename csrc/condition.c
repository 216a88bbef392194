/* Condition: a lock of ours, and the threads that wait to be notified by whoever holds it.
 *
 *     wait     stand in the queue; give the lock back entirely; sleep; leave the queue; take the lock as deep as before
 *     notify   wake the first ones in the queue: which of them goes on first is the lock's business
 *
 * A thread stands in the queue before it gives the lock back, so a notify of whoever takes the lock next finds it. The
 * queue has a mutex of its own: who notifies holds the lock, but who gives up waiting does not.
 *
 * No notification is lost. It takes a waiter out of the queue and sets its answer under the mutex, and the waiter looks
 * at the answer, under the mutex too, after it has left. So a waiter whose time is up at that moment either left first,
 * and the notification goes to the next one; or it was notified, and says so: True, however late. A waiter that was notified
 * and raises all the same (Ctrl-C at that moment, an orphaned lock) passes the notification on.
 *
 * The lock is asked for _release_save(), _acquire_restore() and _is_owned(), as threading.Condition does; it keeps strict
 * mode's books itself. */
// SPDX-License-Identifier: MIT
#include "condition.h"

#include "compound_lock.h"
#include "park.h"
#include "state.h"
#include "timeout.h"
#include "watch.h"

int owned_condition_add(PyObject *module);

typedef struct {
    PyObject_HEAD
    PyObject *lock; /* strong; set once, by __init__; atomic */
    owned_mutex mutex;
    owned_waiters waiters; /* under the mutex */
    PyObject *weakrefs;
} owned_condition;

PyObject *
owned_condition_lock_borrowed(PyObject *op)
{
    PyObject *lock = owned_load_ptr(&((owned_condition *)op)->lock);
    if (lock == NULL)
        PyErr_Format(PyExc_RuntimeError, "%.200s.__init__() has not been called: this condition has no lock",
                     Py_TYPE(op)->tp_name);
    return lock;
}

/* ---- the lock ---------------------------------------------------------------------------------------------------- */

/* Does this thread hold the lock? 0, or -1 with the error for a call that needs it. */
static int
must_hold(PyObject *op, const char *access)
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    if (lock == NULL || owned_thread_id() == 0)
        return -1;
    if (owned_lock_is_held(lock))
        return 0;
    owned_region *region = (owned_region *)lock;
    const char *hold = owned_load_u64(&region->holder) == OWNED_NOBODY ? "nobody's" : "another's";
    PyObject *facts = owned_region_facts(region);
    PyObject *error = NULL;
    if (facts != NULL)
        error = PyObject_CallFunction(owned_the_state->make_lock_violation, "OOssO", op, facts, access, hold, Py_None);
    Py_XDECREF(facts);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return -1;
}

static PyObject *
call_on_lock(PyObject *op, PyObject *name)
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    return lock == NULL ? NULL : PyObject_CallMethodNoArgs(lock, name);
}

static PyObject *
condition_acquire(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    PyObject *method = lock == NULL ? NULL : PyObject_GetAttr(lock, owned_the_state->str_acquire);
    if (method == NULL)
        return NULL;
    PyObject *result = PyObject_Vectorcall(method, args, (size_t)nargs, names);
    Py_DECREF(method);
    return result;
}

static PyObject *
condition_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    return lock == NULL || owned_lock_enter(lock) < 0 ? NULL : Py_NewRef(Py_True);
}

static PyObject *
condition_release(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    return lock == NULL || owned_lock_leave(lock) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
condition_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    return condition_release(op, NULL);
}

/* The methods that the lock has as well, by the names they are called by. */
#define FORWARDED(X)                                                                                                   \
    X(locked, "locked($self, /)\n--\n\nIs the lock held by any thread?")                                              \
    X(_is_owned, "_is_owned($self, /)\n--\n\nDoes the calling thread hold the lock?")                                  \
    X(_release_save, "_release_save($self, /)\n--\n\nGive the lock back entirely. For threading.Condition.")           \
    X(_recursion_count, "_recursion_count($self, /)\n--\n\nHow often the calling thread has acquired the lock.")

#define X(name, doc)                                                                                                   \
    static PyObject *condition_##name(PyObject *op, PyObject *Py_UNUSED(ignored))                                     \
    {                                                                                                                  \
        return call_on_lock(op, owned_the_state->str_##name);                                                          \
    }
FORWARDED(X)
#undef X

static PyObject *
condition_acquire_restore(PyObject *op, PyObject *state)
{
    PyObject *lock = owned_condition_lock_borrowed(op);
    return lock == NULL ? NULL : PyObject_CallMethodOneArg(lock, owned_the_state->str__acquire_restore, state);
}

#ifdef HAVE_FORK
static PyObject *
condition_at_fork_reinit(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_condition *self = (owned_condition *)op;
    PyObject *done = call_on_lock(op, owned_the_state->str__at_fork_reinit);
    if (done != NULL)
        self->waiters = (owned_waiters){0};
    return done;
}
#endif

/* ---- notify ------------------------------------------------------------------------------------------------------ */

static void
wake_first(owned_condition *self, Py_ssize_t n)
{
    owned_waiter *first;
    owned_mutex_lock(&self->mutex);
    for (; n > 0 && (first = owned_waiters_first(&self->waiters)) != NULL; n--)
        owned_waiter_wake(first, 1);
    owned_mutex_unlock(&self->mutex);
}

static PyObject *
condition_notify(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"n", NULL};
    Py_ssize_t n = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n:notify", keywords, &n) || must_hold(op, "notify") < 0)
        return NULL;
    owned_watch(owned_condition_lock_borrowed(op), OWNED_WATCH_NOTIFIES);
    wake_first((owned_condition *)op, n);
    Py_RETURN_NONE;
}

static PyObject *
condition_notify_all(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    if (must_hold(op, "notify") < 0)
        return NULL;
    owned_watch(owned_condition_lock_borrowed(op), OWNED_WATCH_NOTIFIES);
    wake_first((owned_condition *)op, PY_SSIZE_T_MAX);
    Py_RETURN_NONE;
}

/* ---- wait -------------------------------------------------------------------------------------------------------- */

static void
stand_in_queue(owned_condition *self, owned_waiter *waiter, owned_sleeper *sleeper)
{
    owned_mutex_lock(&self->mutex);
    if (owned_load_u64(&sleeper->answer) == 0)
        owned_waiters_join(&self->waiters, waiter, sleeper);
    owned_mutex_unlock(&self->mutex);
}

/* Sleep until notified, until the time is up or a signal handler raises: 0, or -1 with that error set. Whether it was
 * notified is in the sleeper. `told`: what a director of this thread's waits is told. */
static int
sleep_in_queue(owned_condition *self, owned_waiter *waiter, owned_sleeper *sleeper, int64_t timeout, PyObject *told)
{
    int64_t deadline = owned_timeout_deadline(timeout);
    for (;;) {
        stand_in_queue(self, waiter, sleeper);
        int64_t left = owned_timeout_left(deadline);
        if (owned_load_u64(&sleeper->answer) != 0 || left == 0)
            return 0;
        int again = told == NULL ? 0 : owned_wait_is_directed(told, timeout == OWNED_FOR_EVER);
        if (again < 0 || (again == 0 && owned_sleep(sleeper, left, 1) < 0))
            return -1;
    }
}

/* Call _acquire_restore(state), keeping the error that is set, if any. */
static void
take_back(PyObject *lock, PyObject *state)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallMethodOneArg(lock, owned_the_state->str__acquire_restore, state);
    Py_XDECREF(done);
    if (done != NULL)
        PyErr_SetRaisedException(error);
    else if (error != NULL) {
        PyObject *failed = PyErr_GetRaisedException();
        PyException_SetContext(failed, error);
        PyErr_SetRaisedException(failed);
    }
}

/* 1: notified, 0: not in time, -1: an error is set. The lock is held again, unless taking it was the error. */
static int
wait_once(owned_condition *self, PyObject *lock, int64_t timeout)
{
    owned_waiter waiter = {0};
    owned_sleeper sleeper;
    PyObject *told = NULL;
    if (owned_this_thread.tells_waits) {
        told = PyObject_CallFunction(owned_the_state->make_notification, "OK", self,
                                     (unsigned long long)owned_this_thread.id);
        if (told == NULL)
            return -1;
    }
    if (owned_sleeper_begin(&sleeper) < 0) {
        Py_XDECREF(told);
        return -1;
    }
    stand_in_queue(self, &waiter, &sleeper);
    PyObject *state = PyObject_CallMethodNoArgs(lock, owned_the_state->str__release_save);
    int result = state == NULL ? -1 : sleep_in_queue(self, &waiter, &sleeper, timeout, told);
    owned_mutex_lock(&self->mutex);
    owned_waiters_leave(&self->waiters, &waiter);
    int notified = owned_load_u64(&sleeper.answer) != 0;
    owned_mutex_unlock(&self->mutex);
    owned_sleeper_end(&sleeper);
    if (state != NULL)
        take_back(lock, state);
    if (result < 0 || PyErr_Occurred()) {
        if (notified)
            wake_first(self, 1);
        result = -1;
    }
    Py_XDECREF(state);
    Py_XDECREF(told);
    return result < 0 ? -1 : notified;
}

static PyObject *
condition_wait(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"timeout", NULL};
    PyObject *seconds = Py_None;
    int64_t timeout;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:wait", keywords, &seconds) ||
        owned_timeout_parse_optional(seconds, &timeout) < 0 || must_hold(op, "wait on") < 0)
        return NULL;
    int notified = wait_once((owned_condition *)op, ((owned_condition *)op)->lock, timeout);
    return notified < 0 ? NULL : PyBool_FromLong(notified);
}

static PyObject *
condition_wait_for(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"predicate", "timeout", NULL};
    PyObject *predicate, *seconds = Py_None;
    int64_t timeout;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:wait_for", keywords, &predicate, &seconds) ||
        owned_timeout_parse_optional(seconds, &timeout) < 0)
        return NULL;
    int64_t deadline = owned_timeout_deadline(timeout);
    for (int waited = 0;; waited = 1) {
        if (must_hold(op, "wait on") < 0)
            return NULL;
        PyObject *result = PyObject_CallNoArgs(predicate);
        int met = result == NULL ? -1 : PyObject_IsTrue(result);
        int64_t left = timeout == OWNED_FOR_EVER ? OWNED_FOR_EVER : owned_timeout_left(deadline);
        if (met > 0 || (met == 0 && waited && left == 0))
            return result;
        Py_XDECREF(result);
        if (met < 0 || must_hold(op, "wait on") < 0 ||
            wait_once((owned_condition *)op, ((owned_condition *)op)->lock, left) < 0)
            return NULL;
    }
}

/* For the director of a thread's waits: does the thread with this number still wait to be notified? */
static PyObject *
condition_is_waiting(PyObject *op, PyObject *number)
{
    owned_condition *self = (owned_condition *)op;
    unsigned long long thread = PyLong_AsUnsignedLongLong(number);
    if (thread == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    owned_mutex_lock(&self->mutex);
    owned_waiter *waiter = owned_waiters_first(&self->waiters);
    while (waiter != NULL && waiter->sleeper->thread != thread)
        waiter = waiter->next;
    owned_mutex_unlock(&self->mutex);
    return PyBool_FromLong(waiter != NULL);
}

/* ---- life ---------------------------------------------------------------------------------------------------------- */

static int
condition_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"lock", NULL};
    owned_condition *self = (owned_condition *)op;
    PyObject *lock = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Condition", keywords, &lock))
        return -1;
    if (lock == Py_None)
        lock = PyObject_CallNoArgs((PyObject *)owned_the_state->RLock);
    else
        lock = owned_lock_behind(lock, "Condition() takes a lock of owned's");
    if (lock == NULL)
        return -1;
    int first;
    OWNED_BEGIN_CRITICAL(op);
    first = self->lock == NULL;
    if (first)
        owned_store_ptr(&self->lock, lock);
    OWNED_END_CRITICAL();
    if (first)
        return 0;
    Py_DECREF(lock);
    PyErr_Format(PyExc_RuntimeError, "%.200s.__init__() was called before: a condition has one lock for life",
                 Py_TYPE(op)->tp_name);
    return -1;
}

static int
condition_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((owned_condition *)op)->lock);
    return 0;
}

static int
condition_clear(PyObject *op)
{
    Py_CLEAR(((owned_condition *)op)->lock);
    return 0;
}

static void
condition_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (((owned_condition *)op)->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    condition_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *
condition_repr(PyObject *op)
{
    owned_condition *self = (owned_condition *)op;
    Py_ssize_t waiting = 0;
    owned_mutex_lock(&self->mutex);
    for (owned_waiter *waiter = owned_waiters_first(&self->waiters); waiter != NULL; waiter = waiter->next)
        waiting++;
    owned_mutex_unlock(&self->mutex);
    PyObject *lock = owned_load_ptr(&self->lock);
    return PyUnicode_FromFormat("<%s(%R, %zd)>", Py_TYPE(op)->tp_name, lock == NULL ? Py_None : lock, waiting);
}

static PyObject *
condition_reduce_ex(PyObject *op, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, op); /* it raises */
}

PyDoc_STRVAR(condition_doc,
"Condition(lock=None)\n--\n\n"
"Wait under a lock for what another thread does under it: a drop-in for threading.Condition over a lock that knows\n"
"its holder.\n\n"
"``wait`` gives the lock back entirely, and has taken it again, as deep as it was, when it returns. Several conditions may\n"
"have one lock. In ``share(obj, lock=condition)`` a condition stands for its lock.\n\n"
"Args:\n"
"    lock: an ``owned.Lock``, ``owned.RLock`` or ``owned.RWLock`` (its write side), or another Condition, whose lock\n"
"        it has then. Without one a new ``owned.RLock`` is made.\n\n"
"Raises:\n"
"    TypeError: ``lock`` is none of ours.\n"
"    LockNotHeldError: ``wait``, ``wait_for``, ``notify``, ``notify_all`` or ``release`` by a thread that does not hold the\n"
"        lock.\n"
"    OrphanedError: the thread that holds the lock has ended.\n\n"
"Threads:\n"
"    Any thread may call any method at any time.");

PyDoc_STRVAR(wait_doc,
"wait($self, /, timeout=None)\n--\n\n"
"Give the lock back, wait until another thread notifies, and take the lock again.\n\n"
"Args:\n"
"    timeout: wait to be notified so many seconds at most; None: for ever. Taking the lock again has no limit.\n\n"
"Returns:\n"
"    True if this thread was notified, False if the time was up first. A notification is never lost: one that comes as\n"
"    the time is up either makes this call return True or goes to the next thread that waits.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold the lock.\n"
"    OrphanedError: the thread that took the lock meanwhile has ended with it. In this case alone the lock is not held.\n\n"
"Threads:\n"
"    The holder of the lock. A signal handler that raises ends the wait, with the lock held; a notification that\n"
"    came just then is passed on to the next thread.");

PyDoc_STRVAR(wait_for_doc,
"wait_for($self, /, predicate, timeout=None)\n--\n\n"
"Wait until ``predicate()`` is true.\n\n"
"Args:\n"
"    predicate: called without arguments, with the lock held, now and after each notification.\n"
"    timeout: give up after so many seconds; None: never.\n\n"
"Returns:\n"
"    What ``predicate()`` returned last: false if the time was up.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold the lock, whatever the predicate says.\n"
"    OrphanedError: as ``wait``.\n\n"
"Threads:\n"
"    As ``wait``.");

PyDoc_STRVAR(notify_doc,
"notify($self, /, n=1)\n--\n\n"
"Wake the ``n`` threads that have waited longest, or as many as there are. They go on when they get the lock.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold the lock.\n\n"
"Threads:\n"
"    The holder of the lock.");

PyDoc_STRVAR(notify_all_doc,
"notify_all($self, /)\n--\n\n"
"Wake all threads that wait. They go on one at a time, when they get the lock.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold the lock.\n\n"
"Threads:\n"
"    The holder of the lock.");

PyDoc_STRVAR(acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\nacquire() of the lock, with all it raises.");
PyDoc_STRVAR(release_doc, "release($self, /)\n--\n\nrelease() of the lock, with all it raises.");
PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nacquire()");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nrelease()");
PyDoc_STRVAR(acquire_restore_doc,
"_acquire_restore($self, state, /)\n--\n\nTake the lock as it was before _release_save(). For threading.Condition.");
PyDoc_STRVAR(is_waiting_doc,
"_is_waiting($self, number, /)\n--\n\nDoes the thread with this number wait to be notified?");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nA condition cannot be pickled or copied: TypeError.");

#define WITH_KEYWORDS(f) (PyCFunction)(void (*)(void))(f)

static PyMethodDef methods[] = {
    {"acquire", WITH_KEYWORDS(condition_acquire), METH_FASTCALL | METH_KEYWORDS, acquire_doc},
    {"release", condition_release, METH_NOARGS, release_doc},
    {"wait", WITH_KEYWORDS(condition_wait), METH_VARARGS | METH_KEYWORDS, wait_doc},
    {"wait_for", WITH_KEYWORDS(condition_wait_for), METH_VARARGS | METH_KEYWORDS, wait_for_doc},
    {"notify", WITH_KEYWORDS(condition_notify), METH_VARARGS | METH_KEYWORDS, notify_doc},
    {"notify_all", condition_notify_all, METH_NOARGS, notify_all_doc},
    {"__enter__", condition_enter, METH_NOARGS, enter_doc},
    {"__exit__", WITH_KEYWORDS(condition_exit), METH_FASTCALL, exit_doc},
    {"__reduce_ex__", condition_reduce_ex, METH_O, reduce_doc},
    {"_acquire_restore", condition_acquire_restore, METH_O, acquire_restore_doc},
    {"_is_waiting", condition_is_waiting, METH_O, is_waiting_doc},
#ifdef HAVE_FORK
    {"_at_fork_reinit", condition_at_fork_reinit, METH_NOARGS,
     PyDoc_STR("_at_fork_reinit($self, /)\n--\n\nA free lock and nobody who waits, in the child of a fork.")},
#endif
#define X(name, doc) {#name, condition_##name, METH_NOARGS, PyDoc_STR(doc)},
    FORWARDED(X)
#undef X
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_condition, weakrefs), Py_READONLY, NULL},
    {"_lock", Py_T_OBJECT_EX, offsetof(owned_condition, lock), Py_READONLY, PyDoc_STR("The lock.")},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)condition_doc},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, condition_init},
    {Py_tp_dealloc, condition_dealloc},
    {Py_tp_traverse, condition_traverse},
    {Py_tp_clear, condition_clear},
    {Py_tp_repr, condition_repr},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "owned.Condition",
    .basicsize = sizeof(owned_condition),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

int
owned_condition_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Condition, &spec, NULL, "Condition");
}
