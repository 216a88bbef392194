/* The clocks of a thread are touched by this thread only; what is between threads (slots, names) is under one mutex. */
// SPDX-License-Identifier: MIT
#include "clocks.h"
#include "shadow.h"

uint64_t audit_running, audit_many, audit_era;
OWNED_THREAD_LOCAL audit_thread *audit_self;
static OWNED_THREAD_LOCAL uint64_t ended_in; /* the run in which this thread has said that it ends */

/* ---- vector clocks ----------------------------------------------------------------------------------------- */

static int
grow(audit_clock *clock, uint32_t size)
{
    if (size <= clock->size)
        return 1;
    uint32_t room = clock->size < 4 ? 4 : clock->size;
    while (room < size)
        room *= 2;
    uint64_t *at = PyMem_RawRealloc(clock->at, room * sizeof(uint64_t));
    if (at == NULL)
        return 0;
    memset(at + clock->size, 0, (room - clock->size) * sizeof(uint64_t));
    clock->at = at;
    clock->size = room;
    return 1;
}

static void
release_clock(audit_clock *clock)
{
    PyMem_RawFree(clock->at);
    *clock = (audit_clock){NULL, 0};
}

/* Where memory runs out an order is not known of, which is said in `audit_counts`. */
static void
join(audit_clock *into, const audit_clock *from)
{
    if (!grow(into, from->size)) {
        owned_add_u64(&audit_counts.lost, 1);
        return;
    }
    for (uint32_t i = 0; i < from->size; i++)
        if (into->at[i] < from->at[i])
            into->at[i] = from->at[i];
}

/* What it knows of by `hard` it knows of in both. */
static void
join_hard(audit_thread *self, const audit_clock *from, uint8_t via)
{
    uint32_t before = self->hard.size;
    if (!grow(&self->hard, from->size)) {
        owned_add_u64(&audit_counts.lost, 1);
        return;
    }
    if (self->hard.size != before) {
        uint8_t *longer = PyMem_RawRealloc(self->via, self->hard.size);
        if (longer == NULL) {
            self->hard.size = before;
            owned_add_u64(&audit_counts.lost, 1);
            return;
        }
        memset(longer + before, 0, self->hard.size - before);
        self->via = longer;
    }
    for (uint32_t i = 0; i < from->size; i++)
        if (self->hard.at[i] < from->at[i]) {
            self->hard.at[i] = from->at[i];
            self->via[i] = via;
        }
}

static void
freshen(audit_relay *relay)
{
    uint64_t era = owned_load_u64(&audit_era);
    if (relay->era == era)
        return;
    release_clock(&relay->full);
    release_clock(&relay->hard);
    relay->era = era;
}

void
audit_tick(audit_thread *self)
{
    self->now++;
    self->stamp++;
    self->full.at[self->slot] = self->hard.at[self->slot] = self->now;
}

void
audit_relay_release(audit_relay *relay, audit_thread *self)
{
    freshen(relay);
    join(&relay->full, &self->full);
    join(&relay->hard, &self->hard);
    audit_tick(self);
}

void
audit_relay_acquire(audit_relay *relay, audit_thread *self, uint8_t via)
{
    freshen(relay);
    if (relay->hard.size == 0)
        return;
    join(&self->full, &relay->full);
    join_hard(self, &relay->hard, via);
    self->stamp++;
}

void
audit_relay_clear(audit_relay *relay)
{
    release_clock(&relay->full);
    release_clock(&relay->hard);
}

void
audit_order_release(audit_relay *relay, audit_thread *self)
{
    freshen(relay);
    join(&relay->full, &self->full);
    audit_tick(self);
}

void
audit_order_acquire(audit_relay *relay, audit_thread *self)
{
    freshen(relay);
    join(&self->full, &relay->full);
}

/* ---- kinds -------------------------------------------------------------------------------------------------- */

#define KIND_LENGTH 24
static char kinds[AUDIT_VIA_MOST][KIND_LENGTH] = {"start", "join", "container", "lock", "nothing"};
static uint8_t kinds_used = AUDIT_VIA_NAMED;
static owned_mutex kinds_mutex;

