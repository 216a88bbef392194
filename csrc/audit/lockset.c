/* A thread's set changes when it takes or gives back a lock, and every access keeps the set of that moment, so sets are interned: there are
 * few of them, and comparing two equal ones is comparing pointers. Sets are never changed, and freed only when a run begins. */
// SPDX-License-Identifier: MIT
#include "lockset.h"

#define BUCKETS 4096
#define SETS_MOST 65536
#define LOCKS_MOST 64 /* in one set; of more, the later ones are not told of */

const audit_lockset audit_no_locks = {NULL, 0, 0};
const audit_lockset audit_any_locks = {NULL, 1, 0};

static audit_lockset *table[BUCKETS]; /* each atomic */
static uint64_t used;                 /* under the mutex */
static owned_mutex mutex;

static const audit_lockset *
find(const audit_lockset *first, uint64_t hash, const uint32_t *locks, uint32_t count)
{
    for (const audit_lockset *s = first; s != NULL; s = s->next)
        if (s->hash == hash && s->used == count && memcmp(s->locks, locks, count * sizeof(uint32_t)) == 0)
            return s;
    return NULL;
}

static const audit_lockset *
intern(const uint32_t *locks, uint32_t count)
{
    if (count == 0)
        return &audit_no_locks;
    uint64_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = audit_mix(hash ^ locks[i]);
    audit_lockset **bucket = &table[hash % BUCKETS];
    const audit_lockset *found = find(owned_load_ptr(bucket), hash, locks, count);
    if (found != NULL)
        return found;
    owned_mutex_lock(&mutex);
    found = find(*bucket, hash, locks, count);
    audit_lockset *s;
    if (found == NULL && used < SETS_MOST && (s = PyMem_RawMalloc(sizeof(audit_lockset) + count * sizeof(uint32_t))) != NULL) {
        s->next = *bucket;
        s->hash = hash;
        s->used = count;
        memcpy(s->locks, locks, count * sizeof(uint32_t));
        used++;
        owned_store_ptr(bucket, s);
        found = s;
    }
    owned_mutex_unlock(&mutex);
    return found == NULL ? &audit_any_locks : found;
}

const audit_lockset *
audit_lockset_with(const audit_lockset *set, uint32_t number, int read)
{
    uint32_t locks[LOCKS_MOST], count = 0, lock = number << 1 | (read != 0);
    if (set == &audit_any_locks || set->used == LOCKS_MOST)
        return set;
    for (uint32_t i = 0; i < set->used; i++)
        if (set->locks[i] >> 1 < number)
            locks[count++] = set->locks[i];
    locks[count++] = lock;
    for (uint32_t i = 0; i < set->used; i++)
        if (set->locks[i] >> 1 > number)
            locks[count++] = set->locks[i];
    return intern(locks, count);
}

const audit_lockset *
audit_lockset_without(const audit_lockset *set, uint32_t number)
{
    uint32_t locks[LOCKS_MOST], count = 0;
    for (uint32_t i = 0; i < set->used; i++)
        if (set->locks[i] >> 1 != number)
            locks[count++] = set->locks[i];
    return count == set->used ? set : intern(locks, count);
}

const audit_lockset *
audit_lockset_both(const audit_lockset *a, const audit_lockset *b)
{
    if (a == b || b == &audit_any_locks)
        return a;
    if (a == &audit_any_locks)
        return b;
    uint32_t locks[LOCKS_MOST], count = 0;
    for (uint32_t i = 0, j = 0; i < a->used && j < b->used;) {
        uint32_t x = a->locks[i] >> 1, y = b->locks[j] >> 1;
        if (x == y)
            locks[count++] = a->locks[i] | b->locks[j];
        i += x <= y;
        j += y <= x;
    }
    return intern(locks, count);
}

int
audit_lockset_excludes(const audit_lockset *a, const audit_lockset *b)
{
    if (a == &audit_any_locks || b == &audit_any_locks)
        return 1;
    for (uint32_t i = 0, j = 0; i < a->used && j < b->used;) {
        uint32_t x = a->locks[i] >> 1, y = b->locks[j] >> 1;
        if (x == y && !(a->locks[i] & b->locks[j] & 1))
            return 1;
        i += x <= y;
        j += y <= x;
    }
    return 0;
}

int
audit_lockset_within(const audit_lockset *less, const audit_lockset *more)
{
    if (less == more || less->used == 0)
        return less != &audit_any_locks || less == more;
    if (more == &audit_any_locks)
        return 0;
    uint32_t j = 0;
    for (uint32_t i = 0; i < less->used; i++, j++) {
        while (j < more->used && more->locks[j] >> 1 < less->locks[i] >> 1)
            j++;
        if (j == more->used || (more->locks[j] != less->locks[i] && more->locks[j] != (less->locks[i] & ~1u)))
            return 0;
    }
    return 1;
}

PyObject *
audit_lockset_told(const audit_lockset *set)
{
    PyObject *told = PyTuple_New((Py_ssize_t)set->used);
    for (uint32_t i = 0; told != NULL && i < set->used; i++) {
        long number = (long)(set->locks[i] >> 1);
        PyObject *item = PyLong_FromLong(set->locks[i] & 1 ? -number : number);
        if (item == NULL)
            Py_CLEAR(told);
        else
            PyTuple_SET_ITEM(told, (Py_ssize_t)i, item);
    }
    return told;
}

void
audit_lockset_clear(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        audit_lockset *s = table[i];
        table[i] = NULL;
        while (s != NULL) {
            audit_lockset *next = s->next;
            PyMem_RawFree(s);
            s = next;
        }
    }
    used = 0;
}
