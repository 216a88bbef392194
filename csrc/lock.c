/* Lock and RLock: locks that know their holder, and that are regions.
 *
 *     region.holder   who holds it, or nobody: the lock itself. Acquire is one compare-and-swap of nobody for me, and from
 *                     then on the same word says that every object shared under the lock is mine to touch
 *     again           how often the holder has acquired it once more; only the holder writes it, and nobody's lock has 0
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
#include "lock_type.h"

#include "carrier.h"
#include "lock_order.h"
#include "rwlock.h"
#include "timeout.h"

int
owned_lock_check(PyObject *obj)
{
    return Py_IS_TYPE(obj, owned_the_state->Lock) || PyObject_TypeCheck(obj, owned_the_state->RLock) ||
           owned_rwlock_check(obj);
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

int
owned_lock_refuse_release(owned_lock *self)
{
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    return refuse(self, "release", holder == OWNED_NOBODY ? "nobody's" : "another's");
}

/* ---- taking and giving back ---------------------------------------------------------------------------------- */

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

void
owned_lock_wake(owned_lock *self)
{
    if (owned_cas_u64(&self->posted, 0, 1))
        PyThread_release_lock(self->wakeup);
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
        result = owned_lock_try_swap(self);
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
    int taken = owned_lock_try_swap(self) ? 1 : wait_and_swap(self, timeout, interruptible);
    if (taken > 0) {
        owned_lock_note_taken(self, depth - 1);
        if (OWNED_UNLIKELY(owned_locks_are_noted())) {
            owned_watch((PyObject *)self, OWNED_WATCH_TAKEN);
            if (owned_mode_is_strict())
                owned_held_add((PyObject *)self, &self->head.tag);
        }
    }
    return taken;
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

int
owned_lock_take_recursive(owned_lock *self, int64_t timeout)
{
    if (!owned_lock_is_mine(self))
        return take_in_order(self, timeout);
    owned_store_u64(&self->again, self->again + 1);
    return 1;
}

int
owned_lock_take_once(owned_lock *self, int64_t timeout)
{
    if (timeout == OWNED_FOR_EVER && owned_lock_is_mine(self))
        return refuse(self, "acquire", "mine");
    return take_in_order(self, timeout);
}

/* As in CPython a signal does not interrupt this wait: Condition.wait() promises to come back with the lock held. So a
 * wrong order is told and taken all the same, and what goes wrong in telling it (Ctrl-C, no memory) waits until then. */
int
owned_lock_acquire_restore(owned_lock *self, uint64_t depth)
{
    PyObject *error = NULL;
    if (owned_this_thread.listed != 0 && owned_mode_is_strict() &&
        owned_lock_order_check((PyObject *)self, &self->head.tag, 1) < 0)
        error = PyErr_GetRaisedException();
    int taken = take(self, OWNED_FOR_EVER, 0, depth);
    if (error != NULL && taken > 0) {
        PyErr_SetRaisedException(error);
        return -1;
    }
    Py_XDECREF(error);
    return taken < 0 ? -1 : 0;
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
        return owned_lock_take_recursive((owned_lock *)lock, timeout);
    if (Py_IS_TYPE(lock, owned_the_state->Lock))
        return owned_lock_take_once((owned_lock *)lock, timeout);
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
    return owned_lock_release((owned_lock *)lock);
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
    owned_lock_note_taken(self, 0);
    if (owned_mode_is_strict())
        owned_held_add(lock, &self->head.tag);
    owned_watch(lock, OWNED_WATCH_TAKEN);
    owned_thread_lost_lock(holder);
    return 0;
}

/* ---- locked(obj) ----------------------------------------------------------------------------------------------- */

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

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* It dies or is made anew: what is noted of it elsewhere, if it is held. */
static void
let_go(owned_lock *self)
{
    if (OWNED_LIKELY(!owned_lock_is_mine(self))) {
        owned_thread_lost_lock(owned_load_u64(&self->head.region.holder));
        return;
    }
    owned_held_remove(&self->head.tag);
    owned_this_thread.locks_held--;
}

int
owned_lock_reinit(owned_lock *self)
{
    /* The old wakeup is left alone on purpose, as CPython does: a thread of the parent may have been in the middle of
     * an operation on it, and neither finishing nor freeing it is safe. */
    PyThread_type_lock fresh = PyThread_allocate_lock();
    if (fresh == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    let_go(self);
    PyThread_acquire_lock(fresh, WAIT_LOCK);
    self->wakeup = fresh;
    owned_store_u64(&self->again, 0);
    owned_store_u64(&self->waiters, 0);
    owned_store_u64(&self->posted, 0);
    owned_store_u64(&self->head.region.holder, OWNED_NOBODY);
    return 0;
}

void
owned_lock_clear(owned_lock *self)
{
    let_go(self);
    owned_lock_tag_clear(&self->head.tag);
    if (self->wakeup == NULL)
        return;
    /* Freeing a taken lock is undefined; the try takes it if a wake-up is posted. */
    PyThread_acquire_lock(self->wakeup, NOWAIT_LOCK);
    PyThread_release_lock(self->wakeup);
    PyThread_free_lock(self->wakeup);
}
