/* Regions: their memory, and every change of their state. The states and their drawing are in region.h. */
// SPDX-License-Identifier: MIT
#include "check.h"
#include "life.h"
#include "membrane.h"
#include "state.h"
#include "stats.h"

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

void
owned_region_dealloc(PyObject *self)
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
