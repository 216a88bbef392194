/* Semaphore and BoundedSemaphore: permits, who has taken them, and who waits for one.
 *
 *     acquire   a free permit is taken at once; else stand in the queue and sleep
 *     release   hand the permit to the first one in the queue, who has it from that moment on; else it is free
 *
 * So permits go to whoever came first: one is free only while nobody waits. A waiter whose time is up at the moment it is
 * handed a permit has it, and says so; one that raises then (Ctrl-C) gives it back.
 *
 * `takers` tells how many permits each thread has taken and not given back. In a Semaphore, which any thread may release,
 * that is for repr() only: a release gives back one of the thread's own, or the one that was taken longest ago. In a
 * BoundedSemaphore permits belong to the threads that took them, and what is free and what is taken add up to the
 * initial value. So it is known when nobody who lives could give one back, and a thread that waits looks twice a second.
 *
 * All of it is under the mutex. A permit is written down by whoever hands it over, who must not fail, so whoever joins the
 * queue makes room for that first. */
// SPDX-License-Identifier: MIT
#include "semaphore.h"

#include "park.h"
#include "state.h"
#include "timeout.h"
#include "watch.h"

int owned_semaphore_add(PyObject *module);

typedef struct {
    owned_thread_info *info; /* strong */
    uint64_t count;          /* not 0 */
} taker;

typedef struct {
    PyObject_HEAD
    PyObject *weakrefs;
    owned_mutex mutex;
    int ready;   /* __init__ has been called */
    int bounded;
    uint64_t initial;
    uint64_t free; /* permits to be had */
    owned_waiters queue;
    size_t queued; /* how many stand in it, or more */
    taker *takers; /* in the order in which they took their first one */
    size_t used, room;
} semaphore;

#define MOST ((uint64_t)PY_SSIZE_T_MAX)

int
owned_semaphore_check(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->Semaphore);
}

/* This thread is registered, and `op` has been initialized: the semaphore, or NULL with an error set. */
static semaphore *
checked(PyObject *op)
{
    semaphore *self = (semaphore *)op;
    owned_mutex_lock(&self->mutex);
    int ready = self->ready;
    owned_mutex_unlock(&self->mutex);
    if (ready)
        return owned_thread_id() == 0 ? NULL : self;
    PyErr_Format(PyExc_RuntimeError, "%.200s.__init__() has not been called", Py_TYPE(op)->tp_name);
    return NULL;
}

/* ---- under the mutex --------------------------------------------------------------------------------------------- */

/* Where the thread with this id is among the takers, or `used`. */
static size_t
find(semaphore *self, uint64_t id)
{
    size_t i = 0;
    while (i < self->used && self->takers[i].info->id != id)
        i++;
    return i;
}

static uint64_t
count_of(semaphore *self, uint64_t id)
{
    size_t i = find(self, id);
    return i < self->used ? self->takers[i].count : 0;
}

/* Room for one taker more than may come by hand-over. 0, or -1 (no error set) for want of memory. */
static int
make_room(semaphore *self)
{
    size_t wanted = self->used + self->queued + 1;
    if (wanted <= self->room)
        return 0;
    taker *grown = PyMem_RawRealloc(self->takers, 2 * wanted * sizeof(taker));
    if (grown == NULL)
        return -1;
    self->takers = grown;
    self->room = 2 * wanted;
    return 0;
}

/* There is room. */
static void
write_down(semaphore *self, owned_thread_info *info, uint64_t count)
{
    size_t i = find(self, info->id);
    if (i == self->used)
        self->takers[self->used++] = (taker){(owned_thread_info *)Py_NewRef((PyObject *)info), 0};
    self->takers[i].count += count;
}

/* Take `count` permits off a taker: its ThreadInfo if that was its last, to be let go of after the mutex; or NULL. */
static owned_thread_info *
strike(semaphore *self, size_t i, uint64_t count)
{
    owned_thread_info *info = self->takers[i].info;
    self->takers[i].count -= count;
    if (self->takers[i].count != 0)
        return NULL;
    self->used--;
    memmove(&self->takers[i], &self->takers[i + 1], (self->used - i) * sizeof(taker));
    return info;
}

