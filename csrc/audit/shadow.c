/* The table of shadows, in shards that are found by an object's address, each with a mutex of its own.
 *
 *     shard --address--> object --key--> variable --> records: accesses that a later one may race with
 *
 * A variable keeps few records. One is dropped when a later access takes its place: which is ordered after it even without
 * locks, conflicts with whatever it conflicts with, and was made under no lock that it was not made under. Whatever races
 * with the one that is dropped then races with the one that stays. So each thread has one record per kind of access and set
 * of locks at most, and most variables have one or two records in all.
 *
 * How an object can have come to a thread matters for races that are only possible: of an object that a thread made for itself, and
 * that another one came to know under a lock, all that was done before is ordered by this, for there was no other way to
 * it. This is what `arrivals` are for: by thread, what it knew in full when it first touched the object. Objects that
 * every thread could have known from the start (made before it, classes, modules) have none. */
// SPDX-License-Identifier: MIT
#include "shadow.h"
#include "classify.h"
#include "frames.h"

audit_counters audit_counts;

#define INLINE 2
#define RECORDS_MOST 1024
#define HITS_MOST 4

typedef struct variable {
    struct variable *next; /* of the object */
    uint64_t key;
    audit_group *group;
    const audit_lockset *locks; /* held at each access since it was shared; NULL: it is not */
    uint32_t first_thread;
    uint16_t used, size;
    uint8_t sort;
    char *key_shown; /* of an item that was written: AUDIT_KEY_SHOWN characters, or NULL */
    audit_record *records; /* `few`, or on the heap */
    audit_record few[INLINE];
} variable;

typedef struct arrival {
    struct arrival *next;
    uint32_t thread;
    audit_clock full;
} arrival;

typedef struct object {
    struct object *next;            /* in its bucket */
    struct object *older, *newer;   /* in its shard, by the time of the last access by the slow way */
    uintptr_t address;
    uint64_t number;
    const audit_stack *made;
    uint64_t made_clock; /* 0: before all threads */
    uint32_t maker, maker_slot;
    variable *variables;
    variable **index; /* by key, once there are many */
    uint32_t index_size, variables_used;
    arrival *arrivals;
    audit_relay relay;
    uintptr_t owner; /* of an instance's dictionary: the instance, */
    uint64_t owner_number; /* as long as this is its number */
    char *owner_type;      /* AUDIT_TYPE_SHOWN characters, or NULL */
} object;

typedef struct {
    owned_mutex mutex;
    object **buckets;
    uint32_t size, used;
    object *oldest, *newest;
} shard;

#ifdef Py_GIL_DISABLED
#  define SHARDS 256
#else
#  define SHARDS 1
#endif

static shard shards[SHARDS];
static uint64_t numbers; /* atomic: of objects */
static uint64_t limit;
static uint64_t links; /* atomic: was audit_link_dict() ever called? */

uint64_t audit_places[AUDIT_PLACES];

/* Where objects were made, of objects that have no shadow yet: what does not fit is forgotten. */
typedef struct {
    uintptr_t address; /* 0: none */
    const audit_stack *stack;
    uint64_t era, clock;
    uint32_t maker, slot;
} birth;

static birth births[AUDIT_PLACES / 2];

static shard *
shard_of(uintptr_t address)
{
    return &shards[(audit_place_of(address) >> 1) & (SHARDS - 1)]; /* a birth is of one shard */
}

static birth *
birth_of(uintptr_t address)
{
    return &births[audit_place_of(address) >> 1];
}

static void
known(uintptr_t address, int more)
{
    owned_add_u64(&audit_places[audit_place_of(address)], more ? AUDIT_KNOWN_ONE : 0 - AUDIT_KNOWN_ONE);
}

/* Caches do not know what is at this address any more. The caller has the shard's mutex. */
static void
count_death(uintptr_t address)
{
    uint64_t *place = &audit_places[audit_place_of(address)];
    uint64_t before = owned_load_u64(place);
    while (!owned_cas_u64(place, before, (before & ~AUDIT_DEATHS_MASK) | ((before + 1) & AUDIT_DEATHS_MASK)))
        before = owned_load_u64(place);
}

