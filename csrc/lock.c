/* Lock and RLock: locks that know their holder, and that are regions.
 *
 *     region.holder   who holds it, or nobody: the lock itself. Acquire is one compare-and-swap of nobody for me, and from
 *                     then on the same word says that every object shared under the lock is mine to touch
 *     depth           how often the holder has acquired; only the holder writes it
 *     waiters         how many threads wait, or are about to
 *     wakeup, posted  a binary semaphore to wait on: a CPython thread lock that is free while a wake-up is posted
 *
 *     acquire: swap nobody -> me; else waiters + 1, and until the swap succeeds: wait for wakeup, posted = 0
 *     release: holder = nobody; if there are waiters and nothing is posted: posted = 1, free wakeup
 *
 * No wake-up is lost. A waiter counts itself before it looks at holder and a releaser frees holder before it looks at
 * waiters, so one of them sees the other. A releaser that finds a wake-up posted leaves it to the waiter that will take
 * it, and that one clears `posted` before it tries the swap, which therefore finds the holder that was freed. All these
 * steps are sequentially consistent: atomic, or under the GIL where there is one; only `posted` is also written without it.
 * A thread that comes by may take the lock before one that waits, as with CPython's.
 *
 * Why not a PyThread lock that is taken while the lock is held, with the holder noted beside it: between the two steps the
 * lock would be taken and held by nobody, which a fork at that moment makes last for ever. PyThread locks are what we wait
 * on since they alone wait with a time limit and interruptibly on every version; PyMutex has neither in its public face.
 *
 * A thread may end while it holds a lock. Nobody else can release it, so it would stay taken for ever: whoever wants it
 * gets an OrphanedError instead, and adopt(lock) takes it over. A thread that waits already finds out because it waits in
 * slices of half a second and looks between them whether the holder still lives. After a fork the child finds the locks
 * that other threads of its parent held in the same state, for the same reason. */
// SPDX-License-Identifier: MIT
#include "lock.h"

#include "carrier.h"
#include "compound_lock.h"
#include "lock_order.h"
#include "mode.h"
#include "rwlock.h"
#include "timeout.h"
#include "verbs.h"

typedef struct {
    owned_lock_head head;
    uint64_t depth;   /* atomic, for repr() */
    uint64_t waiters; /* atomic */
    uint64_t posted;  /* atomic; 0 or 1 */
    PyThread_type_lock wakeup;
} owned_lock;


int
owned_lock_check(PyObject *obj)
{
    return Py_IS_TYPE(obj, owned_the_state->Lock) || PyObject_TypeCheck(obj, owned_the_state->RLock) ||
           owned_rwlock_check(obj);
}

static inline int
is_mine(owned_lock *self)
{
    return owned_load_u64(&self->head.region.holder) == owned_this_thread.id;
}

/* ---- who holds it, seen from outside ------------------------------------------------------------------------- */

int
owned_holder_has_finished(uint64_t id)
{
    if (id == OWNED_NOBODY || id == owned_this_thread.id)
        return 0;
    if (owned_the_state->threads == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "owned is shut down");
        return -1;
    }
    PyObject *info = owned_thread_info_of(id);
    if (info == NULL)
        return -1;
    int finished = info != Py_None && owned_load_u64(&((owned_thread_info *)info)->finished) != 0;
    Py_DECREF(info);
    return finished;
}

/* Where its holder took it: (code, line); None if that is not known, or not ours to ask as the holder lives. */
static PyObject *
where_taken(owned_lock *self)
{
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    if (holder == OWNED_NOBODY)
        Py_RETURN_NONE;
    PyObject *info = owned_thread_info_of(holder);
    if (info == NULL || info == Py_None)
        return info;
    PyObject *taken = Py_None;
    if (info == (PyObject *)owned_this_thread.info || owned_load_u64(&((owned_thread_info *)info)->finished))
        taken = owned_held_site((owned_thread_info *)info, &self->head.tag);
    else
        Py_INCREF(taken);
    Py_DECREF(info);
    return taken;
}

/* Set the error for a call ("acquire", "release" or "adopt") on a lock that is "mine", "another's" or "nobody's".
 * Always -1. */
