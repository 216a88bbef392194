/* The table of what is wrapped: address -> region, with linear probing and no tombstones.
 *
 *     an entry   one wrapper over it: that wrapper, which knows both
 *                more of them, or one to come: a record of (it, region, number of wrappers)
 *
 * Wrappers are there by the million, and an entry is a pointer. A wrapper leaves before it dies and before what it is around
 * does, so that whoever finds it under the mutex may look at it; a reference to it cannot be had.
 *
 * The table is split into shards by address, each with a mutex of its own, and a wrapper's region pointer has one (region.h), which is
 * taken last; nothing under them runs Python or blocks. References to regions are dropped after the mutex, as the last one
 * frees. A record is a reference to its region that the collector does not see: it errs towards keeping a region. */
// SPDX-License-Identifier: MIT
#include "membrane.h"

typedef struct {
    PyObject *inside; /* borrowed from the wrappers that are counted */
    owned_region *region;
    size_t wrappers;
} record;

/* 0: free. The lowest bit is set in the address of a record. */
typedef uintptr_t entry;

typedef struct {
    owned_mutex mutex;
    entry *entries;
    size_t size;
    size_t used;
} shard;

#ifdef Py_GIL_DISABLED
#  define SHARDS 64
#else
#  define SHARDS 1
#endif
#define SMALLEST 64

static shard shards[SHARDS];

static uint64_t
spread(PyObject *inside)
{
    return (uint64_t)(uintptr_t)inside * UINT64_C(0x9E3779B97F4A7C15);
}

static shard *
shard_of(PyObject *inside)
{
    return &shards[(spread(inside) >> 20) % SHARDS];
}

static record *
record_of(entry e)
{
    return e & 1 ? (record *)(e - 1) : NULL;
}

static owned_wrapper *
wrapper_of(entry e)
{
    return (owned_wrapper *)e;
}

static PyObject *
inside_of(entry e)
{
    record *r = record_of(e);
    return r != NULL ? r->inside : wrapper_of(e)->wrapped;
}

/* Any size will do, so that the table grows by halves. */
static size_t
first_choice(const shard *s, PyObject *inside)
{
    return (size_t)((spread(inside) >> 32) * (uint64_t)s->size >> 32);
}

static size_t
after(const shard *s, size_t place)
{
    return place + 1 == s->size ? 0 : place + 1;
}

/* Where `inside` is, or the free place where it would go. The shard has a free place. */
static entry *
place_of(shard *s, PyObject *inside)
{
    size_t i = first_choice(s, inside);
    while (s->entries[i] != 0 && inside_of(s->entries[i]) != inside)
        i = after(s, i);
    return &s->entries[i];
}

static int
resize(shard *s, size_t size)
{
    entry *old = s->entries;
    size_t old_size = s->size;
    entry *entries = PyMem_RawCalloc(size, sizeof(entry));
    if (entries == NULL)
        return -1;
    s->entries = entries;
    s->size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i] != 0)
            *place_of(s, inside_of(old[i])) = old[i];
    PyMem_RawFree(old);
    return 0;
}

/* The place of `inside`, with room for it; NULL where there is no memory. */
static entry *
place_to_enter(shard *s, PyObject *inside)
{
    if ((s->used + 1) * 4 > s->size * 3 && resize(s, s->size == 0 ? SMALLEST : s->size + s->size / 2) < 0)
        return NULL;
    return place_of(s, inside);
}

/* Free a place and close the gap: entries after it that it kept from their first choice move up. */
static void
vacate(shard *s, entry *e)
{
    size_t gap = (size_t)(e - s->entries);
    for (size_t i = after(s, gap); s->entries[i] != 0; i = after(s, i)) {
        size_t first = first_choice(s, inside_of(s->entries[i]));
        size_t from_first = i >= first ? i - first : i + s->size - first;
        size_t from_gap = i >= gap ? i - gap : i + s->size - gap;
        if (from_first >= from_gap) {
            s->entries[gap] = s->entries[i];
            gap = i;
        }
    }
    s->entries[gap] = 0;
    s->used--;
    if (s->used * 4 < s->size && s->size > SMALLEST)
        (void)resize(s, s->size / 2 < SMALLEST ? SMALLEST : s->size / 2); /* staying large is no error */
}

/* ---- one wrapper, or the region of several ----------------------------------------------------------------------- */

/* The region of what is in a place: a new reference, NULL for a free one. */
static owned_region *
region_in(entry e)
{
    record *r = record_of(e);
    if (e == 0 || r != NULL)
        return r == NULL ? NULL : (owned_region *)Py_NewRef((PyObject *)r->region);
    owned_wrapper *w = wrapper_of(e);
    owned_region_lock_pointer((PyObject *)w);
    owned_region *region = (owned_region *)Py_NewRef((PyObject *)owned_load_ptr(&w->region));
    owned_region_unlock_pointer((PyObject *)w);
    return region;
}

/* One more over `inside`, in the record in this place; one is made where a single wrapper is, or none: that begins in `region`.
 * The region that counts, as a new reference, or NULL. */
static owned_region *
add_to(shard *s, entry *e, PyObject *inside, owned_region *region)
{
    record *r = record_of(*e);
    if (r == NULL) {
        if ((r = PyMem_RawMalloc(sizeof(record))) == NULL)
            return NULL;
        *r = (record){inside, *e != 0 ? region_in(*e) : (owned_region *)Py_NewRef((PyObject *)region), *e != 0};
        s->used += *e == 0;
        *e = (entry)r | 1;
    }
    r->wrappers++;
    return (owned_region *)Py_NewRef((PyObject *)r->region);
}