/* ---- objects and their variables: under the shard's mutex ----------------------------------------------------- */

static void *
allocate(size_t size)
{
    void *memory = PyMem_RawCalloc(1, size);
    if (memory != NULL)
        owned_add_u64(&audit_counts.bytes, size);
    else
        owned_add_u64(&audit_counts.lost, 1);
    return memory;
}

static void
give_back(void *memory, size_t size)
{
    if (memory == NULL)
        return;
    owned_add_u64(&audit_counts.bytes, 0 - (uint64_t)size);
    PyMem_RawFree(memory);
}

static object **
bucket_of(shard *s, uintptr_t address)
{
    return &s->buckets[audit_mix(address >> 4) & (s->size - 1)];
}

static object *
find_object(shard *s, uintptr_t address)
{
    if (s->size == 0)
        return NULL;
    object *o = *bucket_of(s, address);
    while (o != NULL && o->address != address)
        o = o->next;
    return o;
}

static int
widen(shard *s)
{
    uint32_t before = s->size, size = before == 0 ? 64 : before * 2;
    object **buckets = allocate(size * sizeof(object *)), **old = s->buckets;
    if (buckets == NULL)
        return s->size != 0; /* crowded buckets will do */
    s->buckets = buckets;
    s->size = size;
    for (uint32_t i = 0; i < before; i++)
        for (object *o = old[i], *next; o != NULL; o = next) {
            next = o->next;
            object **bucket = bucket_of(s, o->address);
            o->next = *bucket;
            *bucket = o;
        }
    give_back(old, before * sizeof(object *));
    return 1;
}

static void
unlink_age(shard *s, object *o)
{
    *(o->older != NULL ? &o->older->newer : &s->oldest) = o->newer;
    *(o->newer != NULL ? &o->newer->older : &s->newest) = o->older;
}

static void
link_newest(shard *s, object *o)
{
    o->older = s->newest;
    o->newer = NULL;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = o;
    s->newest = o;
}

static object *
add_object(shard *s, uintptr_t address)
{
    if (s->used >= s->size && !widen(s))
        return NULL;
    object *o = allocate(sizeof(object));
    if (o == NULL)
        return NULL;
    o->address = address;
    o->number = owned_add_u64(&numbers, 1) + 1;
    object **bucket = bucket_of(s, address);
    o->next = *bucket;
    *bucket = o;
    s->used++;
    link_newest(s, o);
    known(address, 1);
    owned_add_u64(&audit_counts.objects, 1);
    return o;
}

static void
free_variable(variable *v)
{
    if (v->locks != NULL)
        audit_lock_protects(v->locks);
    if (v->records != v->few)
        give_back(v->records, v->size * sizeof(audit_record));
    give_back(v->key_shown, AUDIT_KEY_SHOWN);
    owned_add_u64(&audit_counts.variables, (uint64_t)-1);
    give_back(v, sizeof(variable));
}

/* Forget one: its address is known to be another's from now on. */
static void
remove_object(shard *s, object *o)
{
    object **where = bucket_of(s, o->address);
    while (*where != o)
        where = &(*where)->next;
    *where = o->next;
    s->used--;
    unlink_age(s, o);
    known(o->address, 0);
    while (o->variables != NULL) {
        variable *next = o->variables->next;
        free_variable(o->variables);
        o->variables = next;
    }
    give_back(o->index, o->index_size * sizeof(variable *));
    while (o->arrivals != NULL) {
        arrival *next = o->arrivals->next;
        PyMem_RawFree(o->arrivals->full.at);
        give_back(o->arrivals, sizeof(arrival));
        o->arrivals = next;
    }
    audit_relay_clear(&o->relay);
    give_back(o->owner_type, AUDIT_TYPE_SHOWN);
    owned_add_u64(&audit_counts.objects, (uint64_t)-1);
    give_back(o, sizeof(object));
}

