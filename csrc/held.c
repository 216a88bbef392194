/* What each thread holds, and the timeline: a ring of the last holds, for reports.
 *
 * The list of a thread hangs from its ThreadInfo. Its own thread alone adds and removes, so nothing guards it; but
 * adding and letting go may run Python (the collector, a callback), which may take and give back locks and so change
 * the list under our hands: each function touches the list in one piece that runs nothing, before or after what may.
 * The collector sees none of it, and need not: code objects and weak references keep no lock alive.
 *
 * A lock may die while it is listed, dropped by another thread than its holder: the list has weak references. What was
 * taken before strict mode was switched on is not listed, and giving it back finds nothing.
 *
 * The timeline belongs to all threads, under a mutex. A hold has a number in it, so that giving the lock back finds the
 * entry, or finds that the ring has come round meanwhile. */
// SPDX-License-Identifier: MIT
#include "held.h"

#include "state.h"

int owned_held_add_functions(PyObject *module);

#define SMALLEST 8

static uint64_t last_ordinal; /* atomic */

/* ---- tags -------------------------------------------------------------------------------------------------------- */

uint64_t
owned_lock_tag_ordinal(owned_lock_tag *tag)
{
    uint64_t ordinal = owned_load_u64(&tag->ordinal);
    if (ordinal != 0)
        return ordinal;
    ordinal = owned_add_u64(&last_ordinal, 1) + 1;
    return owned_cas_u64(&tag->ordinal, 0, ordinal) ? ordinal : owned_load_u64(&tag->ordinal);
}

void
owned_lock_tag_clear(owned_lock_tag *tag)
{
    Py_CLEAR(tag->made.code);
}

/* ---- the timeline ------------------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t number; /* 0: none */
    uint64_t ordinal;
    PyObject *address;         /* of the lock, which may be gone: to compare, not to look at */
    PyTypeObject *type;        /* strong */
    owned_thread_info *thread; /* strong */
    int64_t start;
    int64_t end; /* 0: not given back yet */
} moment;

static struct {
    owned_mutex mutex;
    moment *moments;
    size_t size;
    uint64_t last;
} timeline;

static uint64_t timeline_size; /* atomic: looked at without the mutex; 0: nothing is recorded */

static void
drop_moment(moment *m)
{
    Py_XDECREF((PyObject *)m->type);
    Py_XDECREF((PyObject *)m->thread);
}

/* The number of the new entry; 0 if nothing is recorded. */
static uint64_t
begin_moment(PyObject *lock, uint64_t ordinal)
{
    if (OWNED_LIKELY(owned_load_u64(&timeline_size) == 0))
        return 0;
    moment now = {0, ordinal, lock, (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE(lock)),
                  (owned_thread_info *)Py_NewRef((PyObject *)owned_this_thread.info), owned_monotonic_ns(), 0};
    moment displaced = now;
    owned_mutex_lock(&timeline.mutex);
    if (timeline.size != 0) {
        now.number = ++timeline.last;
        moment *place = &timeline.moments[now.number % timeline.size];
        displaced = *place;
        *place = now;
    }
    owned_mutex_unlock(&timeline.mutex);
    drop_moment(&displaced);
    return now.number;
}

static void
end_moment(uint64_t number)
{
    int64_t now = owned_monotonic_ns();
    owned_mutex_lock(&timeline.mutex);
    if (timeline.size != 0) {
        moment *place = &timeline.moments[number % timeline.size];
        if (place->number == number)
            place->end = now;
    }
    owned_mutex_unlock(&timeline.mutex);
}

static PyObject *
record_holds_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    Py_ssize_t size = PyLong_AsSsize_t(arg);
    if (size == -1 && PyErr_Occurred())
        return NULL;
    if (size < 0) {
        PyErr_Format(PyExc_ValueError, "`capacity` must not be negative, got %zd", size);
        return NULL;
    }
    moment *fresh = size == 0 ? NULL : PyMem_RawCalloc((size_t)size, sizeof(moment));
    if (size != 0 && fresh == NULL)
        return PyErr_NoMemory();
    owned_mutex_lock(&timeline.mutex);
    moment *old = timeline.moments;
    size_t old_size = timeline.size;
    timeline.moments = fresh;
    timeline.size = (size_t)size;
    owned_store_u64(&timeline_size, (uint64_t)size);
    owned_mutex_unlock(&timeline.mutex);
    for (size_t i = 0; i < old_size; i++)
        drop_moment(&old[i]);
    PyMem_RawFree(old);
    Py_RETURN_NONE;
}

static PyObject *
tell_moment(const moment *m)
{
    PyObject *name = PyType_GetName(m->type);
    PyObject *address = PyLong_FromVoidPtr(m->address); /* as id() tells it */
    PyObject *end = m->end == 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(m->end);
    PyObject *told = NULL;
    if (name != NULL && address != NULL && end != NULL)
        told = Py_BuildValue("KOOKOLO", (unsigned long long)m->ordinal, name, address,
                             (unsigned long long)m->thread->id, m->thread->name, (long long)m->start, end);
    Py_XDECREF(name);
    Py_XDECREF(address);
    Py_XDECREF(end);
    return told;
}