/* 1: this thread has a permit more, 0: none is free, -1 (no error set): no memory. */
static int
try_take(semaphore *self)
{
    if (self->free == 0)
        return 0;
    if (make_room(self) < 0)
        return -1;
    self->free--;
    write_down(self, owned_this_thread.info, 1);
    return 1;
}

/* Give permits that nobody has to those who wait, and free the rest. */
static void
hand_out(semaphore *self, uint64_t count)
{
    owned_waiter *first;
    for (; count > 0 && (first = owned_waiters_first(&self->queue)) != NULL; count--) {
        write_down(self, first->note, 1);
        self->queued--;
        owned_waiter_wake(first, 1);
    }
    self->free += count;
}

/* 0, or -1 (no error set) for want of memory. */
static int
join(semaphore *self, owned_waiter *waiter, owned_sleeper *sleeper)
{
    if (make_room(self) < 0)
        return -1;
    self->queued += waiter->queue == NULL;
    owned_waiters_join(&self->queue, waiter, sleeper);
    return 0;
}

static void
leave(semaphore *self, owned_waiter *waiter)
{
    self->queued -= waiter->queue != NULL;
    owned_waiters_leave(&self->queue, waiter);
}

/* ---- what is wrong ------------------------------------------------------------------------------------------------- */

/* The takers: a list of (ThreadInfo, count). NULL with an error set. */
static PyObject *
tell_takers(semaphore *self)
{
    size_t used;
    taker *copy;
    owned_mutex_lock(&self->mutex);
    used = self->used;
    copy = PyMem_RawMalloc((used + 1) * sizeof(taker));
    for (size_t i = 0; copy != NULL && i < used; i++) {
        copy[i] = self->takers[i];
        Py_INCREF((PyObject *)copy[i].info);
    }
    owned_mutex_unlock(&self->mutex);
    if (copy == NULL)
        return PyErr_NoMemory();
    PyObject *list = PyList_New(0);
    for (size_t i = 0; i < used; i++) {
        PyObject *told = list == NULL ? NULL
                                      : Py_BuildValue("OK", copy[i].info, (unsigned long long)copy[i].count);
        if (list != NULL && (told == NULL || PyList_Append(list, told) < 0))
            Py_CLEAR(list);
        Py_XDECREF(told);
        Py_DECREF((PyObject *)copy[i].info);
    }
    PyMem_RawFree(copy);
    return list;
}

/* Set the error for a call ("acquire", "release" or "adopt") that the permits' takers are in the way of. Always -1. */
static OWNED_COLD int
refuse(semaphore *self, const char *access, uint64_t wanted)
{
    PyObject *takers = tell_takers(self);
    PyObject *error = NULL;
    if (takers != NULL)
        error = PyObject_CallFunction(owned_the_state->make_permit_violation, "OOsK", self, takers, access,
                                      (unsigned long long)wanted);
    Py_XDECREF(takers);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return -1;
}

/* None is free. Is there no hope, as nobody but this thread, or nobody who lives, could give one back? Under the mutex. */
static int
is_hopeless(semaphore *self, int for_ever)
{
    if (!self->bounded)
        return 0;
    for (size_t i = 0; i < self->used; i++) {
        owned_thread_info *info = self->takers[i].info;
        if (info->id == owned_this_thread.id ? !for_ever : owned_load_u64(&info->finished) == 0)
            return 0;
    }
    return 1;
}

/* ---- acquire --------------------------------------------------------------------------------------------------------- */

/* A signal came. Its handler may use this very semaphore, so it runs while we cannot be handed a permit; were we handed one
 * already, it runs when the call is back. 0, or -1 with an error set. */
static int
run_handlers(semaphore *self, owned_waiter *waiter, owned_sleeper *sleeper)
{
    owned_mutex_lock(&self->mutex);
    leave(self, waiter);
    int handed = owned_load_u64(&sleeper->answer) != 0;
    owned_mutex_unlock(&self->mutex);
    return handed ? 0 : Py_MakePendingCalls();
}