#define INDEX_FROM 12

static variable *
find_variable(const object *o, uint64_t key)
{
    variable *v = o->variables;
    if (o->index != NULL) {
        for (uint32_t i = (uint32_t)audit_mix(key) & (o->index_size - 1);; i = (i + 1) & (o->index_size - 1)) {
            v = o->index[i];
            if (v == NULL || v->key == key)
                return v;
        }
    }
    while (v != NULL && v->key != key)
        v = v->next;
    return v;
}

static void
put_in_index(object *o, variable *v)
{
    uint32_t i = (uint32_t)audit_mix(v->key) & (o->index_size - 1);
    while (o->index[i] != NULL)
        i = (i + 1) & (o->index_size - 1);
    o->index[i] = v;
}

static int
index_more(object *o)
{
    uint32_t before = o->index_size, size = before == 0 ? 32 : before * 2;
    variable **index = allocate(size * sizeof(variable *));
    if (index == NULL)
        return 0;
    give_back(o->index, before * sizeof(variable *));
    o->index = index;
    o->index_size = size;
    for (variable *v = o->variables; v != NULL; v = v->next)
        put_in_index(o, v);
    return 1;
}

static variable *
add_variable(object *o, const audit_target *target, audit_group *group, uint32_t thread)
{
    if (o->variables_used >= INDEX_FROM && o->variables_used * 2 >= o->index_size && !index_more(o))
        return NULL;
    variable *v = allocate(sizeof(variable));
    if (v == NULL)
        return NULL;
    v->key = target->key;
    v->group = group;
    v->sort = (uint8_t)target->sort;
    v->first_thread = thread;
    v->records = v->few;
    v->size = INLINE;
    v->next = o->variables;
    o->variables = v;
    o->variables_used++;
    if (o->index != NULL)
        put_in_index(o, v);
    owned_add_u64(&audit_counts.variables, 1);
    return v;
}

/* ---- the judgement -------------------------------------------------------------------------------------------- */

/* Did this thread come to know the object after `r`, by the only way there was? */
static int
arrived_after(const object *o, const audit_thread *self, const audit_record *r)
{
    for (const arrival *a = o->arrivals; a != NULL; a = a->next)
        if (a->thread == self->number)
            return audit_clock_at(&a->full, r->slot) >= r->clock;
    return 0;
}

/* The first time that a thread touches what another one made, after the one came to be. */
static void
note_arrival(object *o, const audit_thread *self)
{
    if (o->made_clock == 0 || o->maker == self->number || audit_clock_at(&self->hard, o->maker_slot) >= o->made_clock)
        return;
    for (const arrival *a = o->arrivals; a != NULL; a = a->next)
        if (a->thread == self->number)
            return;
    arrival *a = allocate(sizeof(arrival));
    if (a == NULL)
        return;
    a->full.at = PyMem_RawMalloc(self->full.size * sizeof(uint64_t));
    if (a->full.at == NULL) {
        give_back(a, sizeof(arrival));
        return;
    }
    memcpy(a->full.at, self->full.at, self->full.size * sizeof(uint64_t));
    a->full.size = self->full.size;
    a->thread = self->number;
    a->next = o->arrivals;
    o->arrivals = a;
}

static void
keep_record(variable *v, const audit_record *record)
{
    if (v->used == v->size) {
        unsigned size = v->size * 2u;
        audit_record *longer = size > RECORDS_MOST ? NULL : allocate(size * sizeof(audit_record));
        if (longer == NULL) { /* the oldest goes */
            memmove(v->records, v->records + 1, (v->used - 1u) * sizeof(audit_record));
            v->records[v->used - 1] = *record;
            return;
        }
        memcpy(longer, v->records, v->used * sizeof(audit_record));
        if (v->records != v->few)
            give_back(v->records, v->size * sizeof(audit_record));
        v->records = longer;
        v->size = (uint16_t)size;
    }
    v->records[v->used++] = *record;
}

