/* The Region type, its pool, and every change of a region's state. The states and their drawing are in region.h. */
// SPDX-License-Identifier: MIT
#include "check.h"
#include "life.h"
#include "membrane.h"
#include "mode.h"
#include "state.h"
#include "stats.h"
#include "verbs.h"

int owned_region_add(PyObject *module);

/* ---- birth and death --------------------------------------------------------------------------------------- */

static owned_region *
pool_take(owned_state *state)
{
    owned_mutex_lock(&state->pool_mutex);
    owned_region *r = state->pool;
    if (r != NULL)
        state->pool = r->forward;
    owned_mutex_unlock(&state->pool_mutex);
    return r;
}

static owned_region *
region_alloc(owned_region_state region_state, uint64_t holder)
{
    owned_state *state = owned_the_state;
    owned_region *r = pool_take(state);
    if (r != NULL)
        PyObject_Init((PyObject *)r, state->Region);
    else if ((r = PyObject_GC_New(owned_region, state->Region)) == NULL)
        return NULL;
    owned_store_u64(&r->holder, holder);
    owned_store_u64(&r->state, region_state);
    r->forward = NULL;
    r->owner = NULL;
    r->record = NULL;
    r->foreign = NULL;
    r->foreign_is_held = NULL;
    r->task = NULL;
    r->outer = NULL;
    r->weakrefs = NULL;
    r->membrane = 0;
    r->home = 0;
    r->left = 0;
    r->of_call = 0;
    r->named = 0;
    owned_count(OWNED_COUNT_REGIONS);
    return r;
}

owned_region *
owned_region_new(owned_region_state region_state, PyObject *record, PyObject *foreign, PyObject *is_held)
{
    uint64_t me = owned_thread_id();
    if (me == 0)
        return NULL;
    owned_region *r = region_alloc(region_state, region_state == OWNED_PRIVATE ? me : OWNED_NOBODY);
    if (r == NULL)
        return NULL;
    r->owner = (owned_thread_info *)Py_NewRef((PyObject *)owned_this_thread.info);
    r->record = Py_XNewRef(record);
    r->foreign = Py_XNewRef(foreign);
    r->foreign_is_held = Py_XNewRef(is_held);
    PyObject_GC_Track((PyObject *)r);
    return r;
}

owned_region *
owned_region_new_held(owned_thread_info *info)
{
    owned_region *r = region_alloc(OWNED_PRIVATE, info->id);
    if (r == NULL)
        return NULL;
    r->owner = (owned_thread_info *)Py_NewRef((PyObject *)info);
    PyObject_GC_Track((PyObject *)r);
    return r;
}

owned_region *
owned_region_new_membrane(owned_region *home)
{
    owned_region *r = region_alloc(OWNED_PRIVATE, OWNED_NOBODY);
    if (r == NULL)
        return NULL;
    r->membrane = 1;
    OWNED_BEGIN_CRITICAL((PyObject *)home); /* its thread may have ended, and have an heir from now on */
    r->owner = (owned_thread_info *)Py_XNewRef((PyObject *)home->owner);
    owned_store_u64(&r->holder, owned_load_u64(&home->holder));
    OWNED_END_CRITICAL();
    PyObject_GC_Track((PyObject *)r);
    return r;
}

void
owned_region_init_lock(owned_region *r)
{
    owned_store_u64(&r->holder, OWNED_NOBODY);
    owned_store_u64(&r->state, OWNED_SHARED);
    owned_count(OWNED_COUNT_LOCKS);
}

int
owned_region_traverse(PyObject *self, visitproc visit, void *arg)
{
    owned_region *r = (owned_region *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(r->forward);
    Py_VISIT(r->owner);
    Py_VISIT(r->record);
    Py_VISIT(r->foreign);
    Py_VISIT(r->foreign_is_held);
    Py_VISIT(r->task);
    Py_VISIT(r->outer);
    return 0;
}

/* Only what can close a cycle through the program's own objects: a region without `forward` could no longer say whose
 * its objects are. */
int
owned_region_clear(PyObject *self)
{
    owned_region *r = (owned_region *)self;
    Py_CLEAR(r->record);
    Py_CLEAR(r->foreign);
    Py_CLEAR(r->foreign_is_held);
    return 0;
}

static void
region_release(owned_region *r)
{
    if (r->weakrefs != NULL)
        PyObject_ClearWeakRefs((PyObject *)r);
    owned_region_clear((PyObject *)r);
    Py_CLEAR(r->owner);
    Py_CLEAR(r->task);
    Py_CLEAR(r->outer);
    Py_CLEAR(r->forward);
}

static void
region_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    owned_region *r = (owned_region *)self;
    owned_state *state = owned_the_state;
    PyObject_GC_UnTrack(self);
    owned_life_over(self);
    region_release(r);
    owned_store_u64(&r->holder, OWNED_NOBODY);
    owned_uncount(OWNED_COUNT_REGIONS);
    if (state == NULL) {
        PyObject_GC_Del(self);
    }
    else {
        owned_mutex_lock(&state->pool_mutex);
        r->forward = state->pool;
        state->pool = r;
        owned_mutex_unlock(&state->pool_mutex);
    }
    Py_DECREF(type);
}