/* A thread whose waits are directed does not stand in the queue while it asks: locked() tells whether it can go on. */
static int
wait_in_queue(semaphore *self, owned_waiter *waiter, owned_sleeper *sleeper, int64_t timeout)
{
    int64_t deadline = owned_timeout_deadline(timeout), left = owned_timeout_left(deadline);
    for (;;) {
        owned_mutex_lock(&self->mutex);
        int result = owned_load_u64(&sleeper->answer) != 0 ? 1 : try_take(self);
        int hopeless = result == 0 && is_hopeless(self, timeout == OWNED_FOR_EVER);
        owned_mutex_unlock(&self->mutex);
        if (result < 0)
            PyErr_NoMemory();
        if (result != 0)
            return result;
        if (hopeless)
            return refuse(self, "acquire", 1);
        if (left <= 0)
            return 0;
        int again = owned_wait_is_directed((PyObject *)self, timeout == OWNED_FOR_EVER);
        if (again < 0)
            return -1;
        if (!again) {
            owned_mutex_lock(&self->mutex);
            int joined = self->free != 0 || owned_load_u64(&sleeper->answer) != 0 ? 1 : join(self, waiter, sleeper);
            owned_mutex_unlock(&self->mutex);
            if (joined < 0) {
                PyErr_NoMemory();
                return -1;
            }
            if (joined == 0 &&
                owned_sleep_until_signal(sleeper, left < OWNED_SLICE_NS ? left : OWNED_SLICE_NS, 1) == OWNED_SIGNALLED &&
                run_handlers(self, waiter, sleeper) < 0)
                return -1;
        }
        left = owned_timeout_left(deadline);
    }
}

static OWNED_COLD int
wait_for_permit(semaphore *self, int64_t timeout)
{
    owned_waiter waiter = {.note = owned_this_thread.info};
    owned_sleeper sleeper;
    if (owned_sleeper_begin(&sleeper) < 0)
        return -1;
    int result = wait_in_queue(self, &waiter, &sleeper, timeout);
    owned_thread_info *struck = NULL;
    owned_mutex_lock(&self->mutex);
    leave(self, &waiter);
    if (owned_load_u64(&sleeper.answer) != 0) { /* handed one, perhaps as it gave up */
        if (result < 0) {
            size_t i = find(self, owned_this_thread.id);
            int noted = i < self->used; /* of a Semaphore, another thread's release() may have struck it off */
            if (noted)
                struck = strike(self, i, 1);
            if (noted || !self->bounded)
                hand_out(self, 1);
        }
        else
            result = 1;
    }
    owned_mutex_unlock(&self->mutex);
    owned_sleeper_end(&sleeper);
    Py_XDECREF((PyObject *)struck);
    return result;
}

/* 1: this thread has a permit more, 0: not in time, -1: an error is set. */
static int
take(PyObject *op, int64_t timeout)
{
    semaphore *self = checked(op);
    if (self == NULL)
        return -1;
    owned_mutex_lock(&self->mutex);
    int taken = try_take(self);
    owned_mutex_unlock(&self->mutex);
    if (taken < 0)
        PyErr_NoMemory();
    if (taken == 0)
        taken = wait_for_permit(self, timeout);
    if (taken > 0)
        owned_watch(op, OWNED_WATCH_ACQUIRES);
    return taken;
}

static PyObject *
semaphore_acquire(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"blocking", "timeout", NULL};
    int blocking = 1;
    PyObject *seconds = Py_None;
    int64_t timeout;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:acquire", keywords, &blocking, &seconds))
        return NULL;
    if (!blocking && seconds != Py_None) {
        PyErr_SetString(PyExc_ValueError, "can't specify timeout for non-blocking acquire");
        return NULL;
    }
    if (owned_timeout_parse_optional(seconds, &timeout) < 0)
        return NULL;
    int taken = take(op, blocking ? timeout : 0);
    return taken < 0 ? NULL : PyBool_FromLong(taken);
}

static PyObject *
semaphore_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return take(op, OWNED_FOR_EVER) < 0 ? NULL : Py_NewRef(Py_True);
}

