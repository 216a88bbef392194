/* Two tables, neither of which knows an object that it could bring back to life.
 *
 *     depot   a stack of calls, as (code, instruction) pairs -> the one copy of it
 *     lives   address of a guarded object or region -> its life: a stack of the depot, a ThreadInfo, Records
 *
 * The depot is what makes a birth cheap: a program makes its objects in few places, so a birth takes the calling frames' code
 * objects and instructions, finds their stack and keeps a pointer. Lines and names are looked up when somebody asks. The depot holds
 * the code objects strongly, so that no address in it is ever another's; a code object holds constants and names, but no
 * frame, function or module. Stacks are never changed nor freed, so they are found without a lock. There are at most
 * DEPOT_MOST of them: what is made elsewhere after that has no known place.
 *
 * The lives are split into shards by address, each with a mutex of its own; nothing under one runs Python or blocks.
 * References are dropped after the mutex. */
// SPDX-License-Identifier: MIT
#include "life.h"
#include "frozen.h"
#include "identity.h"
#include "membrane.h"
#include "place.h"
#include "wrapper.h"

int owned_life_add(PyObject *module);

uint64_t owned_life_in_use;

/* ---- the depot --------------------------------------------------------------------------------------------- */

#define DEPTH 6 /* calls that a stack tells of */
#define DEPOT_MOST 65536
#define DEPOT_BUCKETS 16384

typedef struct stack {
    struct stack *next;
    uint64_t hash;
    size_t depth;
    owned_place places[]; /* innermost first */
} stack;

static stack *depot[DEPOT_BUCKETS]; /* each atomic: set once its stack is whole */
static uint64_t depot_used;
static owned_mutex depot_mutex; /* for those that add */

static uint64_t
hash_of(const owned_place *places, size_t depth)
{
    uint64_t hash = depth;
    for (size_t i = 0; i < depth; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)places[i].code >> 4) * UINT64_C(0x9E3779B97F4A7C15);
        hash = (hash ^ (uint64_t)(unsigned)places[i].instruction ^ hash >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    }
    return hash ^ hash >> 32;
}

static int
is_same(const stack *s, uint64_t hash, const owned_place *places, size_t depth)
{
    if (s->hash != hash || s->depth != depth)
        return 0;
    for (size_t i = 0; i < depth; i++)
        if (s->places[i].code != places[i].code || s->places[i].instruction != places[i].instruction)
            return 0;
    return 1;
}

static stack *
find_stack(stack *first, uint64_t hash, const owned_place *places, size_t depth)
{
    for (stack *s = first; s != NULL; s = s->next)
        if (is_same(s, hash, places, depth))
            return s;
    return NULL;
}

/* Another thread may have been first. NULL where there is no room. */
static stack *
add_stack(stack **bucket, uint64_t hash, const owned_place *places, size_t depth)
{
    owned_mutex_lock(&depot_mutex);
    stack *s = find_stack(*bucket, hash, places, depth);
    if (s == NULL && depot_used < DEPOT_MOST && (s = PyMem_RawMalloc(sizeof(stack) + depth * sizeof(owned_place))) != NULL) {
        s->next = *bucket;
        s->hash = hash;
        s->depth = depth;
        for (size_t i = 0; i < depth; i++) {
            s->places[i] = places[i];
            Py_INCREF(places[i].code);
        }
        depot_used++;
        owned_store_ptr(bucket, s);
    }
    owned_mutex_unlock(&depot_mutex);
    return s;
}

/* The stack of the calls that led here: kept by the depot; NULL where it is not known. */
static const stack *
current_stack(void)
{
    owned_place places[DEPTH];
    size_t depth = owned_places_here(places, DEPTH);
    if (depth == 0)
        return NULL;
    uint64_t hash = hash_of(places, depth);
    stack **bucket = &depot[hash % DEPOT_BUCKETS];
    stack *s = find_stack(owned_load_ptr(bucket), hash, places, depth);
    if (s == NULL)
        s = add_stack(bucket, hash, places, depth);
    for (size_t i = 0; i < depth; i++)
        Py_DECREF(places[i].code);
    return s;
}