static OWNED_COLD int
refuse(owned_lock *self, const char *access, const char *hold)
{
    PyObject *facts = owned_region_facts(&self->head.region);
    if (facts == NULL)
        return -1;
    PyObject *taken = where_taken(self);
    PyObject *error = NULL;
    if (taken != NULL)
        error = PyObject_CallFunction(owned_the_state->make_lock_violation, "OOssO", self, facts, access, hold, taken);
    Py_XDECREF(taken);
    Py_DECREF(facts);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return -1;
}

static PyObject *
refuse_release(owned_lock *self)
{
    refuse(self, "release", owned_load_u64(&self->head.region.holder) == OWNED_NOBODY ? "nobody's" : "another's");
    return NULL;
}

/* ---- taking and giving back ---------------------------------------------------------------------------------- */

static inline int
try_swap(owned_lock *self)
{
    return owned_under_gil_cas_u64(&self->head.region.holder, OWNED_NOBODY, owned_this_thread.id);
}

static inline void
note_taken(owned_lock *self, uint64_t depth)
{
    owned_store_u64(&self->depth, depth);
    owned_this_thread.locks_held++;
}

static inline void
give_back(owned_lock *self)
{
    owned_held_remove(&self->head.tag);
    owned_store_u64(&self->depth, 0);
    owned_this_thread.locks_held--;
    owned_under_gil_swap_u64(&self->head.region.holder, OWNED_NOBODY);
    if (OWNED_UNLIKELY(owned_under_gil_read_u64(&self->waiters) != 0) && owned_cas_u64(&self->posted, 0, 1))
        PyThread_release_lock(self->wakeup);
}

/* An error if the thread that holds the lock has ended: 0, or -1 with it set. */
static int
refuse_orphaned(owned_lock *self)
{
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    int finished = owned_holder_has_finished(holder);
    if (finished > 0 && owned_load_u64(&self->head.region.holder) == holder)
        return refuse(self, "acquire", "another's");
    return finished < 0 ? -1 : 0;
}

/* Wait for a wake-up, for `ns` at most. 0, or -1 if a signal handler raised. The wake-up is noted as taken before we wait
 * for the GIL: its holder may fork, and the child would wait for wake-ups that count as posted. */
static int
wait_slice(owned_lock *self, int64_t ns, int interruptible)
{
    PyLockStatus got;
    Py_BEGIN_ALLOW_THREADS
    got = PyThread_acquire_lock_timed(self->wakeup, (ns + 999) / 1000, interruptible);
    if (got == PY_LOCK_ACQUIRED)
        owned_swap_u64(&self->posted, 0);
    Py_END_ALLOW_THREADS
    return got == PY_LOCK_INTR ? Py_MakePendingCalls() : 0;
}

static OWNED_COLD int
wait_and_swap(owned_lock *self, int64_t timeout, int interruptible)
{
    if (timeout == 0)
        return refuse_orphaned(self);
    int64_t deadline = owned_timeout_deadline(timeout), left = owned_timeout_left(deadline);
    int result;
    owned_add_u64(&self->waiters, 1);
    for (;;) {
        result = try_swap(self);
        if (result || left <= 0)
            break;
        result = refuse_orphaned(self);
        if (result == 0)
            result = owned_wait_is_directed((PyObject *)self, timeout == OWNED_FOR_EVER);
        if (result == 0)
            result = wait_slice(self, left < OWNED_SLICE_NS ? left : OWNED_SLICE_NS, interruptible);
        if (result < 0)
            break;
        left = owned_timeout_left(deadline);
    }
    owned_add_u64(&self->waiters, (uint64_t)-1);
    return result;
}

/* Acquire in nanoseconds (0: do not wait, OWNED_FOR_EVER). 1: this thread holds it now, 0: not in time, -1: an error is set. */
static int
take(owned_lock *self, int64_t timeout, int interruptible, uint64_t depth)
{
    if (owned_thread_id() == 0)
        return -1;
    int taken = try_swap(self) ? 1 : wait_and_swap(self, timeout, interruptible);
    if (taken > 0) {
        note_taken(self, depth);
        if (OWNED_UNLIKELY(owned_mode_is_strict()))
            owned_held_add((PyObject *)self, &self->head.tag);
    }
    return taken;
}

/* The common case of it, a free lock, without a call: 1, or 0 where take() has to see. */
static inline int
take_free(owned_lock *self)
{
    if (OWNED_UNLIKELY(owned_this_thread.birth == NULL || owned_mode_is_strict()) || !try_swap(self))
        return 0;
    note_taken(self, 1);
    return 1;
}