/* Compare an access with those before it, and put it beside or in place of them. The number of hits. */
static size_t
judge(object *o, variable *v, audit_thread *self, const audit_record *now, audit_hit *hits, uint64_t *ordered_by)
{
    unsigned with = audit_conflicts_of(now->kinds);
    size_t found = 0;
    uint16_t kept = 0;
    for (uint16_t i = 0; i < v->used; i++) {
        audit_record *r = &v->records[i];
        int own = r->slot == self->slot;
        int hard = own || audit_clock_at(&self->hard, r->slot) >= r->clock;
        if (!own) {
            int full = hard || audit_clock_at(&self->full, r->slot) >= r->clock;
            *ordered_by |= UINT64_C(1) << (hard ? self->via[r->slot] : full ? AUDIT_VIA_LOCK : AUDIT_VIA_NOTHING);
            if ((with & r->kinds) && found < HITS_MOST &&
                (!full || (!hard && !audit_lockset_excludes(now->locks, r->locks) && !arrived_after(o, self, r))))
                hits[found++] = (audit_hit){.earlier = *r, .later = *now, .certain = !full};
        }
        if (!(hard && (audit_conflicts_of(r->kinds) & ~with) == 0 && audit_lockset_within(now->locks, r->locks)))
            v->records[kept++] = *r;
    }
    v->used = kept;
    keep_record(v, now);
    return found;
}

/* Does an access to all meet one to an item that is there already? Then the race is on that item. */
static int
is_of_item(const audit_hit *hit)
{
    const unsigned items = AUDIT_READ_ITEM | AUDIT_WRITE_ITEM;
    return !((hit->earlier.kinds | hit->later.kinds) & AUDIT_GROW) &&
           (((hit->earlier.kinds & AUDIT_WRITE_ITEM) && (hit->later.kinds & ~items) == AUDIT_ALL) ||
            ((hit->later.kinds & AUDIT_WRITE_ITEM) && (hit->earlier.kinds & ~items) == AUDIT_ALL));
}

/* The key of the item that the earlier access wrote. */
static void
find_key_shown(const object *o, const variable *v, audit_hit *hit)
{
    if (v->sort == AUDIT_ITEM)
        o = NULL;
    for (const variable *item = o == NULL ? v : o->variables; item != NULL; item = o == NULL ? NULL : item->next)
        for (uint16_t i = 0; item->key_shown != NULL && i < item->used; i++)
            if (item->records[i].clock == hit->earlier.clock && item->records[i].thread == hit->earlier.thread &&
                item->records[i].stack == hit->earlier.stack)
                memcpy(hit->key, item->key_shown, AUDIT_KEY_SHOWN);
}

/* Its repr, where this takes no code and no memory. */
static void
show_key(char *shown, PyObject *key)
{
    if (PyLong_CheckExact(key)) {
        int overflow;
        long long value = PyLong_AsLongLongAndOverflow(key, &overflow);
        if (!overflow)
            PyOS_snprintf(shown, AUDIT_KEY_SHOWN, "%lld", value);
    }
    else if (PyUnicode_CheckExact(key) && PyUnicode_IS_COMPACT_ASCII(key) && PyUnicode_GET_LENGTH(key) < AUDIT_KEY_SHOWN - 2) {
        const char *text = (const char *)PyUnicode_1BYTE_DATA(key);
        for (const char *at = text; *at; at++)
            if (*at < ' ' || *at == '\'' || *at == '\\' || *at == 127)
                return;
        PyOS_snprintf(shown, AUDIT_KEY_SHOWN, "'%s'", text);
    }
}