/* ---- the lives --------------------------------------------------------------------------------------------- */

#define STEPS_MOST 32 /* of one object: of more, the oldest are forgotten */

typedef struct {
    const stack *made;          /* of the depot, or NULL */
    owned_thread_info *maker;   /* strong; NULL: made before strict mode was on */
    unsigned steps_used, steps_size;
    PyObject **steps;           /* strong: Records, oldest first */
} life;

typedef struct {
    owned_mutex mutex;
    owned_identity lives; /* address -> life * */
    uint64_t used;        /* atomic: how many, for a look without the mutex */
} shard;

#ifdef Py_GIL_DISABLED
#  define SHARDS 64
#else
#  define SHARDS 1
#endif

static shard shards[SHARDS];

static shard *
shard_of(const void *address)
{
    return &shards[((uint64_t)(uintptr_t)address * UINT64_C(0xD6E8FEB86659FD93)) >> 40 & (SHARDS - 1)];
}

/* The life kept under `address`, or NULL. Under the shard's mutex. */
static life *
find_life(shard *s, const void *address)
{
    uintptr_t found;
    return owned_identity_find(&s->lives, address, &found) ? (life *)found : NULL;
}

/* Put a life, or none, under `address`: what was there. Under the shard's mutex, with room for one more. */
static life *
swap_life(shard *s, const void *address, life *l)
{
    uintptr_t before = 0;
    int had = l != NULL ? owned_identity_put(&s->lives, address, (uintptr_t)l, &before)
                        : owned_identity_take(&s->lives, address, &before);
    owned_store_u64(&s->used, s->lives.used);
    if (s->lives.used == 0)
        owned_identity_release(&s->lives);
    return had ? (life *)before : NULL;
}

static life *
new_life(const stack *made, owned_thread_info *maker)
{
    life *l = PyMem_RawMalloc(sizeof(life));
    if (l != NULL)
        *l = (life){made, (owned_thread_info *)Py_XNewRef((PyObject *)maker), 0, 0, NULL};
    return l;
}

static void
free_life(life *l)
{
    if (l == NULL)
        return;
    Py_XDECREF((PyObject *)l->maker);
    for (unsigned i = 0; i < l->steps_used; i++)
        Py_DECREF(l->steps[i]);
    PyMem_RawFree(l->steps);
    PyMem_RawFree(l);
}

void
owned_life_begin(PyObject *obj)
{
    life *l = new_life(current_stack(), owned_this_thread.info), *before = NULL;
    if (l == NULL)
        return;
    if (!owned_load_u64(&owned_life_in_use))
        owned_store_u64(&owned_life_in_use, 1);
    shard *s = shard_of(obj);
    owned_mutex_lock(&s->mutex);
    int fits = owned_identity_reserve(&s->lives, 1) == 0;
    if (fits)
        before = swap_life(s, obj, l);
    owned_mutex_unlock(&s->mutex);
    free_life(fits ? before : l);
}

void
owned_life_end(PyObject *obj)
{
    shard *s = shard_of(obj);
    if (owned_load_u64(&s->used) == 0)
        return;
    owned_mutex_lock(&s->mutex);
    life *l = swap_life(s, obj, NULL);
    owned_mutex_unlock(&s->mutex);
    free_life(l);
}

/* One Record more, of which the life takes a reference: the one that has to go for it, or NULL. Under the shard's mutex. */
static PyObject *
append(life *l, PyObject *record)
{
    if (l->steps_used == STEPS_MOST) {
        PyObject *oldest = l->steps[0];
        memmove(l->steps, l->steps + 1, (STEPS_MOST - 1) * sizeof(PyObject *));
        l->steps[STEPS_MOST - 1] = Py_NewRef(record);
        return oldest;
    }
    if (l->steps_used == l->steps_size) {
        unsigned size = l->steps_size == 0 ? 2 : l->steps_size * 2;
        PyObject **steps = PyMem_RawRealloc(l->steps, size * sizeof(PyObject *));
        if (steps == NULL)
            return NULL;
        l->steps = steps;
        l->steps_size = size;
    }
    l->steps[l->steps_used++] = Py_NewRef(record);
    return NULL;
}