/* The same for acquire(). Only a wait without a limit has an order to keep: any other ends by itself, and is how a
 * program backs out. */
static inline int
take_in_order(owned_lock *self, int64_t timeout)
{
    if (OWNED_UNLIKELY(owned_this_thread.listed != 0) && timeout == OWNED_FOR_EVER && owned_mode_is_strict() &&
        owned_lock_order_check((PyObject *)self, &self->head.tag, 0) < 0)
        return -1;
    return take(self, timeout, 1, 1);
}

static int
take_recursive(owned_lock *self, int64_t timeout)
{
    if (!is_mine(self))
        return take_in_order(self, timeout);
    owned_store_u64(&self->depth, self->depth + 1);
    return 1;
}

static int
take_once(owned_lock *self, int64_t timeout)
{
    if (timeout == OWNED_FOR_EVER && is_mine(self))
        return refuse(self, "acquire", "mine");
    return take_in_order(self, timeout);
}

/* ---- methods -------------------------------------------------------------------------------------------------- */

static PyObject *
answer(int taken)
{
    return taken < 0 ? NULL : PyBool_FromLong(taken);
}

static PyObject *
lock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (OWNED_LIKELY(take_free((owned_lock *)self)))
        Py_RETURN_TRUE;
    return answer(take_once((owned_lock *)self, OWNED_FOR_EVER));
}

static PyObject *
lock_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (nargs == 0 && names == NULL)
        return lock_enter(self, NULL);
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    return answer(take_once((owned_lock *)self, timeout));
}

static PyObject *
rlock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (OWNED_LIKELY(take_free((owned_lock *)self)))
        Py_RETURN_TRUE;
    return answer(take_recursive((owned_lock *)self, OWNED_FOR_EVER));
}

static PyObject *
rlock_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (nargs == 0 && names == NULL)
        return rlock_enter(self, NULL);
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    return answer(take_recursive((owned_lock *)self, timeout));
}

/* For both kinds: the depth of a Lock is never more than one. */
static PyObject *
lock_release(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_lock *self = (owned_lock *)op;
    if (!is_mine(self))
        return refuse_release(self);
    if (self->depth > 1)
        owned_store_u64(&self->depth, self->depth - 1);
    else
        give_back(self);
    Py_RETURN_NONE;
}

/* Called with three arguments, and METH_VARARGS would have a tuple made of them. */
static PyObject *
lock_exit(PyObject *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    return lock_release(self, NULL);
}

static PyObject *
lock_locked(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_load_u64(&((owned_lock *)self)->head.region.holder) != OWNED_NOBODY);
}

static PyObject *
lock_is_owned(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(is_mine((owned_lock *)self));
}

static PyObject *
rlock_recursion_count(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLongLong(is_mine((owned_lock *)self) ? ((owned_lock *)self)->depth : 0);
}

static PyObject *
lock_release_save(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_lock *self = (owned_lock *)op;
    if (!is_mine(self))
        return refuse_release(self);
    PyObject *depth = PyLong_FromUnsignedLongLong(self->depth);
    if (depth != NULL)
        give_back(self);
    return depth;
}

/* As in CPython a signal does not interrupt this wait: Condition.wait() promises to come back with the lock held. So a
 * wrong order is told and taken all the same, and what goes wrong in telling it (Ctrl-C, no memory) waits until then. */
