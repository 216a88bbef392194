/* The set of known orders: pairs of the ordinals of two locks, the second of which was taken while the first was held,
 * and may be again. It spares an acquire the way into Python: owned/_lock_order.py keeps the graph, judges an unknown
 * order, and enters it here if it is right. A wrong one is never entered, so it is found each time.
 *
 * A hash set with linear probing and no tombstones, split into shards with a mutex each; nothing under one runs
 * Python or blocks. A pair is taken out when one of its locks has died, and is harmless until then: ordinals are never
 * reused. */
// SPDX-License-Identifier: MIT
#include "lock_order.h"

#include "state.h"

int owned_lock_order_add(PyObject *module);

typedef struct {
    uint64_t before; /* 0: free */
    uint64_t after;
} pair;

typedef struct {
    owned_mutex mutex;
    pair *pairs;
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
spread(pair p)
{
    return (size_t)((p.before * UINT64_C(0x9E3779B97F4A7C15) + p.after) * UINT64_C(0xD6E8FEB86659FD93) >> 16);
}

static shard *
shard_of(pair p)
{
    return &shards[(spread(p) >> 32) % SHARDS];
}

/* Where the pair is, or the free place where it would go. The shard has a free place. */
static pair *
place_of(shard *s, pair p)
{
    size_t mask = s->size - 1;
    size_t i = spread(p) & mask;
    while (s->pairs[i].before != 0 && (s->pairs[i].before != p.before || s->pairs[i].after != p.after))
        i = (i + 1) & mask;
    return &s->pairs[i];
}

static int
resize(shard *s, size_t size)
{
    pair *old = s->pairs;
    size_t old_size = s->size;
    pair *pairs = PyMem_RawCalloc(size, sizeof(pair));
    if (pairs == NULL)
        return -1;
    s->pairs = pairs;
    s->size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].before != 0)
            *place_of(s, old[i]) = old[i];
    PyMem_RawFree(old);
    return 0;
}

static int
is_known(pair p)
{
    shard *s = shard_of(p);
    owned_mutex_lock(&s->mutex);
    int known = s->size != 0 && place_of(s, p)->before != 0;
    owned_mutex_unlock(&s->mutex);
    return known;
}

/* 0, or -1 (no error set) for want of memory. */
static int
learn(pair p)
{
    shard *s = shard_of(p);
    int result = 0;
    owned_mutex_lock(&s->mutex);
    if ((s->used + 1) * 3 > s->size * 2)
        result = resize(s, s->size == 0 ? SMALLEST : s->size * 2);
    if (result == 0) {
        pair *place = place_of(s, p);
        s->used += place->before == 0;
        *place = p;
    }
    owned_mutex_unlock(&s->mutex);
    return result;
}

/* Free a place and close the gap: pairs after it that it kept from their first choice move up. */
static void
vacate(shard *s, pair *place)
{
    size_t mask = s->size - 1;
    size_t gap = (size_t)(place - s->pairs);
    for (size_t i = (gap + 1) & mask; s->pairs[i].before != 0; i = (i + 1) & mask) {
        size_t first_choice = spread(s->pairs[i]) & mask;
        if (((i - first_choice) & mask) >= ((i - gap) & mask)) {
            s->pairs[gap] = s->pairs[i];
            gap = i;
        }
    }
    s->pairs[gap] = (pair){0, 0};
    s->used--;
    if (s->used * 8 < s->size && s->size > SMALLEST)
        (void)resize(s, s->size / 2); /* staying large is no error */
}

static void
forget(pair p)
{
    shard *s = shard_of(p);
    owned_mutex_lock(&s->mutex);
    if (s->size != 0) {
        pair *place = place_of(s, p);
        if (place->before != 0)
            vacate(s, place);
    }
    owned_mutex_unlock(&s->mutex);
}

/* ---- the check --------------------------------------------------------------------------------------------------- */

/* The hold as (ordinal, lock, where it was taken); None if the lock has died, which takes it off this thread's list. */
static PyObject *
tell_hold(owned_hold *hold)
{
    PyObject *lock;
    int alive = PyWeakref_GetRef(hold->ref, &lock);
    if (alive < 0)
        return NULL;
    if (!alive) {
        owned_lock_tag gone = {hold->ordinal, {NULL, 0}};
        owned_held_remove(&gone);
        Py_RETURN_NONE;
    }
    PyObject *site = owned_place_told(&hold->taken);
    PyObject *told = site == NULL ? NULL
                                  : Py_BuildValue("KOO", (unsigned long long)hold->ordinal, lock, site);
    Py_XDECREF(site);
    Py_DECREF(lock);
    return told;
}

