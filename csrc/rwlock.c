/* RWLock: many readers or one writer.
 *
 *     region.holder     who holds the write side, or nobody; so the compare of the check lets the writer through
 *     readers           which threads hold the read side, for those who have to know: a writer that waits, repr(), adopt()
 *     this thread's     table (owned_read_hold) says the same to the thread itself, and how often: what the check asks when
 *                       the compare fails, without the mutex
 *     reading, writing  the queues of those who wait for a side
 *
 * Phase-fair, as in Brandenburg and Anderson, "Reader-Writer Synchronization for Shared-Memory Multiprocessor Real-Time
 * Systems", ECRTS 2009: a reader that holds nothing waits behind a writer that waits, and when a writer leaves, all the
 * readers that waited go in before the next writer. A waiting writer waits for the readers inside and no others; a waiting
 * reader waits for one writer and for the readers before that one. So neither starves, whatever the other side does.
 *
 * A side is handed over: whoever leaves makes the ones who may go in now holders, under the mutex, and wakes them with
 * that answer. So no thread that comes by gets in between, and at every moment nobody waits who could go in:
 *
 *     write -> nobody          let in all readers that wait; if none did, the first writer
 *     last reader leaves       let in the first writer
 *     a waiting writer gives   if none waits any more, let in all readers that wait
 *     up
 *
 * A thread that ended as a writer or reader, and in the child of a fork every thread of the parent but the one that
 * forked, is told as lock.c tells it: who waits looks every half a second whether those it waits for still live. A reader
 * waits for a writer only: where it stands behind a waiting writer, that one is told of dead readers and leaves.
 *
 * Reading again while a writer waits, reading while writing, and writing while writing never wait. Reading and then writing
 * would wait for itself, and for any other reader with the same idea: it is refused at once. */
// SPDX-License-Identifier: MIT
#include "rwlock.h"

#include "lock_order.h"
#include "mode.h"
#include "timeout.h"
#include "watch.h"

#define FEW 16
#define GRANTED 1

/* ---- who holds it, seen from outside ----------------------------------------------------------------------------- */

static inline uint64_t
writer_of(owned_rwlock *self)
{
    return owned_load_u64(&self->head.region.holder);
}

/* Which of the readers, counted from one, is the thread with this id, or 0. The last ones leave first. Under the
 * mutex. */
static size_t
find_reader(owned_rwlock *self, uint64_t id)
{
    size_t i = self->used;
    while (i > 0 && self->readers[i - 1] != id)
        i--;
    return i;
}

/* The numbers of the readers as they are now: how many, in `few` or, where that is too small, in *ids, which
 * PyMem_RawFree() takes then. -1 with an error set. */