void
owned_region_dealloc_lock(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    owned_uncount(OWNED_COUNT_LOCKS);
    region_release((owned_region *)self);
    type->tp_free(self);
    Py_DECREF(type);
}

void
owned_region_drain_pool(owned_state *state)
{
    owned_region *r;
    while ((r = pool_take(state)) != NULL)
        PyObject_GC_Del((PyObject *)r);
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

owned_region *
owned_region_resolve(owned_region *r)
{
    Py_INCREF((PyObject *)r);
    while (owned_region_state_of(r) == OWNED_FORWARDED) {
        owned_region *next = (owned_region *)Py_NewRef((PyObject *)r->forward); /* set once, before the state */
        Py_DECREF((PyObject *)r);
        r = next;
    }
    return r;
}

#ifdef Py_GIL_DISABLED
#  define POINTERS 64

static owned_mutex pointers[POINTERS];

static owned_mutex *
mutex_of(PyObject *wrapper)
{
    return &pointers[((uint64_t)(uintptr_t)wrapper * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (POINTERS - 1)];
}

void
owned_region_lock_pointer(PyObject *wrapper)
{
    owned_mutex_lock(mutex_of(wrapper));
}

void
owned_region_unlock_pointer(PyObject *wrapper)
{
    owned_mutex_unlock(mutex_of(wrapper));
}

static int
is_wrapper(PyObject *obj)
{
    return owned_the_state != NULL && owned_the_state->Wrapper != NULL && owned_is_wrapper(obj);
}

/* What guards the region pointer of `obj`. Never `return` or `goto` out of it. */
#  define BEGIN_POINTER(obj)                                                                                            \
    OWNED_BEGIN_CRITICAL(obj);                                                                                         \
    int its_a_wrapper = is_wrapper(obj);                                                                               \
    if (its_a_wrapper)                                                                                                 \
        owned_region_lock_pointer(obj);
#  define END_POINTER(obj)                                                                                              \
    if (its_a_wrapper)                                                                                                 \
        owned_region_unlock_pointer(obj);                                                                              \
    OWNED_END_CRITICAL()
#else
#  define BEGIN_POINTER(obj) ((void)(obj))
#  define END_POINTER(obj) ((void)(obj))
#endif

static owned_region *
carried_region(PyObject *obj, owned_region **where)
{
    owned_region *r;
    BEGIN_POINTER(obj);
    r = (owned_region *)Py_XNewRef((PyObject *)owned_load_ptr(where));
    END_POINTER(obj);
    return r;
}

int
owned_region_repoint_from(PyObject *obj, owned_region **where, owned_region *from, owned_region *to)
{
    int done;
    BEGIN_POINTER(obj);
    done = owned_load_ptr(where) == from;
    if (done)
        owned_store_ptr(where, (owned_region *)Py_NewRef((PyObject *)to));
    END_POINTER(obj);
    if (done) {
        owned_life_moves_on(obj, from, to);
        Py_DECREF((PyObject *)from); /* the object's reference: the caller has one of its own */
    }
    return done;
}

owned_region *
owned_region_of(PyObject *obj, owned_region **where)
{
    owned_region *r = carried_region(obj, where);
    if (r == NULL || owned_region_state_of(r) != OWNED_FORWARDED)
        return r;
    owned_region *now = owned_region_resolve(r);
    (void)owned_region_repoint_from(obj, where, r, now);
    Py_DECREF((PyObject *)r);
    return now;
}

void
owned_region_repoint(PyObject *obj, owned_region **where, owned_region *to)
{
    owned_region *old;
    Py_INCREF((PyObject *)to);
    BEGIN_POINTER(obj);
    old = owned_load_ptr(where);
    owned_store_ptr(where, to);
    END_POINTER(obj);
    owned_life_moves_on(obj, old, to);
    if (old != NULL && old->membrane && old != to && owned_load_u64(&old->holder) == owned_this_thread.id)
        owned_region_forward(old, to); /* another thread wanted a wrapper of its own just now, see membrane.c */
    Py_XDECREF((PyObject *)old);
}

/* Whose the region is, seen through adopt(thread): the heir of a finished thread has what that thread left. Under the
 * region's critical section; borrowed from it. */
static owned_thread_info *
present_owner(owned_region *r)
{
    return r->owner == NULL ? NULL : owned_thread_heir(r->owner);
}

owned_thread_info *
owned_region_owner(owned_region *r)
{
    PyObject *owner;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    owner = Py_XNewRef((PyObject *)present_owner(r));
    OWNED_END_CRITICAL();
    return (owned_thread_info *)owner;
}

PyObject *
owned_region_record(owned_region *r)
{
    PyObject *record;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    record = Py_XNewRef(r->record);
    OWNED_END_CRITICAL();
    return record;
}

/* Under the region's critical section. */
static int
is_orphaned(owned_region *r)
{
    owned_thread_info *owner = present_owner(r);
    return owned_region_state_of(r) == OWNED_PRIVATE && owner != NULL && owned_load_u64(&owner->finished);
}

int
owned_region_is_orphaned(owned_region *r)
{
    int orphaned;
    owned_task_info *task = owned_region_task(r);
    if (task != NULL) {
        orphaned = owned_region_state_of(r) == OWNED_PRIVATE && owned_task_info_has_ended(task);
        Py_DECREF((PyObject *)task);
        return orphaned;
    }
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    orphaned = is_orphaned(r);
    OWNED_END_CRITICAL();
    return orphaned;
}

owned_task_info *
owned_region_task(owned_region *r)
{
    if (OWNED_LIKELY(owned_load_ptr(&r->task) == NULL))
        return NULL;
    PyObject *task;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    task = Py_XNewRef((PyObject *)owned_load_ptr(&r->task));
    OWNED_END_CRITICAL();
    return (owned_task_info *)task;
}

int
owned_region_is_my_tasks(owned_region *r)
{
    owned_task_info *task = owned_region_task(r);
    if (task == NULL)
        return 0;
    PyObject *error = PyErr_GetRaisedException();
    int is_current = owned_task_info_is_current(task);
    if (is_current < 0)
        PyErr_WriteUnraisable((PyObject *)task);
    PyErr_SetRaisedException(error);
    Py_DECREF((PyObject *)task);
    return is_current > 0 && owned_region_state_of(r) == OWNED_PRIVATE;
}

int
owned_region_repoint_orphan(PyObject *obj, owned_region **where, owned_region *to)
{
    int orphaned = 1, done = 0;
    while (orphaned && !done) { /* again where somebody re-pointed it meanwhile: it is orphaned no more, or forwarded */
        owned_region *from = owned_region_of(obj, where);
        if (from == NULL)
            return 0;
        owned_task_info *task = owned_region_task(from);
        int task_has_ended = task != NULL && owned_task_info_has_ended(task);
        OWNED_BEGIN_CRITICAL2(obj, (PyObject *)from);
        orphaned = task == NULL ? is_orphaned(from) : task_has_ended && owned_region_state_of(from) == OWNED_PRIVATE;
        done = orphaned && owned_load_ptr(where) == from;
        if (done)
            owned_store_ptr(where, (owned_region *)Py_NewRef((PyObject *)to));
        OWNED_END_CRITICAL2();
        if (done) {
            owned_life_moves_on(obj, from, to);
            Py_DECREF((PyObject *)from); /* the object's reference */
        }
        Py_XDECREF((PyObject *)task);
        Py_DECREF((PyObject *)from);
    }
    return done;
}

/* ---- changing ---------------------------------------------------------------------------------------------- */

void
owned_region_note(owned_region *r, PyObject *record)
{
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    if (r->record == NULL)
        r->record = Py_NewRef(record);
    OWNED_END_CRITICAL();
}

/* Under the region's critical section: it is no task's any more. What is returned is given back after it. */
static owned_task_info *
let_go_of_task(owned_region *r)
{
    owned_task_info *task = owned_load_ptr(&r->task);
    owned_store_ptr(&r->task, NULL);
    return task;
}

void
owned_region_bind(owned_region *r, owned_task_info *task, PyObject *record)
{
    PyObject *old;
    owned_task_info *old_task;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    old_task = let_go_of_task(r);
    owned_store_u64(&r->holder, OWNED_NOBODY);
    owned_store_ptr(&r->task, (owned_task_info *)Py_NewRef((PyObject *)task));
    old = r->record;
    r->record = Py_XNewRef(record);
    OWNED_END_CRITICAL();
    Py_XDECREF(old);
    Py_XDECREF((PyObject *)old_task);
}

void
owned_region_depart(owned_region *r, PyObject *record)
{
    PyObject *old;
    owned_task_info *old_task;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    owned_store_u64(&r->holder, OWNED_NOBODY);
    owned_store_u64(&r->state, OWNED_IN_TRANSIT);
    old_task = let_go_of_task(r);
    old = r->record;
    r->record = Py_XNewRef(record);
    OWNED_END_CRITICAL();
    Py_XDECREF(old);
    Py_XDECREF((PyObject *)old_task);
}

int
owned_region_arrive(owned_region *r, PyObject *record)
{
    int arrived, joins_task;
    PyObject *old_record = NULL, *old_owner = NULL;
    owned_task_info *old_task = NULL;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    owned_region_state state = owned_region_state_of(r);
    owned_thread_info *owner = present_owner(r);
    owned_task_info *task = owned_load_ptr(&r->task);
    joins_task = state == OWNED_IN_TRANSIT && owned_this_thread.task != NULL && !r->named;
    arrived = state == OWNED_IN_TRANSIT ||
              (state == OWNED_PRIVATE && (task != NULL ? owned_load_u64(&task->finished) != 0
                                                       : owner != NULL && (owner == owned_this_thread.info ||
                                                                           owned_load_u64(&owner->finished))));
    if (arrived) {
        old_task = let_go_of_task(r);
        old_record = r->record;
        old_owner = (PyObject *)r->owner;
        r->record = Py_XNewRef(record);
        r->owner = (owned_thread_info *)Py_NewRef((PyObject *)owned_this_thread.info);
        owned_store_u64(&r->state, OWNED_PRIVATE);
        owned_store_u64(&r->holder, owned_this_thread.id);
    }
    OWNED_END_CRITICAL();
    Py_XDECREF(old_record);
    Py_XDECREF(old_owner);
    Py_XDECREF((PyObject *)old_task);
    if (joins_task)
        owned_region_forward(r, owned_this_thread.task);
    return arrived;
}

int
owned_region_inherit(owned_region *r)
{
    owned_thread_info *owner = owned_this_thread.info == NULL ? NULL : owned_region_owner(r);
    int inherits = owner != NULL && owner == owned_this_thread.info && owned_region_arrive(r, NULL);
    Py_XDECREF((PyObject *)owner);
    return inherits;
}

void
owned_region_leave(owned_region *r)
{
    PyObject *old_record, *old_owner;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    owned_store_u64(&r->holder, OWNED_NOBODY);
    old_record = r->record;
    old_owner = (PyObject *)r->owner;
    r->record = NULL;
    r->owner = NULL;
    r->left = 1;
    owned_store_u64(&r->state, OWNED_IN_TRANSIT);
    OWNED_END_CRITICAL();
    Py_XDECREF(old_record);
    Py_XDECREF(old_owner);
}

int
owned_region_take(owned_region *r)
{
    int took;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    took = r->left && owned_region_state_of(r) == OWNED_IN_TRANSIT && owned_this_thread.info != NULL;
    if (took) {
        r->left = 0;
        r->owner = (owned_thread_info *)Py_NewRef((PyObject *)owned_this_thread.info);
        owned_store_u64(&r->state, OWNED_PRIVATE);
        owned_store_u64(&r->holder, owned_this_thread.id);
    }
    OWNED_END_CRITICAL();
    if (took && owned_this_thread.task != NULL)
        owned_region_forward(r, owned_this_thread.task);
    return took;
}

void
owned_region_forward(owned_region *from, owned_region *to)
{
    PyObject *old_record;
    owned_task_info *old_task;
    OWNED_BEGIN_CRITICAL((PyObject *)from);
    owned_store_u64(&from->holder, OWNED_NOBODY);
    old_task = let_go_of_task(from);
    from->forward = (owned_region *)Py_NewRef((PyObject *)to);
    owned_store_u64(&from->state, OWNED_FORWARDED);
    old_record = from->record;
    from->record = NULL;
    OWNED_END_CRITICAL();
    Py_XDECREF(old_record);
    Py_XDECREF((PyObject *)old_task);
}

/* ---- Region() blocks: each open one holds the birth region around it, the thread holds the innermost --------- */

void
owned_region_open(owned_region *r, owned_region *outer)
{
    owned_store_ptr(&r->outer, (owned_region *)Py_NewRef((PyObject *)outer));
    owned_thread_set_birth((owned_region *)Py_NewRef((PyObject *)r));
}

static void
refuse_enter(PyObject *self, owned_region *now)
{
    if (owned_region_state_of(now) == OWNED_SHARED)
        owned_refuse(owned_the_state->OwnershipError, "enter", self,
                     "this Region is shared, so that nothing is born in it any more: make another, and under the lock "
                     "region.merge(other)");
    else
        owned_violation(self, now, &(owned_access){OWNED_VERB, "enter", "the region", 1}, NULL);
}

static PyObject *
region_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_region *r = (owned_region *)self;
    owned_region *outer = owned_birth_region();
    if (outer == NULL)
        return NULL;
    owned_region *now = owned_region_resolve(r); /* another one, if it was merged */
    if (owned_region_is_mine(now))
        r = now;
    else if (owned_mode_now() != OWNED_MODE_OFF) {
        refuse_enter(self, now);
        r = NULL;
    }
    Py_DECREF((PyObject *)now); /* `self` keeps it */
    if (r == NULL)
        return NULL;
    if (owned_region_is_open(r)) {
        PyErr_SetString(PyExc_RuntimeError, "this region's block is open already: a region is entered once at a time");
        return NULL;
    }
    owned_region_open(r, outer);
    return Py_NewRef(self);
}

static void
close_innermost(void)
{
    owned_region *r = owned_this_thread.birth;
    owned_region *outer = r->outer;
    owned_thread_set_birth(outer);
    owned_store_ptr(&r->outer, NULL);
    Py_DECREF((PyObject *)outer); /* the home region is the Tenure's, any other is held by its own open block */
    Py_DECREF((PyObject *)r);
}

void
owned_region_close_blocks(owned_region *birth, owned_region *home)
{
    while (birth != home) {
        close_innermost();
        birth = owned_this_thread.birth;
    }
}

static PyObject *
region_exit(PyObject *self, PyObject *Py_UNUSED(args))
{
    owned_region *now = owned_region_resolve((owned_region *)self);
    Py_DECREF((PyObject *)now); /* `self` keeps it */
    if (owned_this_thread.birth != now && owned_this_thread.birth != (owned_region *)self) {
        PyErr_SetString(PyExc_RuntimeError, "region blocks are closed by the thread that opened them, innermost first");
        return NULL;
    }
    close_innermost();
    Py_RETURN_NONE;
}

/* ---- the Python type --------------------------------------------------------------------------------------- */

static const char *const state_names[] = {"private", "shared", "frozen", "in transit", "forwarded"};

const char *
owned_region_named(owned_region *r, owned_region **now)
{
    for (;;) {
        *now = owned_region_resolve(r);
        owned_region_state state = owned_region_state_of(*now);
        if (state != OWNED_FORWARDED)
            return owned_region_is_orphaned(*now) ? "orphaned" : state_names[state];
        Py_DECREF((PyObject *)*now); /* forwarded once more, while we looked */
    }
}

static PyObject *
region_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Region", keywords))
        return NULL;
    (void)type; /* Region cannot be subclassed: Lock and RLock have a tp_new of their own */
    PyObject *self = (PyObject *)owned_region_new(OWNED_PRIVATE, NULL, NULL, NULL);
    if (self != NULL) {
        ((owned_region *)self)->named = 1;
        owned_life_made(self);
    }
    return self;
}