uint8_t
audit_via(const char *kind)
{
    uint8_t via = 0;
    owned_mutex_lock(&kinds_mutex);
    while (via < kinds_used && strncmp(kinds[via], kind, KIND_LENGTH - 1) != 0)
        via++;
    if (via == AUDIT_VIA_MOST)
        via--;
    else if (via == kinds_used) {
        PyOS_snprintf(kinds[via], KIND_LENGTH, "%s", kind);
        kinds_used++;
    }
    owned_mutex_unlock(&kinds_mutex);
    return via;
}

const char *
audit_via_name(uint8_t via)
{
    return kinds[via];
}

/* ---- slots and numbers -------------------------------------------------------------------------------------- */

#define SLOTS_MOST 65535
#define NAME_LENGTH 48

typedef struct {
    uint64_t last; /* the clock it has come to, 0: never used in this era */
    int busy;
} slot_state;

typedef char thread_name[NAME_LENGTH];

static owned_mutex mutex; /* for all of these */
static slot_state *slots;
static uint32_t slots_used, slots_size;
static thread_name *names; /* by number - 1 */
static uint32_t names_used, names_size;
static uint64_t others; /* threads beside one, which have not been joined */

/* A slot whose last thread `parent` knows to be over (NULL: knows of none), or -1. Under the mutex. */
static int64_t
take_slot(const audit_clock *parent)
{
    for (uint32_t i = 0; i < slots_used; i++)
        if (!slots[i].busy && (slots[i].last == 0 || (parent != NULL && audit_clock_at(parent, i) >= slots[i].last))) {
            slots[i].busy = 1;
            return i;
        }
    if (slots_used == slots_size) {
        uint32_t size = slots_size == 0 ? 64 : slots_size * 2;
        slot_state *longer = size > SLOTS_MOST + 1 ? NULL : PyMem_RawRealloc(slots, size * sizeof(slot_state));
        if (longer == NULL)
            return -1;
        slots = longer;
        slots_size = size;
    }
    slots[slots_used] = (slot_state){0, 1};
    return slots_used++;
}

/* The next number, 0 without memory. Under the mutex. */
static uint32_t
take_number(void)
{
    if (names_used == names_size) {
        uint32_t size = names_size == 0 ? 64 : names_size * 2;
        thread_name *longer = PyMem_RawRealloc(names, size * sizeof(thread_name));
        if (longer == NULL)
            return 0;
        names = longer;
        names_size = size;
    }
    names[names_used][0] = 0;
    return ++names_used;
}

static void
set_name(uint32_t number, PyObject *name)
{
    const char *text = name != NULL && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : "";
    if (text == NULL) {
        PyErr_Clear(); /* lone surrogates */
        text = "?";
    }
    size_t length = strlen(text);
    if (length >= NAME_LENGTH) {
        length = NAME_LENGTH - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--; /* no half of a character */
    }
    owned_mutex_lock(&mutex);
    memcpy(names[number - 1], text, length);
    names[number - 1][length] = 0;
    owned_mutex_unlock(&mutex);
}

/* This thread's own, as new. NULL without memory. */
static audit_thread *
fresh_self(uint64_t run)
{
    audit_thread *self = audit_self;
    if (self == NULL && (self = PyMem_RawCalloc(1, sizeof(audit_thread))) == NULL)
        return NULL;
    release_clock(&self->full);
    release_clock(&self->hard);
    PyMem_RawFree(self->via);
    self->via = NULL;
    memset(self->attributes, 0, sizeof(self->attributes)); /* groups of another run, and frames that were not watched after it */
    memset(self->callers, 0, sizeof(self->callers));
    self->run = run;
    self->stamp++;
    self->locks = &audit_no_locks;
    self->given_back = owned_load_u64(&audit_given_back);
    audit_self = self;
    return self;
}

static void
free_self(void)
{
    audit_thread *self = audit_self;
    audit_self = NULL;
    if (self == NULL)
        return;
    release_clock(&self->full);
    release_clock(&self->hard);
    PyMem_RawFree(self->via);
    PyMem_RawFree(self);
}