void
owned_life_note(PyObject *obj, PyObject *record)
{
    if (!owned_load_u64(&owned_life_in_use))
        owned_store_u64(&owned_life_in_use, 1);
    shard *s = shard_of(obj);
    PyObject *oldest = NULL;
    owned_mutex_lock(&s->mutex);
    life *l = find_life(s, obj);
    if (l == NULL && owned_identity_reserve(&s->lives, 1) == 0 && (l = new_life(NULL, NULL)) != NULL)
        swap_life(s, obj, l);
    if (l != NULL)
        oldest = append(l, record);
    owned_mutex_unlock(&s->mutex);
    Py_XDECREF(oldest);
}

/* What a life holds, in references of the caller's. */
typedef struct {
    const stack *made;
    owned_thread_info *maker;
    size_t steps_used;
    PyObject *steps[STEPS_MOST];
} snapshot;

static void
take_snapshot(const void *address, snapshot *taken)
{
    shard *s = shard_of(address);
    taken->made = NULL;
    taken->maker = NULL;
    taken->steps_used = 0;
    if (owned_load_u64(&s->used) == 0)
        return;
    owned_mutex_lock(&s->mutex);
    life *l = find_life(s, address);
    if (l != NULL) {
        taken->made = l->made;
        taken->maker = (owned_thread_info *)Py_XNewRef((PyObject *)l->maker);
        for (; taken->steps_used < l->steps_used; taken->steps_used++)
            taken->steps[taken->steps_used] = Py_NewRef(l->steps[taken->steps_used]);
    }
    owned_mutex_unlock(&s->mutex);
}

static void
release_snapshot(snapshot *taken)
{
    Py_XDECREF((PyObject *)taken->maker);
    for (size_t i = 0; i < taken->steps_used; i++)
        Py_DECREF(taken->steps[i]);
}

/* A wrapper that no table lists is many and short-lived, and its death is not told. */
static int
has_life(PyObject *obj)
{
    return !owned_is_wrapper(obj) || Py_TYPE(obj)->tp_dealloc == owned_wrapper_dealloc_listed;
}

void
owned_life_take_along(PyObject *obj, owned_region *from, owned_region *to)
{
    if (!has_life(obj))
        return;
    for (owned_region *r = from; r != NULL && r != to; r = owned_region_state_of(r) == OWNED_FORWARDED ? r->forward : NULL) {
        snapshot taken;
        take_snapshot(r, &taken);
        for (size_t i = 0; i < taken.steps_used; i++)
            owned_life_note(obj, taken.steps[i]);
        release_snapshot(&taken);
    }
}

void
owned_life_clear(void)
{
    owned_store_u64(&owned_life_in_use, 0);
    for (size_t i = 0; i < SHARDS; i++) {
        owned_identity lives = shards[i].lives;
        shards[i].lives = (owned_identity){NULL, 0, 0};
        owned_store_u64(&shards[i].used, 0);
        for (size_t j = 0; j < lives.size; j++)
            if (lives.entries[j].key != NULL)
                free_life((life *)lives.entries[j].value);
        owned_identity_release(&lives);
    }
    for (size_t i = 0; i < DEPOT_BUCKETS; i++) {
        stack *s = depot[i];
        depot[i] = NULL;
        while (s != NULL) {
            stack *next = s->next;
            for (size_t j = 0; j < s->depth; j++)
                Py_DECREF(s->places[j].code);
            PyMem_RawFree(s);
            s = next;
        }
    }
    depot_used = 0;
}

/* ---- for Python -------------------------------------------------------------------------------------------- */