static PyObject *
lock_acquire_restore(PyObject *op, PyObject *state)
{
    owned_lock *self = (owned_lock *)op;
    Py_ssize_t depth = PyLong_AsSsize_t(state);
    if (depth == -1 && PyErr_Occurred())
        return NULL;
    if (depth < 1) {
        PyErr_Format(PyExc_ValueError, "`state` must come from _release_save(), got %zd", depth);
        return NULL;
    }
    PyObject *error = NULL;
    if (owned_this_thread.listed != 0 && owned_mode_is_strict() && owned_lock_order_check(op, &self->head.tag, 1) < 0)
        error = PyErr_GetRaisedException();
    int taken = take(self, OWNED_FOR_EVER, 0, (uint64_t)depth);
    if (error != NULL && taken > 0) {
        PyErr_SetRaisedException(error);
        return NULL;
    }
    Py_XDECREF(error);
    if (taken < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* It dies or is made anew: what is noted of it elsewhere, if it is held. */
static void
let_go(owned_lock *self)
{
    if (OWNED_LIKELY(!is_mine(self))) {
        owned_thread_lost_lock(owned_load_u64(&self->head.region.holder));
        return;
    }
    owned_held_remove(&self->head.tag);
    owned_this_thread.locks_held--;
}

#ifdef HAVE_FORK
/* The old wakeup is left alone on purpose, as CPython does: a thread of the parent may have been in the middle of an
 * operation on it, and neither finishing nor freeing it is safe. */
static PyObject *
lock_at_fork_reinit(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    owned_lock *self = (owned_lock *)op;
    PyThread_type_lock fresh = PyThread_allocate_lock();
    if (fresh == NULL)
        return PyErr_NoMemory();
    let_go(self);
    PyThread_acquire_lock(fresh, WAIT_LOCK);
    self->wakeup = fresh;
    owned_store_u64(&self->depth, 0);
    owned_store_u64(&self->waiters, 0);
    owned_store_u64(&self->posted, 0);
    owned_store_u64(&self->head.region.holder, OWNED_NOBODY);
    Py_RETURN_NONE;
}
#endif

static PyObject *
lock_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, self); /* it raises */
}

static PyObject *
lock_protect(PyObject *self, PyObject *obj)
{
    return owned_share(obj, self);
}

/* As CPython's, with the holder's name where RLock's has a number, also for Lock. */
static PyObject *
lock_repr(PyObject *op)
{
    owned_lock *self = (owned_lock *)op;
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    PyObject *info = holder == OWNED_NOBODY ? Py_NewRef(Py_None) : owned_thread_info_of(holder);
    PyObject *name = NULL, *count = NULL, *text = NULL;
    if (info == NULL)
        goto done;
    if (holder == OWNED_NOBODY)
        name = PyUnicode_FromString("");
    else if (info == Py_None)
        name = PyUnicode_FromFormat("owner=thread-%llu ", (unsigned long long)holder);
    else
        name = PyUnicode_FromFormat("owner=%R%s ", ((owned_thread_info *)info)->name,
                                    owned_load_u64(&((owned_thread_info *)info)->finished) ? " (ended)" : "");
    if (Py_IS_TYPE(op, owned_the_state->Lock))
        count = PyUnicode_FromString("");
    else
        count = PyUnicode_FromFormat("count=%llu ", (unsigned long long)owned_load_u64(&self->depth));
    if (name != NULL && count != NULL)
        text = PyUnicode_FromFormat("<%s %s object %U%Uat %p>", holder == OWNED_NOBODY ? "unlocked" : "locked",
                                    Py_TYPE(self)->tp_name, name, count, self);
done:
    Py_XDECREF(info);
    Py_XDECREF(name);
    Py_XDECREF(count);
    return text;
}

/* ---- by the shortest way, from C ------------------------------------------------------------------------------- */

