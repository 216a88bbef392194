/* Groups are found without a lock, made under one, and freed when a run begins. */
// SPDX-License-Identifier: MIT
#include "exposure.h"

#define BUCKETS 8192

static audit_group *groups[BUCKETS]; /* each atomic */
static owned_mutex mutex;

const char *
audit_sort_name(audit_sort sort)
{
    static const char *const names[] = {"attribute", "class attribute", "global", "closure", "item", "container", ""};
    return names[sort];
}

static uint64_t
hash_of(audit_sort sort, const char *owner, const char *name, const audit_stack *made)
{
    uint64_t hash = (uint64_t)sort ^ (uint64_t)(uintptr_t)made;
    for (; *owner; owner++)
        hash = (hash ^ (unsigned char)*owner) * UINT64_C(0x100000001B3);
    hash = audit_mix(hash);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    return audit_mix(hash);
}

static audit_group *
find(audit_group *first, uint64_t hash, audit_sort sort, const char *owner, const char *name, const audit_stack *made)
{
    for (audit_group *g = first; g != NULL; g = g->next)
        if (g->hash == hash && g->sort == sort && g->made == made && strcmp(g->owner, owner) == 0 &&
            strcmp(audit_group_name(g), name) == 0)
            return g;
    return NULL;
}

audit_group *
audit_group_get(audit_sort sort, const char *owner, const char *name, const audit_stack *made)
{
    uint64_t hash = hash_of(sort, owner, name, made);
    audit_group **bucket = &groups[hash % BUCKETS];
    audit_group *g = find(owned_load_ptr(bucket), hash, sort, owner, name, made);
    if (g != NULL)
        return g;
    size_t owner_length = strlen(owner), name_length = strlen(name);
    owned_mutex_lock(&mutex);
    g = find(*bucket, hash, sort, owner, name, made);
    if (g == NULL && (g = PyMem_RawCalloc(1, sizeof(audit_group) + owner_length + name_length + 2)) != NULL) {
        g->next = *bucket;
        g->hash = hash;
        g->sort = sort;
        g->made = made;
        g->owner_length = owner_length;
        memcpy(g->owner, owner, owner_length);
        memcpy(g->owner + owner_length + 1, name, name_length);
        owned_store_ptr(bucket, g);
    }
    owned_mutex_unlock(&mutex);
    return g;
}

/* ---- for those who ask -------------------------------------------------------------------------------------- */

static PyObject *
kinds_told(uint64_t bits)
{
    PyObject *kinds = PySet_New(NULL);
    for (uint8_t via = 0; kinds != NULL && via < AUDIT_VIA_MOST; via++) {
        if (!(bits >> via & 1))
            continue;
        PyObject *name = PyUnicode_FromString(audit_via_name(via));
        if (name == NULL || PySet_Add(kinds, name) < 0)
            Py_CLEAR(kinds);
        Py_XDECREF(name);
    }
    PyObject *told = kinds == NULL ? NULL : PyFrozenSet_New(kinds);
    Py_XDECREF(kinds);
    return told;
}

PyObject *
audit_numbers_told(const uint32_t *numbers, uint32_t used)
{
    PyObject *told = PyTuple_New((Py_ssize_t)used);
    for (uint32_t i = 0; told != NULL && i < used; i++) {
        PyObject *thread = audit_thread_told(numbers[i]);
        if (thread == NULL)
            Py_CLEAR(told);
        else
            PyTuple_SET_ITEM(told, (Py_ssize_t)i, thread);
    }
    return told;
}

/* One Exposure, of a copy that nobody changes. */
static PyObject *
group_told(audit_group *g)
{
    uint32_t numbers[AUDIT_NUMBERS_MOST];
    owned_mutex_lock(&g->mutex);
    uint32_t used = g->threads.used;
    memcpy(numbers, g->threads.at, used * sizeof(uint32_t));
    unsigned long long objects = g->objects, shared = g->shared, reads = g->reads, writes = g->writes;
    unsigned long long initial = g->initial, races = g->races, possible = g->possible;
    const audit_lockset *set = g->locks;
    uint64_t bits = g->ordered_by;
    owned_mutex_unlock(&g->mutex);
    PyObject *made = audit_stack_told(g->made);
    PyObject *threads = audit_numbers_told(numbers, used);
    PyObject *locks = set == NULL ? Py_NewRef(Py_None) : audit_lockset_told(set);
    PyObject *kinds = kinds_told(bits);
    if (made == NULL || threads == NULL || locks == NULL || kinds == NULL) {
        Py_XDECREF(made);
        Py_XDECREF(threads);
        Py_XDECREF(locks);
        Py_XDECREF(kinds);
        return NULL;
    }
    return Py_BuildValue("(sssNKKNKKKNNKK)", audit_sort_name(g->sort), g->owner, audit_group_name(g), made, objects, shared,
                         threads, reads, writes, initial, locks, kinds, races, possible);
}

PyObject *
audit_groups_told(void)
{
    PyObject *told = PyList_New(0);
    for (size_t i = 0; told != NULL && i < BUCKETS; i++)
        for (audit_group *g = owned_load_ptr(&groups[i]); told != NULL && g != NULL; g = g->next) {
            if (g->sort == AUDIT_ITEM)
                continue;
            PyObject *exposure = group_told(g);
            if (exposure == NULL || PyList_Append(told, exposure) < 0)
                Py_CLEAR(told);
            Py_XDECREF(exposure);
        }
    return told;
}

void
audit_groups_clear(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        audit_group *g = groups[i];
        groups[i] = NULL;
        while (g != NULL) {
            audit_group *next = g->next;
            audit_numbers_release(&g->threads);
            PyMem_RawFree(g);
            g = next;
        }
    }
}
