/* A program touches its variables in few places, so an access takes the calling frames' code objects and instructions, finds the
 * one copy of their stack and keeps a pointer to it. Lines, columns and names are looked up when somebody asks.
 *
 * The depot holds code objects strongly, so that no address in it is ever another's. Stacks are never changed, and freed only
 * when a run begins or the module ends, so they are found without a lock. There are at most DEPOT_MOST of them; of what
 * comes from elsewhere after that the innermost place is kept. */
// SPDX-License-Identifier: MIT
#include "depot.h"

#define DEPOT_MOST 262144
#define DEPOT_BUCKETS 65536
#define DEEPEST 16

static audit_stack *depot[DEPOT_BUCKETS]; /* each atomic: set once its stack is whole */
static uint64_t used, bytes;              /* atomic */
static owned_mutex mutex;                 /* for those that add */

static uint64_t
hash_of(const audit_place *places, size_t depth)
{
    uint64_t hash = depth;
    for (size_t i = 0; i < depth; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)places[i].code >> 4) * UINT64_C(0x9E3779B97F4A7C15);
        hash = (hash ^ (uint64_t)(unsigned)places[i].instruction ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    }
    return hash ^ hash >> 32;
}

static audit_stack *
find(audit_stack *first, uint64_t hash, const audit_place *places, size_t depth)
{
    for (audit_stack *s = first; s != NULL; s = s->next) {
        if (s->hash != hash || s->depth != depth)
            continue;
        size_t same = 0;
        while (same < depth && s->places[same].code == places[same].code &&
               s->places[same].instruction == places[same].instruction)
            same++;
        if (same == depth)
            return s;
    }
    return NULL;
}

static uint64_t
site_of(const audit_place *place)
{
    int line = 0, column = 0, end_line = 0, end_column = 0;
    if (!PyCode_Addr2Location((PyCodeObject *)place->code, place->instruction, &line, &column, &end_line, &end_column))
        return hash_of(place, 1);
    uint64_t lines = (uint64_t)(uint32_t)line << 32 | (uint32_t)end_line, columns = (uint64_t)(uint32_t)column << 32 | (uint32_t)end_column;
    return audit_mix(audit_mix((uint64_t)(uintptr_t)place->code ^ lines) ^ columns);
}

/* Another thread may have been first. */
static audit_stack *
add(audit_stack **bucket, uint64_t hash, const audit_place *places, size_t depth)
{
    size_t size = sizeof(audit_stack) + depth * sizeof(audit_place);
    uint64_t site = site_of(&places[0]);
    owned_mutex_lock(&mutex);
    audit_stack *s = find(*bucket, hash, places, depth);
    if (s == NULL && used < (depth == 1 ? 2 * DEPOT_MOST : DEPOT_MOST) && (s = PyMem_RawMalloc(size)) != NULL) {
        s->next = *bucket;
        s->hash = hash;
        s->site = site;
        s->depth = (uint32_t)depth;
        for (size_t i = 0; i < depth; i++) {
            s->places[i] = places[i];
            Py_INCREF(places[i].code);
        }
        owned_store_u64(&used, used + 1);
        owned_store_u64(&bytes, bytes + size);
        owned_store_ptr(bucket, s);
    }
    owned_mutex_unlock(&mutex);
    return s;
}

static const audit_stack *
intern(const audit_place *places, size_t depth)
{
    uint64_t hash = hash_of(places, depth);
    audit_stack **bucket = &depot[hash % DEPOT_BUCKETS];
    audit_stack *s = find(owned_load_ptr(bucket), hash, places, depth);
    return s != NULL ? s : add(bucket, hash, places, depth);
}

const audit_stack *
audit_stack_here(int skip, size_t most)
{
    audit_place places[DEEPEST];
    size_t depth = 0;
    int was_on = owned_pause_collector(); /* a frame is an allocation, and the program is in the middle of something */
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    for (; frame != NULL && depth < most && depth < DEEPEST; skip--) {
        if (skip <= 0)
            places[depth++] = (audit_place){(PyObject *)PyFrame_GetCode(frame), PyFrame_GetLasti(frame)};
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF((PyObject *)frame);
        frame = back;
    }
    Py_XDECREF((PyObject *)frame);
    owned_resume_collector(was_on);
    if (depth == 0)
        return NULL;
    const audit_stack *s = intern(places, depth);
    if (s == NULL)
        s = intern(places, 1);
    for (size_t i = 0; i < depth; i++)
        Py_DECREF(places[i].code);
    return s;
}

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
    for (uint32_t i = 0; frames != NULL && stack != NULL && i < stack->depth; i++) {
        if (is_own(&stack->places[i]))
            continue;
        PyObject *frame = place_told(&stack->places[i]);
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
    return (size_t)owned_load_u64(&used);
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
        audit_stack *s = depot[i];
        depot[i] = NULL;
        while (s != NULL) {
            audit_stack *next = s->next;
            for (uint32_t j = 0; j < s->depth; j++)
                Py_DECREF(s->places[j].code);
            PyMem_RawFree(s);
            s = next;
        }
    }
    used = bytes = 0;
}