/* Put it where its slot says. 0 without memory. */
static int
seat(audit_thread *self, uint32_t number, uint32_t slot, uint64_t now)
{
    uint32_t before = self->hard.size;
    if (!grow(&self->full, slot + 1) || !grow(&self->hard, slot + 1))
        return 0;
    uint8_t *via = PyMem_RawRealloc(self->via, self->hard.size);
    if (via == NULL)
        return 0;
    memset(via + before, AUDIT_VIA_START, self->hard.size - before);
    self->via = via;
    self->number = number;
    self->slot = slot;
    self->now = now;
    self->full.at[slot] = self->hard.at[slot] = now;
    return 1;
}

/* Nobody forked it: it knows of nothing. */
audit_thread *
audit_take_in(void)
{
    uint64_t run = owned_load_u64(&audit_running);
    if (run == 0 || ended_in == run)
        return NULL;
    audit_thread *self = fresh_self(run);
    if (self == NULL)
        return NULL;
    owned_mutex_lock(&mutex);
    int64_t slot = take_slot(NULL);
    uint32_t number = slot < 0 ? 0 : take_number();
    uint64_t now = slot < 0 ? 0 : slots[slot].last + 1;
    if (number != 0) {
        PyOS_snprintf(names[number - 1], NAME_LENGTH, "foreign thread %u", (unsigned)number);
        others++;
    }
    owned_mutex_unlock(&mutex);
    if (number == 0 || !seat(self, number, (uint32_t)slot, now)) {
        free_self();
        ended_in = run;
        return NULL;
    }
    return self;
}

int
audit_threads_begin(PyObject *name)
{
    owned_mutex_lock(&mutex);
    slots_used = 0;
    names_used = 0;
    others = 0;
    uint32_t slot = (uint32_t)take_slot(NULL), number = take_number();
    owned_mutex_unlock(&mutex);
    static uint64_t runs;
    uint64_t run = ++runs;
    audit_thread *self = slot == 0 && number == 1 ? fresh_self(run) : NULL;
    if (self == NULL || !seat(self, number, slot, 1)) {
        PyErr_NoMemory();
        return -1;
    }
    set_name(number, name);
    owned_add_u64(&audit_era, 1);
    owned_store_u64(&audit_running, run);
    return 0;
}

void
audit_threads_stop(void)
{
    owned_store_u64(&audit_running, 0);
}

/* All others are over. What is left of them in this thread's clocks goes. */
static void
new_era(audit_thread *self)
{
    owned_mutex_lock(&mutex);
    owned_add_u64(&audit_era, 1);
    others = 0;
    for (uint32_t i = 0; i < slots_used; i++)
        slots[i] = (slot_state){0, i == self->slot};
    owned_mutex_unlock(&mutex);
    memset(self->full.at, 0, self->full.size * sizeof(uint64_t));
    memset(self->hard.at, 0, self->hard.size * sizeof(uint64_t));
    audit_tick(self);
    audit_shadows_clear();
}

int
audit_threads_forked(void)
{
    audit_thread *self = audit_here();
    if (self == NULL)
        return 0;
    new_era(self);
    audit_races_clear(); /* they are the parent's to tell */
    return audit_set_many(0);
}

/* ---- from start to join ------------------------------------------------------------------------------------- */

enum { LIFE_NONE, LIFE_FORKED, LIFE_BEGUN, LIFE_ENDED, LIFE_OVER };

int
audit_life_fork(audit_life *life)
{
    audit_thread *self = audit_here();
    if (self == NULL)
        return 0;
    owned_mutex_lock(&mutex);
    int64_t slot = take_slot(&self->hard);
    uint32_t number = slot < 0 ? 0 : take_number();
    if (number != 0) {
        others++;
        life->first = slots[slot].last + 1;
    }
    owned_mutex_unlock(&mutex);
    if (number == 0) {
        owned_add_u64(&audit_counts.lost, 1);
        return 0;
    }
    life->run = self->run;
    life->era = owned_load_u64(&audit_era);
    life->number = number;
    life->slot = (uint32_t)slot;
    audit_relay_release(&life->clocks, self);
    owned_store_u64(&life->state, LIFE_FORKED);
    return audit_set_many(1);
}