static PyObject *
region_get_state(PyObject *self, void *Py_UNUSED(closure))
{
    owned_region *now;
    PyObject *name = PyUnicode_FromString(owned_region_named((owned_region *)self, &now));
    Py_DECREF((PyObject *)now);
    return name;
}

PyObject *
owned_region_lock(owned_region *r)
{
    if (owned_region_state_of(r) != OWNED_SHARED)
        return Py_NewRef(Py_None);
    PyObject *lock;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    lock = Py_NewRef(Py_IS_TYPE((PyObject *)r, owned_the_state->Region) && r->foreign != NULL ? r->foreign
                                                                                               : (PyObject *)r);
    OWNED_END_CRITICAL();
    return lock;
}

static PyObject *
region_repr(PyObject *self)
{
    owned_region *now;
    const char *state = owned_region_named((owned_region *)self, &now);
    owned_thread_info *owner = owned_region_owner(now);
    owned_task_info *task = owned_region_task(now);
    PyObject *text;
    if (owner == NULL || owned_region_state_of(now) != OWNED_PRIVATE)
        text = PyUnicode_FromFormat("<Region at %p, %s>", self, state);
    else if (task != NULL && task->name != Py_None)
        text = PyUnicode_FromFormat("<Region at %p, %s, of task %R>", self, state, task->name);
    else
        text = PyUnicode_FromFormat("<Region at %p, %s, of thread %R>", self, state, owner->name);
    Py_XDECREF((PyObject *)task);
    Py_XDECREF((PyObject *)owner);
    Py_DECREF((PyObject *)now);
    return text;
}