/* What the map of exposure learns of an access. */
static void
tell_group(audit_group *group, variable *v, const audit_record *now, int is_new, uint64_t ordered_by)
{
    int becomes_shared = v->locks == NULL && v->first_thread != now->thread;
    if (becomes_shared)
        v->locks = now->locks;
    else if (v->locks != NULL)
        v->locks = audit_lockset_both(v->locks, now->locks);
    int writes = (now->kinds & ~(unsigned)(AUDIT_READ | AUDIT_LENGTH | AUDIT_ALL | AUDIT_READ_ITEM)) != 0;
    int reads = (now->kinds & (AUDIT_READ | AUDIT_LENGTH | AUDIT_ALL | AUDIT_READ_ITEM)) != 0;
    owned_mutex_lock(&group->mutex);
    group->objects += (uint64_t)(is_new && v->sort != AUDIT_ITEM);
    audit_numbers_add(&group->threads, now->thread);
    group->ordered_by |= ordered_by;
    if (v->locks != NULL) {
        group->shared += (uint64_t)(becomes_shared && v->sort != AUDIT_ITEM);
        group->reads += (uint64_t)reads;
        group->writes += (uint64_t)writes;
        group->locks = group->locks == NULL ? v->locks : audit_lockset_both(group->locks, v->locks);
    }
    else
        group->initial += (uint64_t)writes;
    owned_mutex_unlock(&group->mutex);
}

/* ---- from outside ----------------------------------------------------------------------------------------------- */

/* Take what is known of its birth. Under the shard's mutex. */
static void
take_birth(object *o, const audit_thread *self)
{
    birth *b = birth_of(o->address);
    if (b->address == o->address) {
        o->made = b->stack;
        o->maker = b->maker;
        o->maker_slot = b->slot;
        o->made_clock = b->era == owned_load_u64(&audit_era) ? b->clock : 0;
        b->address = 0;
        known(o->address, 0);
    }
    else if (owned_load_u64(&audit_places[audit_place_of(o->address)]) >> AUDIT_ERA_SHIFT ==
             audit_short_era(owned_load_u64(&audit_era))) {
        o->maker_slot = self->slot; /* nobody told; this thread is the first that shows it */
        o->made_clock = self->now;
    }
}

static object *
find_or_add(shard *s, uintptr_t address, const audit_thread *self)
{
    object *o = find_object(s, address);
    if (o == NULL && (o = add_object(s, address)) != NULL)
        take_birth(o, self);
    return o;
}

static void
forget_oldest(shard *s, const object *but)
{
    while (limit != 0 && owned_load_u64(&audit_counts.bytes) > limit && s->oldest != NULL && s->oldest != but) {
        uintptr_t address = s->oldest->address;
        remove_object(s, s->oldest);
        count_death(address);
        owned_add_u64(&audit_counts.forgotten, 1);
    }
}

/* Has this thread made such an access in this epoch, and the cache has no room for it any more? Whoever touched the variable since then
 * was compared with that one. */
static int
is_remembered(shard *s, const audit_thread *self, uintptr_t address, uint64_t key, unsigned kinds)
{
    owned_mutex_lock(&s->mutex);
    object *o = find_object(s, address);
    const variable *v = o == NULL ? NULL : find_variable(o, key);
    for (uint16_t i = 0; v != NULL && kinds != 0 && i < v->used; i++) {
        const audit_record *r = &v->records[i];
        if (r->slot == self->slot && r->clock == self->now && r->locks == self->locks)
            kinds &= ~audit_covered_by(r->kinds);
    }
    int is = v != NULL && kinds == 0;
    if (is && limit != 0) {
        unlink_age(s, o);
        link_newest(s, o);
    }
    owned_mutex_unlock(&s->mutex);
    return is;
}