static Py_ssize_t
copy_readers(owned_rwlock *self, uint64_t few[FEW], uint64_t **ids)
{
    size_t room = FEW;
    *ids = few;
    for (;;) {
        owned_mutex_lock(&self->mutex);
        size_t used = self->used;
        for (size_t i = 0; used <= room && i < used; i++)
            (*ids)[i] = self->readers[i];
        owned_mutex_unlock(&self->mutex);
        if (used <= room)
            return (Py_ssize_t)used;
        if (*ids != few)
            PyMem_RawFree(*ids);
        room = used + FEW;
        *ids = PyMem_RawMalloc(room * sizeof(uint64_t));
        if (*ids == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
}

static void
free_copy(uint64_t few[FEW], uint64_t *ids)
{
    if (ids != few)
        PyMem_RawFree(ids);
}

PyObject *
owned_rwlock_readers(owned_rwlock *self)
{
    uint64_t few[FEW], *ids;
    Py_ssize_t count = copy_readers(self, few, &ids);
    PyObject *infos = count < 0 ? NULL : PyList_New(0);
    for (Py_ssize_t i = 0; infos != NULL && i < count; i++) {
        PyObject *info = owned_the_state->threads == NULL ? Py_NewRef(Py_None) : owned_thread_info_of(ids[i]);
        if (info == NULL || (info != Py_None && PyList_Append(infos, info) < 0))
            Py_CLEAR(infos);
        Py_XDECREF(info);
    }
    free_copy(few, ids);
    return infos;
}

/* Of the threads that `side` waits for, one that has ended: 1 with its number, 0 or -1 with an error set. */
static int
waits_for_the_dead(owned_rwlock *self, owned_side side, uint64_t *dead)
{
    *dead = writer_of(self);
    int finished = owned_holder_has_finished(*dead);
    if (finished != 0 || side == OWNED_READ_SIDE)
        return finished;
    uint64_t few[FEW], *ids;
    Py_ssize_t count = copy_readers(self, few, &ids);
    finished = count < 0 ? -1 : 0;
    for (Py_ssize_t i = 0; finished == 0 && i < count; i++) {
        *dead = ids[i];
        finished = owned_holder_has_finished(ids[i]);
    }
    free_copy(few, ids);
    return finished;
}

/* Does the thread with this id hold a side? */
static int
is_held_by(owned_rwlock *self, uint64_t id)
{
    owned_mutex_lock(&self->mutex);
    int held = writer_of(self) == id || find_reader(self, id) != 0;
    owned_mutex_unlock(&self->mutex);
    return held;
}

/* Where this thread, or a writer that has ended, took it: (code, line); None if that is not known. */
static PyObject *
where_taken(owned_rwlock *self)
{
    uint64_t writer = writer_of(self);
    if (writer == OWNED_NOBODY || writer == owned_this_thread.id)
        return owned_this_thread.info == NULL ? Py_NewRef(Py_None)
                                              : owned_held_site(owned_this_thread.info, &self->head.tag);
    PyObject *info = owned_thread_info_of(writer);
    if (info == NULL || info == Py_None || !owned_load_u64(&((owned_thread_info *)info)->finished)) {
        Py_XDECREF(info);
        return info == NULL ? NULL : Py_NewRef(Py_None);
    }
    PyObject *taken = owned_held_site((owned_thread_info *)info, &self->head.tag);
    Py_DECREF(info);
    return taken;
}

/* Set the error for a call ("acquire", "release", "wait" or "adopt") on a side: -1. If it is because a thread that has
 * ended holds the lock (`dead`; else nobody): 0 and no error where that is not so any more. */
static OWNED_COLD int
refuse_because(owned_rwlock *self, const char *access, owned_side side, uint64_t dead)
{
    PyObject *error = NULL, *taken = NULL, *facts = NULL, *readers = owned_rwlock_readers(self);
    if (readers != NULL)
        facts = owned_region_facts(&self->head.region);
    if (facts != NULL)
        taken = where_taken(self);
    int gone = taken != NULL && dead != OWNED_NOBODY && !is_held_by(self, dead);
    if (taken != NULL && !gone)
        error = PyObject_CallFunction(owned_the_state->make_rwlock_violation, "OOssOiiO", self, facts, access,
                                      side == OWNED_READ_SIDE ? "read" : "write", readers,
                                      owned_rwlock_my_read(self) != NULL, owned_rwlock_i_write(self), taken);
    Py_XDECREF(readers);
    Py_XDECREF(facts);
    Py_XDECREF(taken);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return gone ? 0 : -1;
}

/* The same for another reason. Always -1. */
static int
refuse(owned_rwlock *self, const char *access, owned_side side)
{
    return refuse_because(self, access, side, OWNED_NOBODY);
}

/* An error if a thread that `side` waits for has ended: 0, or -1 with it set. A holder may give back what it holds and
 * end, with another lock in its hands, between being seen here and being asked whether it lives, and what a dead one left
 * may be adopted meanwhile. So once it is known to be dead, and all that the message tells of it is gathered, we look
 * whether it is still there: then it was all along. */
static int
refuse_orphaned(owned_rwlock *self, owned_side side)
{
    uint64_t dead;
    int finished = waits_for_the_dead(self, side, &dead);
    return finished > 0 ? refuse_because(self, "acquire", side, dead) : finished;
}

int
owned_rwlock_is_locked(owned_rwlock *self, owned_side side)
{
    owned_mutex_lock(&self->mutex);
    int locked = writer_of(self) != OWNED_NOBODY ||
                 (side == OWNED_WRITE_SIDE ? self->used != 0 : owned_waiters_first(&self->writing) != NULL);
    owned_mutex_unlock(&self->mutex);
    return locked;
}

static size_t
length_of(owned_waiters *queue)
{
    size_t count = 0;
    for (owned_waiter *waiter = owned_waiters_first(queue); waiter != NULL; waiter = waiter->next)
        count++;
    return count;
}

void
owned_rwlock_count_waiting(owned_rwlock *self, size_t *readers, size_t *writers)
{
    owned_mutex_lock(&self->mutex);
    *readers = length_of(&self->reading);
    *writers = length_of(&self->writing);
    owned_mutex_unlock(&self->mutex);
}

/* ---- under the mutex --------------------------------------------------------------------------------------------- */

/* Keep room for one more reader. 0, or -1 (no error set). */
static int
make_room(owned_rwlock *self)
{
    if (self->used + self->reserved < self->room)
        return 0;
    size_t room = self->room * 2 + 4;
    uint64_t *grown = PyMem_RawRealloc(self->readers, room * sizeof(uint64_t));
    if (grown == NULL)
        return -1;
    self->readers = grown;
    self->room = room;
    return 0;
}

/* 1 if it was there. */
static int
drop_reader(owned_rwlock *self, uint64_t id)
{
    size_t i = find_reader(self, id);
    if (i == 0)
        return 0;
    self->readers[i - 1] = self->readers[--self->used];
    return 1;
}

static void
let_in_readers(owned_rwlock *self)
{
    owned_waiter *waiter;
    while ((waiter = owned_waiters_first(&self->reading)) != NULL) {
        self->readers[self->used++] = waiter->sleeper->thread;
        self->reserved--;
        if (!owned_waiter_wake(waiter, GRANTED))
            self->used--;
    }
}

static void
let_in_writer(owned_rwlock *self)
{
    owned_waiter *waiter;
    while (writer_of(self) == OWNED_NOBODY && (waiter = owned_waiters_first(&self->writing)) != NULL) {
        owned_swap_u64(&self->head.region.holder, waiter->sleeper->thread);
        if (!owned_waiter_wake(waiter, GRANTED))
            owned_swap_u64(&self->head.region.holder, OWNED_NOBODY);
    }
}

/* Somebody has left: let in whoever may go in now. */
static void
pass_on(owned_rwlock *self, int a_writer_left)
{
    if (writer_of(self) != OWNED_NOBODY)
        return;
    if (a_writer_left || owned_waiters_first(&self->writing) == NULL)
        let_in_readers(self);
    if (self->used == 0)
        let_in_writer(self);
}

/* Go in without waiting: 1, 0, or -1 for want of memory (no error set). */
static int
go_in(owned_rwlock *self, owned_side side)
{
    uint64_t writer = writer_of(self);
    if (side == OWNED_WRITE_SIDE) {
        if (writer != OWNED_NOBODY || self->used != 0)
            return 0;
        owned_swap_u64(&self->head.region.holder, owned_this_thread.id);
        return 1;
    }
    if (writer != owned_this_thread.id && (writer != OWNED_NOBODY || owned_waiters_first(&self->writing) != NULL))
        return 0;
    if (make_room(self) < 0)
        return -1;
    self->readers[self->used++] = owned_this_thread.id;
    return 1;
}

static void
go_out(owned_rwlock *self, owned_side side)
{
    if (side == OWNED_WRITE_SIDE) {
        owned_store_u64(&self->depth, 0);
        owned_swap_u64(&self->head.region.holder, OWNED_NOBODY);
        pass_on(self, 1);
    }
    else if (drop_reader(self, owned_this_thread.id) && self->used == 0)
        pass_on(self, 0);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

typedef struct {
    owned_rwlock *lock;
    owned_side side;
    owned_waiters *queue;
    owned_sleeper sleeper;
    owned_waiter waiter;
} attempt;

static int
stands(attempt *a)
{
    return a->waiter.queue != NULL && a->waiter.process == owned_process_number();
}

/* Go in, or stand in the queue (unless `directed`: then others decide when we try again). 1, 0, -1 with an error set. */
static int
go_in_or_stand(attempt *a, int directed)
{
    owned_rwlock *self = a->lock;
    int result = 0;
    owned_mutex_lock(&self->mutex);
    if (owned_load_u64(&a->sleeper.answer) == 0 && !stands(a)) {
        result = go_in(self, a->side);
        if (result == 0 && !directed) {
            if (a->side == OWNED_READ_SIDE)
                result = make_room(self);
            if (result == 0) {
                self->reserved += a->side == OWNED_READ_SIDE;
                owned_waiters_join(a->queue, &a->waiter, &a->sleeper);
            }
        }
    }
    owned_mutex_unlock(&self->mutex);
    if (result < 0)
        PyErr_NoMemory();
    return result;
}

/* Stand in the queue no longer. Were we let in meanwhile? */
static int
leave(attempt *a)
{
    owned_rwlock *self = a->lock;
    owned_mutex_lock(&self->mutex);
    if (stands(a)) {
        owned_waiters_leave(a->queue, &a->waiter);
        if (a->side == OWNED_READ_SIDE)
            self->reserved--;
        else if (owned_waiters_first(&self->writing) == NULL)
            pass_on(self, 0);
    }
    int granted = owned_load_u64(&a->sleeper.answer) != 0;
    owned_mutex_unlock(&self->mutex);
    return granted;
}

/* A thread whose waits are directed says which side it is about to wait for. */
static int
is_directed(attempt *a, int for_ever)
{
    if (OWNED_LIKELY(!owned_this_thread.tells_waits))
        return 0;
    PyObject *side = owned_rwlock_side_object(a->lock, a->side);
    int directed = side == NULL ? -1 : owned_wait_is_directed(side, for_ever);
    Py_XDECREF(side);
    return directed;
}

/* A signal came. Its handler may take this very lock, so it runs while we cannot be let in; were we let in already, it runs when
 * the call is back. 1, 0 or -1 with an error set. */
static int
run_handlers(attempt *a)
{
    return leave(a) ? 1 : Py_MakePendingCalls();
}

static OWNED_COLD int
wait_to_go_in(owned_rwlock *self, owned_side side, int64_t timeout, int interruptible)
{
    if (timeout == 0)
        return refuse_orphaned(self, side);
    attempt a = {.lock = self, .side = side, .queue = side == OWNED_READ_SIDE ? &self->reading : &self->writing};
    if (owned_sleeper_begin(&a.sleeper) < 0)
        return -1;
    int64_t deadline = owned_timeout_deadline(timeout), left = owned_timeout_left(deadline);
    int result, directed;
    do {
        directed = refuse_orphaned(self, side) < 0 ? -1 : is_directed(&a, timeout == OWNED_FOR_EVER);
        result = directed < 0 ? -1 : go_in_or_stand(&a, directed);
        if (result == 0 && !directed)
            result = owned_sleep_until_signal(&a.sleeper, left < OWNED_SLICE_NS ? left : OWNED_SLICE_NS, interruptible);
        if (result == OWNED_SIGNALLED)
            result = run_handlers(&a);
    } while (result == 0 && (left = owned_timeout_left(deadline)) > 0);
    if (leave(&a)) {
        if (result >= 0)
            result = 1;
        else { /* let in, and then a signal handler raised */
            owned_mutex_lock(&self->mutex);
            go_out(self, side);
            owned_mutex_unlock(&self->mutex);
        }
    }
    owned_sleeper_end(&a.sleeper);
    return result;
}

/* ---- taking and giving back -------------------------------------------------------------------------------------- */

/* This thread's table with a free place: 0, or -1 (no error set). */
static int
make_room_in_table(void)
{
    if (owned_this_thread.reads_used < owned_this_thread.reads_room)
        return 0;
    size_t room = owned_this_thread.reads_room * 2 + 4;
    owned_read_hold *grown = PyMem_RawRealloc(owned_this_thread.reads, room * sizeof(owned_read_hold));
    if (grown == NULL)
        return -1;
    owned_this_thread.reads = grown;
    owned_this_thread.reads_room = room;
    return 0;
}

void
owned_rwlock_thread_ends(owned_thread_info *info)
{
    if (owned_this_thread.reads_used != 0 && info->reads == NULL) {
        info->reads = owned_this_thread.reads;
        info->reads_used = owned_this_thread.reads_used;
    }
    else
        PyMem_RawFree(owned_this_thread.reads);
    owned_this_thread.reads = NULL;
    owned_this_thread.reads_used = owned_this_thread.reads_room = 0;
}

void
owned_rwlock_thread_is_back(owned_thread_info *info)
{
    if (info->reads == NULL || owned_this_thread.reads != NULL)
        return;
    owned_this_thread.reads = info->reads;
    owned_this_thread.reads_used = owned_this_thread.reads_room = info->reads_used;
    for (size_t i = 0; i < info->reads_used; i++)
        info->reads[i].may_be_lost = 1;
    info->reads = NULL;
    info->reads_used = 0;
}

/* This thread has been let in as a reader. A signal handler may have taken the same side while we waited. */
static int
note_read(owned_rwlock *self)
{
    owned_read_hold *hold = owned_rwlock_my_read(self);
    if (hold == NULL && make_room_in_table() == 0) {
        owned_this_thread.reads[owned_this_thread.reads_used++] =
            (owned_read_hold){.lock = self, .ordinal = owned_rwlock_ordinal(self), .depth = 1};
        owned_this_thread.locks_held++;
        return 1;
    }
    owned_mutex_lock(&self->mutex);
    go_out(self, OWNED_READ_SIDE);
    owned_mutex_unlock(&self->mutex);
    if (hold == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    hold->depth++;
    return 1;
}

static void
note_write(owned_rwlock *self, uint64_t depth)
{
    owned_store_u64(&self->depth, depth);
    owned_this_thread.locks_held++;
}

/* Take a side that this thread does not hold. */
static int
take_anew(owned_rwlock *self, owned_side side, int64_t timeout, int interruptible, uint64_t depth)
{
    owned_mutex_lock(&self->mutex);
    int taken = go_in(self, side);
    owned_mutex_unlock(&self->mutex);
    if (OWNED_UNLIKELY(taken == 0))
        taken = wait_to_go_in(self, side, timeout, interruptible);
    else if (taken < 0)
        PyErr_NoMemory();
    if (taken <= 0)
        return taken;
    /* asked now, as a signal handler may have taken a side while we waited */
    int is_first = OWNED_UNLIKELY(owned_locks_are_noted()) && owned_rwlock_my_read(self) == NULL &&
                   (side == OWNED_WRITE_SIDE || !owned_rwlock_i_write(self));
    if (side == OWNED_WRITE_SIDE)
        note_write(self, depth);
    else if (note_read(self) < 0)
        return -1;
    if (OWNED_UNLIKELY(is_first)) {
        owned_watch((PyObject *)self, side == OWNED_WRITE_SIDE ? OWNED_WATCH_TAKEN : OWNED_WATCH_READS);
        if (owned_mode_is_strict())
            owned_held_add((PyObject *)self, &self->head.tag);
    }
    return 1;
}

static inline int
is_out_of_order(owned_rwlock *self, int must_go_on)
{
    return OWNED_UNLIKELY(owned_this_thread.listed != 0) && owned_mode_is_strict() &&
           owned_lock_order_check((PyObject *)self, &self->head.tag, must_go_on) < 0;
}

int
owned_rwlock_take(owned_rwlock *self, owned_side side, int64_t timeout, int interruptible, int in_order)
{
    if (owned_thread_id() == 0)
        return -1;
    int writes = owned_rwlock_i_write(self);
    if (side == OWNED_WRITE_SIDE && writes) {
        owned_store_u64(&self->depth, owned_load_u64(&self->depth) + 1);
        return 1;
    }
    owned_read_hold *hold = owned_rwlock_my_read(self);
    if (hold != NULL) {
        if (side == OWNED_WRITE_SIDE)
            return refuse(self, "acquire", side);
        hold->depth++;
        return 1;
    }
    if (in_order && timeout == OWNED_FOR_EVER && !writes && is_out_of_order(self, 0))
        return -1;
    return take_anew(self, side, timeout, interruptible, 1);
}

/* Off the list of what strict mode saw this thread take, once it holds neither side. May run Python. */
static void
give_back_write(owned_rwlock *self)
{
    owned_watch((PyObject *)self, OWNED_WATCH_GIVES_BACK);
    int reads_on = owned_rwlock_my_read(self) != NULL;
    if (!reads_on)
        owned_held_remove(&self->head.tag);
    owned_this_thread.locks_held--;
    owned_mutex_lock(&self->mutex);
    go_out(self, OWNED_WRITE_SIDE);
    owned_mutex_unlock(&self->mutex);
    if (reads_on)
        owned_watch((PyObject *)self, OWNED_WATCH_READS);
}

static void
forget_read(owned_read_hold *hold)
{
    *hold = owned_this_thread.reads[--owned_this_thread.reads_used];
    owned_this_thread.locks_held--;
}

owned_read_hold *
owned_rwlock_still_read(owned_read_hold *hold)
{
    owned_rwlock *self = hold->lock;
    owned_mutex_lock(&self->mutex);
    int counted = find_reader(self, owned_this_thread.id) != 0;
    owned_mutex_unlock(&self->mutex);
    if (counted)
        return hold;
    *hold = owned_this_thread.reads[--owned_this_thread.reads_used]; /* whoever let go of it has counted it already */
    return NULL;
}

static void
give_back_read(owned_rwlock *self)
{
    if (!owned_rwlock_i_write(self)) {
        owned_watch((PyObject *)self, OWNED_WATCH_READ);
        owned_held_remove(&self->head.tag);
    }
    owned_read_hold *hold = owned_rwlock_my_read(self); /* the table may have changed, and grown */
    if (hold == NULL)
        return;
    forget_read(hold);
    owned_mutex_lock(&self->mutex);
    go_out(self, OWNED_READ_SIDE);
    owned_mutex_unlock(&self->mutex);
}

int
owned_rwlock_give_back(owned_rwlock *self, owned_side side)
{
    if (side == OWNED_WRITE_SIDE) {
        if (!owned_rwlock_i_write(self))
            return refuse(self, "release", side);
        uint64_t depth = owned_load_u64(&self->depth);
        if (depth > 1)
            owned_store_u64(&self->depth, depth - 1);
        else
            give_back_write(self);
        return 0;
    }
    if (owned_thread_id() == 0)
        return -1;
    owned_read_hold *hold = owned_rwlock_my_read(self);
    if (hold == NULL)
        return refuse(self, "release", side);
    if (hold->depth > 1)
        hold->depth--;
    else
        give_back_read(self);
    return 0;
}

/* ---- for a Condition --------------------------------------------------------------------------------------------- */

uint64_t
owned_rwlock_release_save(owned_rwlock *self)
{
    if (!owned_rwlock_i_write(self)) {
        refuse(self, "release", OWNED_WRITE_SIDE);
        return 0;
    }
    if (owned_rwlock_my_read(self) != NULL) {
        refuse(self, "wait", OWNED_WRITE_SIDE);
        return 0;
    }
    uint64_t depth = owned_load_u64(&self->depth);
    give_back_write(self);
    return depth;
}

/* As with RLock: a wrong order is told and taken all the same, and what goes wrong in telling it waits until then. */
int
owned_rwlock_acquire_restore(owned_rwlock *self, uint64_t depth)
{
    if (owned_thread_id() == 0)
        return -1;
    if (owned_rwlock_i_write(self) || owned_rwlock_my_read(self) != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "_acquire_restore() follows _release_save(): this thread holds the lock");
        return -1;
    }
    PyObject *error = is_out_of_order(self, 1) ? PyErr_GetRaisedException() : NULL;
    int taken = take_anew(self, OWNED_WRITE_SIDE, OWNED_FOR_EVER, 0, depth);
    if (error != NULL && taken > 0) {
        PyErr_SetRaisedException(error);
        return -1;
    }
    Py_XDECREF(error);
    return taken < 0 ? -1 : 0;
}

/* ---- adopt ------------------------------------------------------------------------------------------------------- */

/* Let go of what threads that have ended held as readers: how many, -1 with an error set. */
static Py_ssize_t
drop_dead_readers(owned_rwlock *self)
{
    uint64_t few[FEW], *ids;
    Py_ssize_t dropped = 0, count = copy_readers(self, few, &ids);
    for (Py_ssize_t i = 0; i < count; i++) {
        int finished = owned_holder_has_finished(ids[i]);
        if (finished < 0) {
            dropped = -1;
            break;
        }
        if (!finished)
            continue;
        owned_mutex_lock(&self->mutex);
        int was_there = drop_reader(self, ids[i]);
        if (self->used == 0)
            pass_on(self, 0);
        owned_mutex_unlock(&self->mutex);
        dropped += was_there;
        if (was_there)
            owned_thread_lost_lock(ids[i]);
    }
    free_copy(few, ids);
    return count < 0 ? -1 : dropped;
}

int
owned_rwlock_adopt(PyObject *lock)
{
    owned_rwlock *self = (owned_rwlock *)lock;
    if (owned_thread_id() == 0)
        return -1;
    uint64_t writer = writer_of(self);
    int finished = owned_holder_has_finished(writer);
    Py_ssize_t dropped = finished < 0 ? -1 : drop_dead_readers(self);
    if (dropped < 0)
        return -1;
    if (writer == owned_this_thread.id)
        return 0;
    if (writer == OWNED_NOBODY) {
        if (dropped > 0 || owned_rwlock_my_read(self) != NULL)
            return 0;
        if (owned_rwlock_is_locked(self, OWNED_WRITE_SIDE))
            return refuse(self, "adopt", OWNED_READ_SIDE);
        PyErr_Format(PyExc_ValueError, "nobody holds %R: there is nothing to adopt, acquire it", lock);
        return -1;
    }
    /* Of several that adopt at once one wins; the others find a holder that lives. */
    owned_mutex_lock(&self->mutex);
    int taken = finished && owned_cas_u64(&self->head.region.holder, writer, owned_this_thread.id);
    owned_mutex_unlock(&self->mutex);
    if (!taken)
        return refuse(self, "adopt", OWNED_WRITE_SIDE);
    note_write(self, 1);
    if (owned_mode_is_strict() && owned_rwlock_my_read(self) == NULL)
        owned_held_add(lock, &self->head.tag);
    owned_watch(lock, OWNED_WATCH_TAKEN);
    owned_thread_lost_lock(writer);
    return 0;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* What this thread notes of the lock, and what is remembered of threads that have ended because of it. */
static void
forget(owned_rwlock *self)
{
    if (OWNED_UNLIKELY(writer_of(self) != OWNED_NOBODY && !owned_rwlock_i_write(self)))
        owned_thread_lost_lock(writer_of(self));
    for (size_t i = 0; i < self->used; i++)
        if (OWNED_UNLIKELY(self->readers[i] != owned_this_thread.id))
            owned_thread_lost_lock(self->readers[i]);
    owned_read_hold *hold = owned_rwlock_my_read(self);
    if (owned_rwlock_i_write(self))
        owned_this_thread.locks_held--;
    else if (hold == NULL)
        return;
    if (hold != NULL)
        forget_read(hold);
    owned_held_remove(&self->head.tag);
}

void
owned_rwlock_reinit(owned_rwlock *self)
{
    forget(self);
    owned_mutex_lock(&self->mutex);
    self->used = 0;
    owned_store_u64(&self->depth, 0);
    owned_swap_u64(&self->head.region.holder, OWNED_NOBODY);
    pass_on(self, 1);
    owned_mutex_unlock(&self->mutex);
}

void
owned_rwlock_clear(owned_rwlock *self)
{
    forget(self);
    owned_lock_tag_clear(&self->head.tag);
    PyMem_RawFree(self->readers);
    self->readers = NULL;
}