/* ---- release --------------------------------------------------------------------------------------------------------- */

/* Give back up to `count` permits of one thread: this one's, else those of the one that has had them longest, else permits that
 * nobody took. How many. */
static uint64_t
give_back_some(semaphore *self, uint64_t count)
{
    owned_thread_info *struck = NULL;
    owned_mutex_lock(&self->mutex);
    if (self->used != 0) {
        size_t i = find(self, owned_this_thread.id);
        if (i == self->used)
            i = 0;
        if (count > self->takers[i].count)
            count = self->takers[i].count;
        struck = strike(self, i, count);
    }
    hand_out(self, count);
    owned_mutex_unlock(&self->mutex);
    Py_XDECREF((PyObject *)struck);
    return count;
}

static int
give_back(PyObject *op, Py_ssize_t n)
{
    semaphore *self = checked(op);
    if (self == NULL)
        return -1;
    if (n < 1) {
        PyErr_SetString(PyExc_ValueError, "n must be one or more");
        return -1;
    }
    uint64_t count = (uint64_t)n;
    owned_mutex_lock(&self->mutex);
    int too_many = self->free > MOST - count;
    int not_mine = self->bounded && count_of(self, owned_this_thread.id) < count;
    owned_mutex_unlock(&self->mutex);
    if (not_mine)
        return refuse(self, "release", count);
    if (too_many) {
        PyErr_SetString(PyExc_OverflowError, "a semaphore cannot have that many permits");
        return -1;
    }
    owned_watch(op, OWNED_WATCH_RELEASES);
    while (count > 0)
        count -= give_back_some(self, count);
    return 0;
}

static PyObject *
semaphore_release(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"n", NULL};
    Py_ssize_t n = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n:release", keywords, &n))
        return NULL;
    return give_back(op, n) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
semaphore_exit(PyObject *op, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    return give_back(op, 1) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
semaphore_locked(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    semaphore *self = checked(op);
    if (self == NULL)
        return NULL;
    owned_mutex_lock(&self->mutex);
    int locked = self->free == 0;
    owned_mutex_unlock(&self->mutex);
    return PyBool_FromLong(locked);
}

/* ---- adopt ----------------------------------------------------------------------------------------------------------- */

/* Write down as this thread's the permits of one thread that has ended: its ThreadInfo, or NULL if there is none. */
static owned_thread_info *
adopt_one(semaphore *self)
{
    owned_thread_info *info = NULL;
    owned_mutex_lock(&self->mutex);
    for (size_t i = 0; i < self->used && info == NULL; i++) {
        if (self->takers[i].info->id == owned_this_thread.id || !owned_load_u64(&self->takers[i].info->finished))
            continue;
        uint64_t count = self->takers[i].count;
        info = strike(self, i, count);
        write_down(self, owned_this_thread.info, count);
    }
    owned_mutex_unlock(&self->mutex);
    return info;
}

int
owned_semaphore_adopt(PyObject *op)
{
    semaphore *self = checked(op);
    if (self == NULL)
        return -1;
    if (!self->bounded) {
        PyErr_Format(PyExc_TypeError, "%R has nothing to adopt: any thread may release() it", op);
        return -1;
    }
    owned_thread_info *info;
    int adopted = 0;
    while ((info = adopt_one(self)) != NULL) {
        adopted = 1;
        Py_DECREF((PyObject *)info);
    }
    owned_mutex_lock(&self->mutex);
    size_t used = self->used;
    int mine = count_of(self, owned_this_thread.id) != 0;
    owned_mutex_unlock(&self->mutex);
    if (adopted || mine)
        return 0;
    if (used != 0)
        return refuse(self, "adopt", 1);
    PyErr_Format(PyExc_ValueError, "nobody has a permit of %R: there is nothing to adopt, acquire one", op);
    return -1;
}

/* ---- life -------------------------------------------------------------------------------------------------------------- */

static int
semaphore_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"value", NULL};
    semaphore *self = (semaphore *)op;
    Py_ssize_t value = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n:Semaphore", keywords, &value))
        return -1;
    int bounded = PyObject_TypeCheck(op, owned_the_state->BoundedSemaphore);
    if (value < 0) {
        PyErr_SetString(PyExc_ValueError, "semaphore initial value must be >= 0");
        return -1;
    }
    if (bounded && value == 0) {
        PyErr_SetString(PyExc_ValueError, "a BoundedSemaphore of 0 permits could never be acquired, as nobody would have one "
                                          "to give back: for signalling use Semaphore(0)");
        return -1;
    }
    owned_mutex_lock(&self->mutex);
    int first = !self->ready;
    if (first) {
        self->bounded = bounded;
        self->initial = self->free = (uint64_t)value;
        self->ready = 1;
    }
    owned_mutex_unlock(&self->mutex);
    if (first)
        return 0;
    PyErr_Format(PyExc_RuntimeError, "%.200s.__init__() was called before: threads may have permits of it",
                 Py_TYPE(op)->tp_name);
    return -1;
}