static int
call_method(PyObject *lock, PyObject *name)
{
    PyObject *done = PyObject_CallMethodNoArgs(lock, name);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* acquire() of a lock whose type has its own, in time: 1, 0 or -1. */
static int
call_acquire(PyObject *lock, int64_t timeout)
{
    PyObject *answer = timeout == 0 ? PyObject_CallMethod(lock, "acquire", "O", Py_False)
                                    : PyObject_CallMethod(lock, "acquire", "Od", Py_True, (double)timeout / 1e9);
    int taken = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    return taken;
}

int
owned_lock_take(PyObject *lock, int64_t timeout)
{
    if (Py_IS_TYPE(lock, owned_the_state->RLock))
        return take_recursive((owned_lock *)lock, timeout);
    if (Py_IS_TYPE(lock, owned_the_state->Lock))
        return take_once((owned_lock *)lock, timeout);
    owned_rwlock *rw;
    owned_side side;
    if (owned_rwlock_of(lock, &rw, &side))
        return owned_rwlock_take(rw, side, timeout, 1, 1);
    if (timeout == OWNED_FOR_EVER)
        return call_method(lock, owned_the_state->str_acquire) < 0 ? -1 : 1;
    return call_acquire(lock, timeout);
}

int
owned_lock_enter(PyObject *lock)
{
    return owned_lock_take(lock, OWNED_FOR_EVER) < 0 ? -1 : 0;
}

int
owned_lock_leave(PyObject *lock)
{
    owned_rwlock *rw;
    owned_side side;
    if (owned_rwlock_of(lock, &rw, &side))
        return owned_rwlock_give_back(rw, side);
    if (!Py_IS_TYPE(lock, owned_the_state->RLock) && !Py_IS_TYPE(lock, owned_the_state->Lock))
        return call_method(lock, owned_the_state->str_release);
    PyObject *done = lock_release(lock, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static PyObject *
lock_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    /* A subclass whose __init__ takes arguments may be called with them, as with object.__new__. */
    if (type->tp_init == PyBaseObject_Type.tp_init &&
        (PyTuple_GET_SIZE(args) != 0 || (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0))) {
        PyObject *name = PyType_GetName(type);
        if (name != NULL)
            PyErr_Format(PyExc_TypeError, "%U() takes no arguments", name);
        Py_XDECREF(name);
        return NULL;
    }
    owned_lock *self = (owned_lock *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    owned_region_init_lock(&self->head.region);
    self->wakeup = PyThread_allocate_lock();
    if (self->wakeup == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    PyThread_acquire_lock(self->wakeup, WAIT_LOCK);
    if (OWNED_UNLIKELY(owned_mode_is_strict()))
        self->head.tag.made = owned_place_here();
    return (PyObject *)self;
}

static void
lock_dealloc(PyObject *op)
{
    owned_lock *self = (owned_lock *)op;
    PyObject_GC_UnTrack(op); /* a callback may run the collector */
    let_go(self);
    owned_lock_tag_clear(&self->head.tag);
    if (self->wakeup != NULL) {
        /* Freeing a taken lock is undefined; the try takes it if a wake-up is posted. */
        PyThread_acquire_lock(self->wakeup, NOWAIT_LOCK);
        PyThread_release_lock(self->wakeup);
        PyThread_free_lock(self->wakeup);
    }
    owned_region_dealloc_lock(op);
}

/* ---- adopt ----------------------------------------------------------------------------------------------------- */

int
owned_lock_adopt(PyObject *lock)
{
    owned_lock *self = (owned_lock *)lock;
    if (owned_rwlock_check(lock))
        return owned_rwlock_adopt(lock);
    if (owned_thread_id() == 0)
        return -1;
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    if (holder == owned_this_thread.id)
        return 0;
    if (holder == OWNED_NOBODY) {
        PyErr_Format(PyExc_ValueError, "nobody holds %R: there is nothing to adopt, acquire it", lock);
        return -1;
    }
    int finished = owned_holder_has_finished(holder);
    if (finished < 0)
        return -1;
    /* Of several that adopt at once one wins; the others find a holder that lives. */
    if (!finished || !owned_cas_u64(&self->head.region.holder, holder, owned_this_thread.id))
        return refuse(self, "adopt", "another's");
    note_taken(self, 1);
    if (owned_mode_is_strict())
        owned_held_add(lock, &self->head.tag);
    owned_thread_lost_lock(holder);
    return 0;
}

/* ---- locked(obj) ----------------------------------------------------------------------------------------------- */

static const owned_access locked_call = {OWNED_OPERATION, "call", "locked()", 1};

/* The lock of a shared object; None where this thread needs none; the violation where no lock would help. */
PyObject *
owned_lock_to_take(PyObject *obj, const owned_access *how, PyObject *detail)
{
    if (owned_thread_id() == 0)
        return NULL;
    int off = owned_mode_now() == OWNED_MODE_OFF;
    owned_region **where = owned_carried(obj);
    if (off && !PyObject_TypeCheck(obj, owned_the_state->Owned))
        return PyObject_CallOneArg(owned_the_state->off_lock_to_take, obj);
    if (where == NULL && !Py_IS_TYPE(obj, owned_the_state->Region)) {
        PyErr_Format(PyExc_TypeError, "`obj` must be a guarded object, got %.200s%s", Py_TYPE(obj)->tp_name,
                     owned_lock_check(obj) ? ", which is a context manager itself: `with lock:`" : "");
        return NULL;
    }
    owned_region *r = where != NULL ? owned_region_of(obj, where) : owned_region_resolve((owned_region *)obj);
    if (r == NULL)
        Py_RETURN_NONE; /* unborn: whoever touches it first is its owner */
    PyObject *lock = NULL;
    owned_region_state state = owned_region_state_of(r);
    if (state == OWNED_SHARED)
        lock = owned_region_lock(r);
    else if (state == OWNED_FROZEN || owned_this_thread.unchecked || owned_region_is_mine(r))
        lock = Py_NewRef(Py_None);
    else if (off)
        lock = PyObject_CallOneArg(owned_the_state->off_lock_to_take, obj);
    else if (owned_violation(obj, r, how, detail) == OWNED_ALLOWED)
        lock = Py_NewRef(Py_None);
    Py_DECREF((PyObject *)r);
    return lock;
}

static PyObject *
lock_to_take_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return owned_lock_to_take(obj, &locked_call, NULL);
}

static PyObject *
tell_waits_impl(PyObject *Py_UNUSED(module), PyObject *wanted)
{
    int on = PyObject_IsTrue(wanted);
    if (on < 0)
        return NULL;
    owned_this_thread.tells_waits = (unsigned)on;
    Py_RETURN_NONE;
}

/* ---- for messages and reports ---------------------------------------------------------------------------------- */

static PyObject *
lock_ordinal_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (owned_lock_check(obj))
        return PyLong_FromUnsignedLongLong(owned_load_u64(&((owned_lock_head *)obj)->tag.ordinal));
    PyErr_Format(PyExc_TypeError, "`lock` must be a lock of ours, got %.200s", Py_TYPE(obj)->tp_name);
    return NULL;
}

static PyObject *
lock_made_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (owned_lock_check(obj))
        return owned_place_told(&((owned_lock_head *)obj)->tag.made);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"tell_waits", tell_waits_impl, METH_O,
     PyDoc_STR("tell_waits(wanted, /)\n--\n\nWhether owned._waits hears of it before this thread waits for a lock.")},
    {"lock_ordinal", lock_ordinal_impl, METH_O,
     PyDoc_STR("lock_ordinal(lock, /)\n--\n\nThe number strict mode gave the lock when it first met it, or 0.")},
    {"lock_made", lock_made_impl, METH_O,
     PyDoc_STR("lock_made(lock, /)\n--\n\nWhere a lock of ours was made in strict mode: its code and line; or None.")},
    {"lock_to_take", lock_to_take_impl, METH_O,
     PyDoc_STR("lock_to_take(obj, /)\n--\n\nThe lock a thread takes to touch the object, or None where it needs none.")},
    {NULL, NULL, 0, NULL},
};