/* Have the orders from each of these holds to the lock judged. */
static int
judge(PyObject *lock, uint64_t ordinal, owned_hold *holds, size_t count, int must_go_on)
{
    int result = -1;
    PyObject *verdict = NULL;
    PyObject *unknown = PyList_New(0);
    for (size_t i = 0; i < count; i++) {
        PyObject *told = unknown == NULL ? NULL : tell_hold(&holds[i]);
        int failed = told == NULL || (told != Py_None && PyList_Append(unknown, told) < 0);
        Py_XDECREF(told);
        if (failed)
            goto done;
    }
    if (PyList_GET_SIZE(unknown) != 0) {
        verdict = PyObject_CallFunction(owned_the_state->judge_lock_order, "OKOi", lock, (unsigned long long)ordinal,
                                        unknown, must_go_on);
        if (verdict == NULL)
            goto done;
        if (verdict != Py_None) {
            PyErr_SetObject((PyObject *)Py_TYPE(verdict), verdict);
            goto done;
        }
    }
    result = 0;
done:
    Py_XDECREF(unknown);
    Py_XDECREF(verdict);
    return result;
}

/* What is unknown is copied first: telling it makes Python objects, and may thus run code that takes and gives back
 * locks. */
static OWNED_COLD int
check_unknown(PyObject *lock, uint64_t ordinal, size_t count, int must_go_on)
{
    owned_held *held = owned_this_thread.info->held;
    owned_hold *unknown = PyMem_Malloc(count * sizeof(owned_hold));
    if (unknown == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    size_t copied = 0;
    for (size_t i = 0; i < held->used && copied < count; i++) {
        if (held->holds[i].ordinal == ordinal || is_known((pair){held->holds[i].ordinal, ordinal}))
            continue;
        unknown[copied] = held->holds[i];
        Py_INCREF(unknown[copied].ref);
        Py_XINCREF(unknown[copied].taken.code);
        copied++;
    }
    int result = judge(lock, ordinal, unknown, copied, must_go_on);
    for (size_t i = 0; i < copied; i++) {
        Py_DECREF(unknown[i].ref);
        Py_XDECREF(unknown[i].taken.code);
    }
    PyMem_Free(unknown);
    return result;
}

int
owned_lock_order_check(PyObject *lock, owned_lock_tag *tag, int must_go_on)
{
    if (owned_this_thread.unchecked || owned_the_state == NULL)
        return 0;
    uint64_t ordinal = owned_lock_tag_ordinal(tag);
    owned_held *held = owned_this_thread.info->held;
    size_t unknown = 0;
    for (size_t i = 0; i < held->used; i++)
        unknown += held->holds[i].ordinal != ordinal && !is_known((pair){held->holds[i].ordinal, ordinal});
    return unknown == 0 ? 0 : check_unknown(lock, ordinal, unknown, must_go_on);
}

/* ---- for owned/_lock_order.py ---------------------------------------------------------------------------------- */

static int
parse_pair(PyObject *args, pair *p)
{
    unsigned long long before, after;
    if (!PyArg_ParseTuple(args, "KK", &before, &after))
        return -1;
    if (before == 0) {
        PyErr_SetString(PyExc_ValueError, "there is no lock number 0");
        return -1;
    }
    *p = (pair){before, after};
    return 0;
}

static PyObject *
learn_order_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    pair p;
    if (parse_pair(args, &p) < 0)
        return NULL;
    if (learn(p) < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *
forget_order_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    pair p;
    if (parse_pair(args, &p) < 0)
        return NULL;
    forget(p);
    Py_RETURN_NONE;
}

static PyObject *
known_orders_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    size_t known = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        owned_mutex_lock(&shards[i].mutex);
        known += shards[i].used;
        owned_mutex_unlock(&shards[i].mutex);
    }
    return PyLong_FromSize_t(known);
}

static PyMethodDef functions[] = {
    {"learn_order", learn_order_impl, METH_VARARGS,
     PyDoc_STR("learn_order(before, after, /)\n--\n\n"
               "From now on nobody asks whether these locks may be taken in this order.")},
    {"forget_order", forget_order_impl, METH_VARARGS,
     PyDoc_STR("forget_order(before, after, /)\n--\n\nUndo learn_order().")},
    {"known_orders", known_orders_impl, METH_NOARGS,
     PyDoc_STR("known_orders()\n--\n\nHow many orders are known.")},
    {NULL, NULL, 0, NULL},
};

int
owned_lock_order_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