static PyObject *
describe_place(const owned_place *place)
{
    PyCodeObject *code = (PyCodeObject *)place->code;
    PyObject *name = PyObject_GetAttrString(place->code, "co_qualname");
    if (name == NULL)
        return NULL;
    return Py_BuildValue("(OiN)", code->co_filename, PyCode_Addr2Line(code, place->instruction), name);
}

/* The Record of the object's birth. */
static PyObject *
birth_record(PyObject *obj, const snapshot *taken)
{
    PyObject *places = PyTuple_New(taken->made == NULL ? 0 : (Py_ssize_t)taken->made->depth);
    for (Py_ssize_t i = 0; places != NULL && i < PyTuple_GET_SIZE(places); i++) {
        PyObject *described = describe_place(&taken->made->places[i]);
        if (described == NULL)
            Py_CLEAR(places);
        else
            PyTuple_SET_ITEM(places, i, described);
    }
    if (places == NULL)
        return NULL;
    PyObject *type = (PyObject *)owned_known_type(obj);
    PyObject *record = PyObject_CallFunction(owned_the_state->make_birth, "OOO", type, taken->maker->name, places);
    Py_DECREF(type);
    Py_DECREF(places);
    return record;
}

static int
append_steps(PyObject *records, const snapshot *taken)
{
    for (size_t i = 0; i < taken->steps_used; i++)
        if (PyList_Append(records, taken->steps[i]) < 0)
            return -1;
    return 0;
}

/* What froze or moved an object is its region's record, in strict mode or not. */
static int
append_region(PyObject *records, owned_region *region)
{
    snapshot taken;
    take_snapshot(region, &taken);
    int result = append_steps(records, &taken);
    release_snapshot(&taken);
    owned_region_state state = owned_region_state_of(region);
    PyObject *record = state == OWNED_FROZEN || state == OWNED_IN_TRANSIT ? owned_region_record(region) : NULL;
    if (result == 0 && record != NULL) {
        result = PySequence_Contains(records, record);
        if (result == 0)
            result = PyList_Append(records, record);
    }
    Py_XDECREF(record);
    return result < 0 ? -1 : 0;
}

static PyObject *
life_of_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    PyObject *records = PyList_New(0), *result = NULL;
    if (records == NULL)
        return NULL;
    owned_region **where = owned_carried(obj);
    owned_region *region = where != NULL                                  ? owned_region_of(obj, where)
                           : Py_IS_TYPE(obj, owned_the_state->Region) ? owned_region_resolve((owned_region *)obj)
                                                                      : owned_frozen_region(obj);
    snapshot taken;
    take_snapshot(obj, &taken);
    PyObject *birth = taken.maker == NULL ? NULL : birth_record(obj, &taken);
    if ((taken.maker == NULL || (birth != NULL && PyList_Append(records, birth) == 0)) && append_steps(records, &taken) == 0 &&
        (region == NULL || (PyObject *)region == obj || append_region(records, region) == 0))
        result = PyList_AsTuple(records);
    Py_XDECREF(birth);
    release_snapshot(&taken);
    Py_XDECREF((PyObject *)region);
    Py_DECREF(records);
    return result;
}

static PyObject *
life_count_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    uint64_t count = 0;
    for (size_t i = 0; i < SHARDS; i++)
        count += owned_load_u64(&shards[i].used);
    owned_mutex_lock(&depot_mutex);
    uint64_t stacks = depot_used;
    owned_mutex_unlock(&depot_mutex);
    return Py_BuildValue("(KK)", (unsigned long long)count, (unsigned long long)stacks);
}

static PyMethodDef functions[] = {
    {"life_of", life_of_impl, METH_O,
     PyDoc_STR("life_of(obj, /)\n--\n\nThe Records of what is known of an object's life, oldest first: where it was made, and the "
               "verbs that took it along. Strict mode writes them.")},
    {"life_count", life_count_impl, METH_NOARGS,
     PyDoc_STR("life_count()\n--\n\nHow many objects something is remembered of, and how many stacks of calls.")},
    {NULL, NULL, 0, NULL},
};

int
owned_life_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