/* If the wrapper in this place is in `from` still, it is in `to` from now on, with the reference of the caller. */
static int
change_region(entry e, owned_region *from, owned_region *to)
{
    owned_wrapper *w = wrapper_of(e);
    owned_region_lock_pointer((PyObject *)w);
    int changes = owned_load_ptr(&w->region) == from;
    if (changes)
        owned_store_ptr(&w->region, to);
    owned_region_unlock_pointer((PyObject *)w);
    return changes;
}

static int
is_in_home(entry e)
{
    if (e == 0 || record_of(e) != NULL)
        return 0;
    owned_wrapper *w = wrapper_of(e);
    owned_region_lock_pointer((PyObject *)w);
    int is = owned_load_ptr(&w->region)->home;
    owned_region_unlock_pointer((PyObject *)w);
    return is;
}

/* If the one wrapper over `inside` is in `home` still, it gets a membrane. Without the mutex, as allocating one may run Python:
 * look again. 0, or -1 with MemoryError set. */
static OWNED_COLD int
leave_home(shard *s, PyObject *inside, owned_region *home)
{
    owned_region *membrane = owned_region_new_membrane(home);
    if (membrane == NULL)
        return -1;
    owned_mutex_lock(&s->mutex);
    entry e = *place_of(s, inside);
    int changes = e != 0 && record_of(e) == NULL && change_region(e, home, membrane);
    owned_mutex_unlock(&s->mutex);
    Py_DECREF((PyObject *)(changes ? home : membrane)); /* the wrapper's reference, or what it does not need */
    return 0;
}

/* The place of `inside`, with room for it and the mutex locked: what is in it is not in a home region any more, as it is about to
 * have company. NULL with MemoryError set, and without the mutex. */
static entry *
lock_place(shard *s, PyObject *inside)
{
    for (;;) {
        owned_mutex_lock(&s->mutex);
        entry *e = place_to_enter(s, inside);
        if (OWNED_LIKELY(e != NULL && !is_in_home(*e)))
            return e;
        owned_region *home = e == NULL ? NULL : region_in(*e);
        owned_mutex_unlock(&s->mutex);
        int result = home == NULL ? -1 : home->home ? leave_home(s, inside, home) : 0;
        if (home == NULL)
            PyErr_NoMemory();
        Py_XDECREF((PyObject *)home);
        if (result < 0)
            return NULL;
    }
}

int
owned_membrane_list(PyObject *wrapper, owned_region *region)
{
    owned_wrapper *w = (owned_wrapper *)wrapper;
    PyObject *inside = w->wrapped;
    shard *s = shard_of(inside);
    entry *e = lock_place(s, inside);
    if (e == NULL)
        return -1;
    if (OWNED_LIKELY(*e == 0)) {
        w->region = (owned_region *)Py_NewRef((PyObject *)region);
        *e = (entry)w;
        s->used++;
    }
    else if ((w->region = add_to(s, e, inside, NULL)) == NULL) {
        owned_mutex_unlock(&s->mutex);
        PyErr_NoMemory();
        return -1;
    }
    owned_mutex_unlock(&s->mutex);
    return 0;
}

owned_region *
owned_membrane_enter(PyObject *inside, owned_region *region)
{
    shard *s = shard_of(inside);
    entry *e = lock_place(s, inside);
    if (e == NULL)
        return NULL;
    owned_region *counts = add_to(s, e, inside, region);
    owned_mutex_unlock(&s->mutex);
    if (counts == NULL)
        PyErr_NoMemory();
    return counts;
}

void
owned_membrane_leave(PyObject *inside)
{
    shard *s = shard_of(inside);
    record *gone = NULL;
    owned_mutex_lock(&s->mutex);
    if (s->size != 0) {
        entry *e = place_of(s, inside);
        record *r = record_of(*e);
        if (r != NULL && --r->wrappers == 0)
            gone = r;
        if (gone != NULL || (r == NULL && *e != 0))
            vacate(s, e);
    }
    owned_mutex_unlock(&s->mutex);
    if (gone != NULL) {
        Py_DECREF((PyObject *)gone->region);
        PyMem_RawFree(gone);
    }
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

owned_region *
owned_membrane_find(PyObject *obj)
{
    shard *s = shard_of(obj);
    owned_mutex_lock(&s->mutex);
    owned_region *found = s->size == 0 ? NULL : region_in(*place_of(s, obj));
    owned_mutex_unlock(&s->mutex);
    return found;
}

int
owned_membrane_around(PyObject *obj, owned_region **membrane)
{
    owned_region *found;
    while ((found = owned_membrane_find(obj)) != NULL && found->home) {
        int result = leave_home(shard_of(obj), obj, found);
        Py_DECREF((PyObject *)found);
        if (result < 0)
            return -1;
    }
    *membrane = found;
    return 0;
}

owned_region *
owned_membrane_of(PyObject *wrapper)
{
    owned_region **where = &((owned_wrapper *)wrapper)->region;
    owned_region *region = owned_region_of(wrapper, where);
    while (region != NULL && region->home) {
        owned_region *membrane = owned_region_new_membrane(region);
        if (membrane != NULL)
            (void)owned_region_repoint_from(wrapper, where, region, membrane);
        Py_DECREF((PyObject *)region);
        Py_XDECREF((PyObject *)membrane);
        region = membrane == NULL ? NULL : owned_region_of(wrapper, where);
    }
    return region;
}