/* ---- the Python types ------------------------------------------------------------------------------------------ */

PyDoc_STRVAR(lock_doc,
"Lock()\n--\n\n"
"A lock that knows its holder: a drop-in for threading.Lock that objects can be shared under.\n\n"
"While a thread holds the lock, the objects shared under it are that thread's to touch. It behaves as threading.Lock\n"
"does, but for two things: only the thread that holds it may release it, and a holder that would wait for itself for\n"
"ever gets an error instead.\n\n"
"Raises:\n"
"    LockNotHeldError: release() by a thread that does not hold it.\n"
"    LockOrderError: acquire() without a timeout by the thread that holds it; in strict mode also in an order with\n"
"        other locks that contradicts the one they were taken in before.\n"
"    OrphanedError: acquire() when the thread that holds it has ended; adopt(lock) takes it over.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time.");

PyDoc_STRVAR(rlock_doc,
"RLock()\n--\n\n"
"A reentrant lock that knows its holder: a drop-in for threading.RLock that objects can be shared under.\n\n"
"While a thread holds the lock, the objects shared under it are that thread's to touch. The holder may acquire it again,\n"
"and releases it as often.\n\n"
"Raises:\n"
"    LockNotHeldError: release() by a thread that does not hold it.\n"
"    LockOrderError: in strict mode, acquire() without a timeout in an order with other locks that contradicts the one\n"
"        they were taken in before.\n"
"    OrphanedError: acquire() when the thread that holds it has ended; adopt(lock) takes it over.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time.");

PyDoc_STRVAR(lock_acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take the lock, waiting until it is free, and return True.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds the lock now, False if it was not to be had in time.\n\n"
"Raises:\n"
"    OrphanedError: the thread that holds it has ended, or ends while we wait (noticed within half a second).\n"
"    LockOrderError: there is no timeout, and this thread holds it; or, in strict mode, holds another lock that was\n"
"        taken after it before.\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.Lock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(rlock_acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take the lock, waiting until it is free, and return True. The thread that holds it may take it again.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds the lock now, False if it was not to be had in time.\n\n"
"Raises:\n"
"    OrphanedError: the thread that holds it has ended, or ends while we wait (noticed within half a second).\n"
"    LockOrderError: in strict mode, without a timeout: this thread holds another lock that was taken after it before.\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.RLock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(release_doc,
"release($self, /)\n--\n\n"
"Give the lock back; one that was acquired several times is free after as many releases.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold it.\n\n"
"Threads:\n"
"    The holder.");