void
audit_touch(audit_thread *self, const audit_target *target, unsigned kinds, unsigned operation)
{
    uintptr_t address = target->address != 0 ? target->address : (uintptr_t)target->obj;
    uint64_t key = target->key;
    audit_cached *cached = audit_cached_of(self, address, key);
    uint32_t deaths = audit_deaths_at(address);
    int same = cached->address == address && cached->key == key && cached->stamp == self->stamp && cached->deaths == deaths;
    if (same && (cached->kinds & kinds) == kinds)
        return;
    if (OWNED_UNLIKELY(self->given_back != owned_load_u64(&audit_given_back)))
        audit_take_off(self);
    shard *s = shard_of(address);
    unsigned covered = audit_covered_by(kinds) | (same ? cached->kinds : 0);
    if (is_remembered(s, self, address, key, kinds)) {
        *cached = (audit_cached){address, key, self->stamp, deaths, covered};
        return;
    }
    audit_record now = {self->now, audit_stack_here(self, 0, AUDIT_DEPTH), self->locks, self->number, (uint16_t)self->slot,
                        (uint16_t)kinds, (uint16_t)operation};
    audit_hit hits[HITS_MOST];
    size_t found = 0;
    char key_shown[AUDIT_KEY_SHOWN] = "";
    if (target->sort == AUDIT_ITEM && (kinds & (AUDIT_WRITE | AUDIT_ATOMIC)))
        show_key(key_shown, target->name);
    audit_group *group = target->group;
    owned_add_u64(&audit_counts.accesses, 1);
    for (int tries = 0;; tries++) {
        owned_mutex_lock(&s->mutex);
        object *o = find_or_add(s, address, self);
        variable *v = o == NULL ? NULL : find_variable(o, key);
        int is_new = o != NULL && v == NULL && group != NULL;
        const audit_stack *made = o == NULL ? NULL : o->made;
        if (is_new)
            v = add_variable(o, target, group, self->number);
        if (v != NULL) {
            uint64_t ordered_by = 0;
            note_arrival(o, self);
            found = judge(o, v, self, &now, hits, &ordered_by);
            tell_group(v->group, v, &now, is_new, ordered_by);
            if (key_shown[0] != 0 && v->key_shown == NULL && (v->key_shown = allocate(AUDIT_KEY_SHOWN)) != NULL)
                memcpy(v->key_shown, key_shown, AUDIT_KEY_SHOWN);
            for (size_t i = 0; i < found; i++) {
                hits[i].sort = is_of_item(&hits[i]) ? AUDIT_ITEM : (audit_sort)v->sort;
                if (hits[i].sort == AUDIT_ITEM)
                    find_key_shown(o, v, &hits[i]);
                hits[i].group = v->group;
                hits[i].object = v->sort == AUDIT_CLASS_ATTRIBUTE || v->sort == AUDIT_GLOBAL ? 0 : o->number;
                hits[i].made = o->made;
                hits[i].maker = o->maker;
            }
            if (limit != 0) {
                unlink_age(s, o);
                link_newest(s, o);
                forget_oldest(s, o);
            }
        }
        owned_mutex_unlock(&s->mutex);
        if (v != NULL || group != NULL || o == NULL || tries > 0)
            break;
        group = audit_group_of(target, made); /* may run Python code */
    }
    *cached = (audit_cached){address, key, self->stamp, deaths, covered};
    for (size_t i = 0; i < found; i++)
        audit_race_found(&hits[i], target);
}

void
audit_made(PyObject *obj, int skip)
{
    uintptr_t address = (uintptr_t)obj;
    audit_thread *self = audit_here();
    if (self == NULL)
        return;
    birth made = {address, audit_stack_here(self, skip, 2), owned_load_u64(&audit_era), audit_is_on() ? self->now : 0, self->number,
                  self->slot};
    shard *s = shard_of(address);
    owned_mutex_lock(&s->mutex);
    birth *b = birth_of(address);
    if (b->address != 0)
        known(b->address, 0);
    *b = made;
    known(address, 1);
    object *o = find_object(s, address);
    if (o != NULL)
        take_birth(o, self);
    owned_mutex_unlock(&s->mutex);
}

void
audit_container_release(audit_thread *self, PyObject *obj)
{
    shard *s = shard_of((uintptr_t)obj);
    owned_mutex_lock(&s->mutex);
    object *o = find_or_add(s, (uintptr_t)obj, self);
    if (o != NULL)
        audit_relay_release(&o->relay, self);
    owned_mutex_unlock(&s->mutex);
}