PyDoc_STRVAR(region_doc,
"Region()\n--\n\n"
"A set of objects that share, move and are adopted as one, in constant time.\n\n"
"Objects made inside ``with Region() as r:`` by this thread are born in ``r``. When the block is closed they are still\n"
"private to the thread; ``share(r, lock=...)`` then shares all of them and ``move(r)`` hands all of them over without\n"
"a walk. ``freeze(r)`` freezes all of them or none; that takes a walk. ``r.merge(other)`` makes one region of two.\n\n"
"Raises:\n"
"    RuntimeError: the block is entered while it is open, or closed by another thread or out of order.\n"
"    OwnershipError: the block is entered by a thread that does not hold the region, or the region is shared.\n\n"
"Threads:\n"
"    A block belongs to the thread that entered it, and so does what is born in it. Every object that thread makes while\n"
"    the block is open is born in the region, whoever asked for it: do not ``await`` or ``yield`` inside the block.");

static PyObject *
region_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, self); /* it raises */
}

PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nFrom now on this thread's objects are born in this region.");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nThis thread's objects are born where they were before.");

PyDoc_STRVAR(merge_doc,
"merge($self, other, /)\n--\n\n"
"Everything that belongs to the region `other` belongs to this one from now on, in constant time.\n\n"
"The two names stand for one region afterwards. Where this region is shared, what `other` holds is shared under the same\n"
"lock, which the caller has to hold. What has one region already is left as it is.\n\n"
"Args:\n"
"    other: a ``Region`` that is private to the calling thread, with no block open.\n\n"
"Raises:\n"
"    TypeError: ``other`` is no ``Region``.\n"
"    WrongThreadError, MovedError, OrphanedError: one of the two is not this thread's.\n"
"    LockNotHeldError: this region is shared, and the caller does not hold the lock.\n"
"    OwnershipError: ``other`` is shared or frozen, and keeps its lock for life.\n"
"    FrozenError: this region is frozen.\n"
"    RuntimeError: the block of ``other`` is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread that owns both.");