static void
semaphore_dealloc(PyObject *op)
{
    semaphore *self = (semaphore *)op;
    PyTypeObject *type = Py_TYPE(op);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    for (size_t i = 0; i < self->used; i++)
        Py_DECREF((PyObject *)self->takers[i].info);
    PyMem_RawFree(self->takers);
    type->tp_free(op);
    Py_DECREF(type);
}

/* As threading's, and who has taken permits, and how many threads wait. */
static PyObject *
semaphore_repr(PyObject *op)
{
    semaphore *self = (semaphore *)op;
    PyObject *text = NULL;
    PyObject *takers = tell_takers(self);
    if (takers == NULL)
        return NULL;
    text = PyUnicode_FromFormat("<%s at %p", Py_TYPE(op)->tp_name, op);
    for (Py_ssize_t i = 0; text != NULL && i < PyList_GET_SIZE(takers); i++) {
        PyObject *told = PyList_GET_ITEM(takers, i);
        owned_thread_info *info = (owned_thread_info *)PyTuple_GET_ITEM(told, 0);
        Py_SETREF(text, PyUnicode_FromFormat("%U%s %R%s (%S)", text, i == 0 ? ", taken by" : ",", info->name,
                                             owned_load_u64(&info->finished) ? ", which has ended" : "",
                                             PyTuple_GET_ITEM(told, 1)));
    }
    Py_DECREF(takers);
    Py_ssize_t waiting = 0;
    owned_mutex_lock(&self->mutex);
    unsigned long long free = self->free, initial = self->initial;
    int bounded = self->bounded;
    for (owned_waiter *waiter = owned_waiters_first(&self->queue); waiter != NULL; waiter = waiter->next)
        waiting++;
    owned_mutex_unlock(&self->mutex);
    if (text != NULL && waiting != 0)
        Py_SETREF(text, PyUnicode_FromFormat("%U, %zd waiting", text, waiting));
    if (text != NULL && bounded)
        Py_SETREF(text, PyUnicode_FromFormat("%U: value=%llu/%llu>", text, free, initial));
    else if (text != NULL)
        Py_SETREF(text, PyUnicode_FromFormat("%U: value=%llu>", text, free));
    return text;
}

static PyObject *
semaphore_reduce_ex(PyObject *op, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, op); /* it raises */
}

PyDoc_STRVAR(semaphore_doc,
"Semaphore(value=1)\n--\n\n"
"A number of permits that threads take and give back: a drop-in for threading.Semaphore.\n\n"
"Any thread may release, also one that has taken nothing, so it serves for signalling. Whoever waits is served in the order\n"
"of arrival: a permit that is given back while threads wait belongs to the first of them from that moment on. ``repr``\n"
"tells which threads have taken permits; a release gives back one of the thread's own, or else the one that was taken\n"
"longest ago.\n\n"
"Args:\n"
"    value: how many permits there are to begin with.\n\n"
"Raises:\n"
"    ValueError: ``value`` is negative.\n\n"
"Threads:\n"
"    Any thread may call any method at any time. It cannot guard objects: ``share(obj, lock=semaphore)`` is a TypeError, as\n"
"    it lets several threads in. Strict mode does not watch the order in which semaphores are taken.");