void
audit_container_acquire(audit_thread *self, PyObject *obj)
{
    shard *s = shard_of((uintptr_t)obj);
    owned_mutex_lock(&s->mutex);
    object *o = find_object(s, (uintptr_t)obj);
    if (o != NULL)
        audit_relay_acquire(&o->relay, self, AUDIT_VIA_CONTAINER);
    owned_mutex_unlock(&s->mutex);
}

uint64_t
audit_object_number(PyObject *obj)
{
    audit_thread *self = audit_here();
    if (self == NULL)
        return 0;
    shard *s = shard_of((uintptr_t)obj);
    owned_mutex_lock(&s->mutex);
    object *o = find_or_add(s, (uintptr_t)obj, self);
    uint64_t number = o == NULL ? 0 : o->number;
    owned_mutex_unlock(&s->mutex);
    return number;
}

static uint64_t
number_at(uintptr_t address)
{
    shard *s = shard_of(address);
    owned_mutex_lock(&s->mutex);
    const object *o = find_object(s, address);
    uint64_t number = o == NULL ? 0 : o->number;
    owned_mutex_unlock(&s->mutex);
    return number;
}

void
audit_link_dict(audit_thread *self, PyObject *dict, PyObject *obj, const char *type)
{
    uint64_t number = number_at((uintptr_t)obj);
    shard *s = shard_of((uintptr_t)dict);
    owned_mutex_lock(&s->mutex);
    object *o = find_or_add(s, (uintptr_t)dict, self);
    if (o != NULL) {
        o->owner = (uintptr_t)obj;
        o->owner_number = number;
        if (o->owner_type == NULL && (o->owner_type = allocate(AUDIT_TYPE_SHOWN)) != NULL)
            PyOS_snprintf(o->owner_type, AUDIT_TYPE_SHOWN, "%s", type);
    }
    owned_mutex_unlock(&s->mutex);
    owned_store_u64(&links, 1);
}

uintptr_t
audit_owner_of_dict(PyObject *dict, char *type)
{
    if (!owned_load_u64(&links))
        return 0;
    shard *s = shard_of((uintptr_t)dict);
    owned_mutex_lock(&s->mutex);
    const object *o = find_object(s, (uintptr_t)dict);
    uintptr_t owner = o == NULL ? 0 : o->owner;
    uint64_t number = o == NULL ? 0 : o->owner_number;
    if (o != NULL && o->owner_type != NULL)
        memcpy(type, o->owner_type, AUDIT_TYPE_SHOWN);
    else
        owner = 0;
    owned_mutex_unlock(&s->mutex);
    return owner != 0 && number != 0 && number_at(owner) == number ? owner : 0;
}

void
audit_address_changes(uintptr_t address)
{
    uint64_t *place = &audit_places[audit_place_of(address)];
    if (!(owned_load_u64(place) & AUDIT_KNOWN_MASK))
        return;
    shard *s = shard_of(address);
    owned_mutex_lock(&s->mutex);
    birth *b = birth_of(address);
    if (b->address == address) {
        b->address = 0;
        known(address, 0);
    }
    object *o = find_object(s, address);
    if (o != NULL) {
        remove_object(s, o);
        count_death(address);
    }
    owned_mutex_unlock(&s->mutex);
}

void
audit_shadows_clear(void)
{
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &shards[i];
        owned_mutex_lock(&s->mutex);
        while (s->oldest != NULL)
            remove_object(s, s->oldest);
        give_back(s->buckets, s->size * sizeof(object *));
        s->buckets = NULL;
        s->size = 0;
        owned_mutex_unlock(&s->mutex);
    }
}

void
audit_shadows_limit(uint64_t bytes)
{
    limit = bytes;
}

void
audit_shadows_count_locks(void)
{
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &shards[i];
        owned_mutex_lock(&s->mutex);
        for (object *o = s->oldest; o != NULL; o = o->newer)
            for (variable *v = o->variables; v != NULL; v = v->next)
                if (v->locks != NULL)
                    audit_lock_protects(v->locks);
        owned_mutex_unlock(&s->mutex);
    }
}
