/* The table of what is wrapped: address -> (region, number of wrappers), with linear probing and no tombstones.
 *
 * It is split into shards by address, each with a mutex of its own; nothing under one runs Python or blocks. References to
 * regions are dropped after the mutex, as the last one frees. An entry is a reference to its region that the collector
 * does not see: it errs towards keeping a region. */
// SPDX-License-Identifier: MIT
#include "membrane.h"

typedef struct {
    PyObject *inside; /* borrowed from the wrappers that are counted; NULL: free */
    owned_region *region;
    size_t wrappers;
} entry;

typedef struct {
    owned_mutex mutex;
    entry *entries;
    size_t size; /* a power of two, or 0 */
    size_t used;
} shard;

#ifdef Py_GIL_DISABLED
#  define SHARDS 64
#else
#  define SHARDS 1
#endif
#define SMALLEST 64

static shard shards[SHARDS];

static size_t
spread(PyObject *inside)
{
    uint64_t address = (uint64_t)(uintptr_t)inside;
    return (size_t)((address * UINT64_C(0x9E3779B97F4A7C15)) >> 24);
}

static shard *
shard_of(PyObject *inside)
{
    return &shards[(spread(inside) >> 20) % SHARDS];
}

/* Where `inside` is, or the free place where it would go. The shard has a free place. */
static entry *
place_of(shard *s, PyObject *inside)
{
    size_t mask = s->size - 1;
    size_t i = spread(inside) & mask;
    while (s->entries[i].inside != NULL && s->entries[i].inside != inside)
        i = (i + 1) & mask;
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
        if (old[i].inside != NULL)
            *place_of(s, old[i].inside) = old[i];
    PyMem_RawFree(old);
    return 0;
}

owned_region *
owned_membrane_enter(PyObject *inside, owned_region *region)
{
    shard *s = shard_of(inside);
    owned_region *counts = NULL;
    owned_mutex_lock(&s->mutex);
    if ((s->used + 1) * 3 <= s->size * 2 || resize(s, s->size == 0 ? SMALLEST : s->size * 2) == 0) {
        entry *e = place_of(s, inside);
        if (e->inside == NULL) {
            *e = (entry){inside, (owned_region *)Py_NewRef((PyObject *)region), 0};
            s->used++;
        }
        e->wrappers++;
        counts = (owned_region *)Py_NewRef((PyObject *)e->region);
    }
    owned_mutex_unlock(&s->mutex);
    if (counts == NULL)
        PyErr_NoMemory();
    return counts;
}

/* Free a place and close the gap: entries after it that it kept from their first choice move up. */
static void
vacate(shard *s, entry *e)
{
    size_t mask = s->size - 1;
    size_t gap = (size_t)(e - s->entries);
    for (size_t i = (gap + 1) & mask; s->entries[i].inside != NULL; i = (i + 1) & mask) {
        size_t first_choice = spread(s->entries[i].inside) & mask;
        if (((i - first_choice) & mask) >= ((i - gap) & mask)) {
            s->entries[gap] = s->entries[i];
            gap = i;
        }
    }
    s->entries[gap] = (entry){NULL, NULL, 0};
    s->used--;
    if (s->used * 8 < s->size && s->size > SMALLEST)
        (void)resize(s, s->size / 2); /* staying large is no error */
}

void
owned_membrane_leave(PyObject *inside)
{
    shard *s = shard_of(inside);
    owned_region *released = NULL;
    owned_mutex_lock(&s->mutex);
    if (s->size != 0) {
        entry *e = place_of(s, inside);
        if (e->inside != NULL && --e->wrappers == 0) {
            released = e->region;
            vacate(s, e);
        }
    }
    owned_mutex_unlock(&s->mutex);
    Py_XDECREF((PyObject *)released);
}

owned_region *
owned_membrane_find(PyObject *obj)
{
    shard *s = shard_of(obj);
    owned_region *found = NULL;
    owned_mutex_lock(&s->mutex);
    if (s->size != 0)
        found = (owned_region *)Py_XNewRef((PyObject *)place_of(s, obj)->region);
    owned_mutex_unlock(&s->mutex);
    return found;
}