/* The ring is copied under the mutex, which may not be held while Python objects are made; `size` is what was allocated
 * for it without the mutex, so if it changed meanwhile: once more. */
static PyObject *
lock_holds_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    moment *copy = NULL;
    size_t size, found = 0;
    for (;;) {
        size = (size_t)owned_load_u64(&timeline_size);
        PyMem_RawFree(copy);
        copy = PyMem_RawMalloc((size + 1) * sizeof(moment));
        if (copy == NULL)
            return PyErr_NoMemory();
        owned_mutex_lock(&timeline.mutex);
        int same = timeline.size == size;
        for (size_t i = 1; same && i <= size; i++) { /* the oldest is behind the newest */
            moment *m = &timeline.moments[(timeline.last + i) % size];
            if (m->number == 0)
                continue;
            copy[found] = *m;
            Py_INCREF((PyObject *)m->type);
            Py_INCREF((PyObject *)m->thread);
            found++;
        }
        owned_mutex_unlock(&timeline.mutex);
        if (same)
            break;
    }
    PyObject *list = PyList_New(0);
    for (size_t i = 0; i < found; i++) {
        PyObject *told = list == NULL ? NULL : tell_moment(&copy[i]);
        if (list != NULL && (told == NULL || PyList_Append(list, told) < 0))
            Py_CLEAR(list);
        Py_XDECREF(told);
        drop_moment(&copy[i]);
    }
    PyMem_RawFree(copy);
    return list;
}

/* ---- a thread's list ------------------------------------------------------------------------------------------- */

static void
drop_hold(owned_hold *hold)
{
    Py_DECREF(hold->ref);
    Py_XDECREF(hold->taken.code);
}

/* This thread's list with a free place, or NULL. */
static owned_held *
with_room(void)
{
    owned_held *held = owned_this_thread.info->held;
    if (held != NULL && held->used < held->room)
        return held;
    size_t room = held == NULL ? SMALLEST : held->room * 2;
    owned_held *grown = PyMem_Realloc(held, sizeof(owned_held) + room * sizeof(owned_hold));
    if (grown == NULL)
        return NULL;
    if (held == NULL)
        grown->used = 0;
    grown->room = room;
    owned_this_thread.info->held = grown;
    return grown;
}

void
owned_held_add(PyObject *lock, owned_lock_tag *tag)
{
    owned_hold hold = {.ordinal = owned_lock_tag_ordinal(tag), .ref = PyWeakref_NewRef(lock, NULL)};
    if (hold.ref == NULL) {
        PyErr_Clear();
        return;
    }
    hold.taken = owned_place_here();
    hold.entry = begin_moment(lock, hold.ordinal);
    owned_held *held = with_room();
    if (held == NULL) {
        drop_hold(&hold);
        return;
    }
    held->holds[held->used++] = hold;
    owned_this_thread.listed++;
}

void
owned_held_remove_listed(owned_lock_tag *tag)
{
    owned_held *held = owned_this_thread.info->held;
    uint64_t ordinal = owned_load_u64(&tag->ordinal);
    for (size_t i = held->used; i > 0; i--) {
        if (held->holds[i - 1].ordinal != ordinal)
            continue;
        owned_hold hold = held->holds[i - 1];
        held->used--;
        memmove(&held->holds[i - 1], &held->holds[i], (held->used - (i - 1)) * sizeof(owned_hold));
        owned_this_thread.listed--;
        if (hold.entry != 0)
            end_moment(hold.entry);
        drop_hold(&hold);
        return;
    }
}

PyObject *
owned_held_site(owned_thread_info *info, owned_lock_tag *tag)
{
    owned_held *held = info->held;
    uint64_t ordinal = owned_load_u64(&tag->ordinal);
    for (size_t i = 0; held != NULL && ordinal != 0 && i < held->used; i++) {
        if (held->holds[i].ordinal != ordinal)
            continue;
        owned_place taken = {Py_XNewRef(held->holds[i].taken.code), held->holds[i].taken.instruction};
        PyObject *told = owned_place_told(&taken);
        Py_XDECREF(taken.code);
        return told;
    }
    Py_RETURN_NONE;
}

void
owned_held_free(owned_thread_info *info, int keep)
{
    owned_held *held = info->held;
    if (held == NULL || (keep && held->used != 0))
        return;
    info->held = NULL;
    for (size_t i = 0; i < held->used; i++)
        drop_hold(&held->holds[i]);
    PyMem_Free(held);
}

static PyMethodDef functions[] = {
    {"record_holds", record_holds_impl, METH_O,
     PyDoc_STR("record_holds(capacity, /)\n--\n\n"
               "Remember the last `capacity` holds of our locks in strict mode, from now on; 0: none.")},
    {"lock_holds", lock_holds_impl, METH_NOARGS,
     PyDoc_STR("lock_holds()\n--\n\n"
               "The holds that are remembered, oldest first: the lock's ordinal, its type's name, its id, the thread's\n"
               "number and name, and when it was taken and given back (None: not yet), as time.monotonic_ns() tells it.")},
    {NULL, NULL, 0, NULL},
};

int
owned_held_add_functions(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