PyDoc_STRVAR(bounded_doc,
"BoundedSemaphore(value=1)\n--\n\n"
"A number of permits, each of which belongs to the thread that took it until that thread gives it back.\n\n"
"A drop-in for threading.BoundedSemaphore where the thread that acquires is the one that releases. Permits are handed out\n"
"in the order of arrival, as with Semaphore.\n\n"
"Args:\n"
"    value: how many permits there are; one at least.\n\n"
"Raises:\n"
"    ValueError: ``value`` is less than one.\n"
"    PermitNotHeldError: ``release`` by a thread that has not taken so many permits. It is a LockNotHeldError, and a\n"
"        ValueError as in threading.\n"
"    LockOrderError: ``acquire`` without a timeout by a thread that would wait for itself: nobody else who lives has a\n"
"        permit.\n"
"    OrphanedError: ``acquire`` when all permits were taken by threads that have ended; ``adopt(semaphore)`` takes\n"
"        them over.\n\n"
"Threads:\n"
"    Any thread may call any method at any time.");

PyDoc_STRVAR(acquire_doc,
"acquire($self, /, blocking=True, timeout=None)\n--\n\n"
"Take a permit, waiting until there is one, and return True.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; None: for ever.\n\n"
"Returns:\n"
"    True if this thread has taken a permit, False if none was to be had in time.\n\n"
"Raises:\n"
"    OrphanedError, LockOrderError: of a BoundedSemaphore alone: nobody who lives could give a permit back, or nobody but\n"
"        this thread, and there is no timeout.\n"
"    ValueError: a timeout for a call that does not wait.\n"
"    OverflowError, TypeError: for the timeouts threading.Lock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(release_doc,
"release($self, /, n=1)\n--\n\n"
"Give ``n`` permits back.\n\n"
"Raises:\n"
"    ValueError: ``n`` is less than one.\n"
"    PermitNotHeldError: of a BoundedSemaphore alone: this thread has taken fewer; none has been given back.\n\n"
"Threads:\n"
"    Any thread; of a BoundedSemaphore, the one that took them.");

PyDoc_STRVAR(locked_doc, "locked($self, /)\n--\n\nIs there no permit left, so that acquire() would have to wait?");
PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nacquire()");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nrelease()");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nA semaphore cannot be pickled or copied: TypeError.");

static PyMethodDef methods[] = {
    {"acquire", (PyCFunction)(void (*)(void))semaphore_acquire, METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"release", (PyCFunction)(void (*)(void))semaphore_release, METH_VARARGS | METH_KEYWORDS, release_doc},
    {"locked", semaphore_locked, METH_NOARGS, locked_doc},
    {"__enter__", semaphore_enter, METH_NOARGS, enter_doc},
    {"__exit__", (PyCFunction)(void (*)(void))semaphore_exit, METH_FASTCALL, exit_doc},
    {"__reduce_ex__", semaphore_reduce_ex, METH_O, reduce_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(semaphore, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot semaphore_slots[] = {
    {Py_tp_doc, (void *)semaphore_doc},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, semaphore_init},
    {Py_tp_dealloc, semaphore_dealloc},
    {Py_tp_repr, semaphore_repr},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Slot bounded_slots[] = {
    {Py_tp_doc, (void *)bounded_doc},
    {0, NULL},
};

static PyType_Spec semaphore_spec = {
    .name = "owned.Semaphore",
    .basicsize = sizeof(semaphore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = semaphore_slots,
};

static PyType_Spec bounded_spec = {
    .name = "owned.BoundedSemaphore",
    .basicsize = sizeof(semaphore),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = bounded_slots,
};

int
owned_semaphore_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->Semaphore, &semaphore_spec, NULL, "Semaphore") < 0)
        return -1;
    return owned_state_add_type(module, &state->BoundedSemaphore, &bounded_spec, (PyObject *)state->Semaphore,
                                "BoundedSemaphore");
}