static PyMethodDef region_methods[] = {
    {"__enter__", region_enter, METH_NOARGS, enter_doc},
    {"__exit__", region_exit, METH_VARARGS, exit_doc},
    {"__reduce_ex__", region_reduce_ex, METH_O,
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nA region cannot be pickled or copied: TypeError.")},
    {"merge", owned_region_merge, METH_O, merge_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef region_getset[] = {
    {"state", region_get_state, NULL, PyDoc_STR("The state it is in now, as a str."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef region_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_region, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *
leave_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (!Py_IS_TYPE(obj, owned_the_state->Region) || owned_thread_id() == 0 ||
        !owned_region_is_mine((owned_region *)obj) || owned_region_is_open((owned_region *)obj)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "leave() takes a Region of the calling thread whose block is closed");
        return NULL;
    }
    owned_region_leave((owned_region *)obj);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"leave", leave_impl, METH_O,
     PyDoc_STR("leave(region, /)\n--\n\nLet all that was born in a Region belong to whichever thread touches it first.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot region_slots[] = {
    {Py_tp_doc, (void *)region_doc},
    {Py_tp_new, region_new},
    {Py_tp_dealloc, region_dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, region_repr},
    {Py_tp_methods, region_methods},
    {Py_tp_getset, region_getset},
    {Py_tp_members, region_members},
    {0, NULL},
};

static PyType_Spec region_spec = {
    .name = "owned._core.Region",
    .basicsize = sizeof(owned_region),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = region_slots,
};

int
owned_region_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->Region, &region_spec, NULL, "Region") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