PyDoc_STRVAR(protect_doc,
"protect($self, obj, /)\n--\n\n"
"share(obj, lock=self) under the name PEP 805 gives it; returns `obj`.");

PyDoc_STRVAR(locked_doc, "locked($self, /)\n--\n\nIs the lock held by any thread?");
PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nacquire()");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nrelease()");
PyDoc_STRVAR(is_owned_doc, "_is_owned($self, /)\n--\n\nDoes the calling thread hold it? For threading.Condition.");
PyDoc_STRVAR(release_save_doc, "_release_save($self, /)\n--\n\nGive it back entirely. For threading.Condition.");
PyDoc_STRVAR(acquire_restore_doc,
"_acquire_restore($self, state, /)\n--\n\nTake it as it was before _release_save(). For threading.Condition.");
PyDoc_STRVAR(recursion_count_doc,
"_recursion_count($self, /)\n--\n\nHow often the calling thread has acquired it.");
PyDoc_STRVAR(at_fork_reinit_doc,
"_at_fork_reinit($self, /)\n--\n\nMake it a free lock again in the child of a fork, whoever held it in the parent.");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nA lock cannot be pickled or copied: TypeError.");

#ifdef HAVE_FORK
#  define AT_FORK_METHOD {"_at_fork_reinit", lock_at_fork_reinit, METH_NOARGS, at_fork_reinit_doc},
#else
#  define AT_FORK_METHOD
#endif

/* What both kinds have. */
#define COMMON_METHODS                                                                                                  \
    {"release", lock_release, METH_NOARGS, release_doc},                                                                \
    {"locked", lock_locked, METH_NOARGS, locked_doc},                                                                   \
    {"protect", lock_protect, METH_O, protect_doc},                                                                     \
    {"__exit__", (PyCFunction)(void (*)(void))lock_exit, METH_FASTCALL, exit_doc},                                                                 \
    {"__reduce_ex__", lock_reduce_ex, METH_O, reduce_doc},                                                              \
    {"_is_owned", lock_is_owned, METH_NOARGS, is_owned_doc},                                                            \
    {"_release_save", lock_release_save, METH_NOARGS, release_save_doc},                                                \
    {"_acquire_restore", lock_acquire_restore, METH_O, acquire_restore_doc},                                            \
    AT_FORK_METHOD

static PyMethodDef lock_methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))lock_acquire, METH_FASTCALL | METH_KEYWORDS, lock_acquire_doc},
    {"__enter__", lock_enter, METH_NOARGS, enter_doc},
    COMMON_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMethodDef rlock_methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))rlock_acquire, METH_FASTCALL | METH_KEYWORDS, rlock_acquire_doc},
    {"__enter__", rlock_enter, METH_NOARGS, enter_doc},
    {"_recursion_count", rlock_recursion_count, METH_NOARGS, recursion_count_doc},
    COMMON_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_lock, head.region.weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot lock_slots[] = {
    {Py_tp_doc, (void *)lock_doc},
    {Py_tp_new, lock_new},
    {Py_tp_dealloc, lock_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, lock_repr},
    {Py_tp_methods, lock_methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

static PyType_Slot rlock_slots[] = {
    {Py_tp_doc, (void *)rlock_doc},
    {Py_tp_new, lock_new},
    {Py_tp_dealloc, lock_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, lock_repr},
    {Py_tp_methods, rlock_methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

/* As in threading, RLock may be subclassed and Lock may not. */
static PyType_Spec lock_spec = {
    .name = "owned.Lock",
    .basicsize = sizeof(owned_lock),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = lock_slots,
};

static PyType_Spec rlock_spec = {
    .name = "owned.RLock",
    .basicsize = sizeof(owned_lock),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = rlock_slots,
};

int
owned_lock_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->Lock, &lock_spec, NULL, "Lock") < 0 ||
        owned_state_add_type(module, &state->RLock, &rlock_spec, NULL, "RLock") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
