/* A program touches its variables in few places, so an access takes the calling frames' code objects and instructions, finds the
 * one copy of their stack and keeps a pointer to it. Lines, columns and names are looked up when somebody asks.
 *
 * A stack is a place and a chain, that of the calls which led to the call it is in: all stacks of one call have one chain.
 *
 * The depot holds code objects strongly, so that no address in it is ever another's. Nothing in it is ever changed, and freed only
 * when a run begins or the module ends, so it is read without a lock. There are at most DEPOT_MOST stacks and as many chains; of what
 * comes from elsewhere after that the innermost place is kept. */
// SPDX-License-Identifier: MIT
#include "depot.h"

#define DEPOT_MOST 262144
#define DEPOT_BUCKETS 65536

static audit_stack *stacks[DEPOT_BUCKETS]; /* each atomic: set once its stack is whole */
static audit_chain *chains[DEPOT_BUCKETS]; /* likewise */
static uint64_t stacks_used, chains_used, bytes; /* atomic */
static owned_mutex mutex;                        /* for those that add */

static uint64_t
hash_further(uint64_t hash, const void *pointer, uint64_t number)
{
    hash = (hash ^ (uint64_t)(uintptr_t)pointer >> 4) * UINT64_C(0x9E3779B97F4A7C15);
    return (hash ^ number ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
}

static uint64_t
site_of(const audit_place *place)
{
    int line = 0, column = 0, end_line = 0, end_column = 0;
    if (!PyCode_Addr2Location((PyCodeObject *)place->code, place->instruction, &line, &column, &end_line, &end_column))
        return audit_mix(hash_further(0, place->code, (unsigned)place->instruction));
    uint64_t lines = (uint64_t)(uint32_t)line << 32 | (uint32_t)end_line, columns = (uint64_t)(uint32_t)column << 32 | (uint32_t)end_column;
    return audit_mix(audit_mix((uint64_t)(uintptr_t)place->code ^ lines) ^ columns);
}

/* Room for what is new, under the mutex. */
static void *
take_room(uint64_t *used, uint64_t most, size_t size)
{
    void *room = *used < most ? PyMem_RawMalloc(size) : NULL;
    if (room != NULL) {
        owned_store_u64(used, *used + 1);
        owned_store_u64(&bytes, bytes + size);
    }
    return room;
}

/* ---- chains ---- */

static const audit_chain *
find_chain(const audit_chain *chain, uint64_t hash, const audit_place *places, size_t depth)
{
    for (; chain != NULL; chain = chain->next) {
        if (chain->hash != hash || chain->depth != depth)
            continue;
        size_t same = 0;
        while (same < depth && chain->places[same].code == places[same].code &&
               chain->places[same].instruction == places[same].instruction)
            same++;
        if (same == depth)
            return chain;
    }
    return NULL;
}

const audit_chain *
audit_depot_chain(const audit_place *places, size_t depth)
{
    if (depth == 0)
        return NULL;
    uint64_t hash = depth;
    for (size_t i = 0; i < depth; i++)
        hash = hash_further(hash, places[i].code, (unsigned)places[i].instruction);
    audit_chain **bucket = &chains[(hash >> 32) % DEPOT_BUCKETS];
    const audit_chain *found = find_chain(owned_load_ptr(bucket), hash, places, depth);
    if (found != NULL)
        return found;
    owned_mutex_lock(&mutex);
    audit_chain *chain = NULL;
    found = find_chain(*bucket, hash, places, depth); /* another thread may have been first */
    if (found == NULL && (chain = take_room(&chains_used, DEPOT_MOST, sizeof(audit_chain) + depth * sizeof(audit_place))) != NULL) {
        chain->next = *bucket;
        chain->hash = hash;
        chain->depth = (uint32_t)depth;
        for (size_t i = 0; i < depth; i++) {
            chain->places[i] = places[i];
            Py_INCREF(places[i].code);
        }
        owned_store_ptr(bucket, chain);
    }
    owned_mutex_unlock(&mutex);
    return chain != NULL ? chain : found;
}

/* ---- stacks ---- */

static const audit_stack *
find_stack(const audit_stack *stack, const audit_place *place, const audit_chain *callers)
{
    while (stack != NULL && (stack->place.code != place->code || stack->place.instruction != place->instruction || stack->callers != callers))
        stack = stack->next;
    return stack;
}

const audit_stack *
audit_depot_stack(const audit_place *place, const audit_chain *callers)
{
    uint64_t hash = hash_further((uint64_t)(uintptr_t)callers >> 4, place->code, (unsigned)place->instruction);
    audit_stack **bucket = &stacks[(hash >> 32) % DEPOT_BUCKETS];
    const audit_stack *found = find_stack(owned_load_ptr(bucket), place, callers);
    if (found != NULL)
        return found;
    uint64_t site = site_of(place);
    owned_mutex_lock(&mutex);
    audit_stack *stack = NULL;
    found = find_stack(*bucket, place, callers);
    if (found == NULL && (stack = take_room(&stacks_used, callers == NULL ? 2 * DEPOT_MOST : DEPOT_MOST, sizeof(audit_stack))) != NULL) {
        *stack = (audit_stack){*bucket, site, *place, callers};
        Py_INCREF(place->code);
        owned_store_ptr(bucket, stack);
    }
    owned_mutex_unlock(&mutex);
    if (stack != NULL)
        return stack;
    return found != NULL || callers == NULL ? found : audit_depot_stack(place, NULL);
}

/* ---- what is told ---- */

/* Frame: (file, line, end line, column, end column, function). */
static PyObject *
place_told(const audit_place *place)
{
    PyCodeObject *code = (PyCodeObject *)place->code;
    int line = 0, column = -1, end_line = 0, end_column = -1;
    if (!PyCode_Addr2Location(code, place->instruction, &line, &column, &end_line, &end_column) || line <= 0) {
        line = end_line = Py_MAX(PyCode_Addr2Line(code, place->instruction), 0);
        column = end_column = -1;
    }
    PyObject *name = PyObject_GetAttrString(place->code, "co_qualname");
    return name == NULL ? NULL : Py_BuildValue("(OiiiiN)", code->co_filename, line, end_line, column, end_column, name);
}

static int
is_own(const audit_place *place)
{
    PyObject *file = ((PyCodeObject *)place->code)->co_filename;
    return PyUnicode_Tailmatch(file, audit_the_state->here, 0, PY_SSIZE_T_MAX, -1) == 1;
}

PyObject *
audit_stack_told(const audit_stack *stack)
{
    PyObject *frames = PyList_New(0);
    uint32_t depth = stack == NULL ? 0 : 1 + (stack->callers == NULL ? 0 : stack->callers->depth);
    for (uint32_t i = 0; frames != NULL && i < depth; i++) {
        const audit_place *place = i == 0 ? &stack->place : &stack->callers->places[i - 1];
        if (is_own(place))
            continue;
        PyObject *frame = place_told(place);
        if (frame == NULL || PyList_Append(frames, frame) < 0)
            Py_CLEAR(frames);
        Py_XDECREF(frame);
    }
    if (frames == NULL)
        return NULL;
    PyObject *told = PyList_AsTuple(frames);
    Py_DECREF(frames);
    return told;
}

size_t
audit_depot_used(void)
{
    return (size_t)owned_load_u64(&stacks_used);
}

size_t
audit_depot_bytes(void)
{
    return (size_t)owned_load_u64(&bytes);
}

void
audit_depot_clear(void)
{
    for (size_t i = 0; i < DEPOT_BUCKETS; i++) {
        for (audit_stack *stack = stacks[i], *next; stack != NULL; stack = next) {
            next = stack->next;
            Py_DECREF(stack->place.code);
            PyMem_RawFree(stack);
        }
        for (audit_chain *chain = chains[i], *next; chain != NULL; chain = next) {
            next = chain->next;
            for (uint32_t j = 0; j < chain->depth; j++)
                Py_DECREF(chain->places[j].code);
            PyMem_RawFree(chain);
        }
        stacks[i] = NULL;
        chains[i] = NULL;
    }
    stacks_used = chains_used = bytes = 0;
}