void
audit_life_begin(audit_life *life, PyObject *name)
{
    uint64_t run = owned_load_u64(&audit_running);
    if (run == 0 || life->run != run || !owned_cas_u64(&life->state, LIFE_FORKED, LIFE_BEGUN))
        return;
    audit_thread *self = fresh_self(run);
    if (self == NULL || !seat(self, life->number, life->slot, life->first)) {
        free_self();
        ended_in = run;
        return;
    }
    ended_in = 0;
    audit_relay_acquire(&life->clocks, self, AUDIT_VIA_START);
    self->full.at[self->slot] = self->hard.at[self->slot] = self->now;
    set_name(life->number, name);
}

void
audit_life_end(audit_life *life)
{
    audit_thread *self = audit_self;
    if (life->run == 0 || self == NULL || self->run != life->run || self->number != life->number)
        return;
    if (life->run == owned_load_u64(&audit_running)) {
        audit_relay_release(&life->clocks, self);
        life->last = self->now;
        owned_mutex_lock(&mutex);
        slots[life->slot] = (slot_state){life->last, 0};
        owned_mutex_unlock(&mutex);
        owned_cas_u64(&life->state, LIFE_BEGUN, LIFE_ENDED);
    }
    ended_in = life->run;
    free_self();
}

/* One thread less. If it was the last, an era is over. */
static int
one_less(audit_thread *self)
{
    owned_mutex_lock(&mutex);
    int last = others != 0 && --others == 0;
    owned_mutex_unlock(&mutex);
    if (!last)
        return 0;
    new_era(self);
    return audit_set_many(0);
}

int
audit_life_joined(audit_life *life)
{
    audit_thread *self = audit_here();
    uint64_t state = owned_load_u64(&life->state);
    if (self == NULL || self->run != life->run || life->era != owned_load_u64(&audit_era) || state == LIFE_NONE ||
        state == LIFE_BEGUN)
        return 0;
    if (state == LIFE_FORKED) { /* it never came to life */
        return audit_life_given_up(life);
    }
    audit_relay_acquire(&life->clocks, self, AUDIT_VIA_JOIN);
    if (life->slot < self->hard.size && life->slot < self->full.size && self->hard.at[life->slot] < life->last)
        self->full.at[life->slot] = self->hard.at[life->slot] = life->last;
    return owned_cas_u64(&life->state, LIFE_ENDED, LIFE_OVER) ? one_less(self) : 0;
}

int
audit_life_given_up(audit_life *life)
{
    audit_thread *self = audit_self;
    if (self == NULL || self->run != owned_load_u64(&audit_running) || self->run != life->run ||
        life->era != owned_load_u64(&audit_era) || !owned_cas_u64(&life->state, LIFE_FORKED, LIFE_OVER))
        return 0;
    owned_mutex_lock(&mutex);
    slots[life->slot] = (slot_state){life->first - 1, 0};
    owned_mutex_unlock(&mutex);
    return one_less(self);
}

/* ---- for those who ask -------------------------------------------------------------------------------------- */

PyObject *
audit_thread_name(uint32_t number)
{
    thread_name name = "";
    owned_mutex_lock(&mutex);
    if (number != 0 && number <= names_used)
        memcpy(name, names[number - 1], NAME_LENGTH);
    owned_mutex_unlock(&mutex);
    return PyUnicode_FromString(name);
}

PyObject *
audit_thread_told(uint32_t number)
{
    PyObject *name = audit_thread_name(number);
    return name == NULL ? NULL : Py_BuildValue("(kN)", (unsigned long)number, name);
}

uint32_t
audit_threads_used(void)
{
    owned_mutex_lock(&mutex);
    uint32_t used = names_used;
    owned_mutex_unlock(&mutex);
    return used;
}
