/* Shadows: what is remembered of each variable. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_SHADOW_H
#define OWNED_SHADOW_H

#include "deaths.h"
#include "exposure.h"
#include "kinds.h"

typedef struct audit_target {
    PyObject *obj;  /* the shadow is found by its address; it lives while the call goes on */
    uint64_t key;   /* 0: the container */
    PyObject *name; /* of the attribute, global or closure variable, or the key; NULL: none */
    audit_sort sort;
    audit_group *group; /* NULL: to be found when it is needed */
    uintptr_t address;  /* of another object, whose dictionary `obj` is; 0: obj's own */
} audit_target;

#define AUDIT_KEY_SHOWN 48

/* What a race is made of. */
typedef struct audit_record {
    uint64_t clock;
    const audit_stack *stack;
    const audit_lockset *locks;
    uint32_t thread;
    uint16_t slot, kinds, operation;
} audit_record;

typedef struct audit_hit {
    audit_record earlier, later;
    int certain;
    audit_sort sort;
    char key[AUDIT_KEY_SHOWN]; /* of an item that the earlier access wrote, if that is known */
    audit_group *group;
    uint64_t object;
    const audit_stack *made;
    uint32_t maker;
} audit_hit;

/* This thread touches a variable. Any thread that has `self`; no error. It may run code of the GC's, as any allocation does. */
void audit_touch(audit_thread *self, const audit_target *target, unsigned kinds, unsigned operation);

/* The object was made just now, by the code `skip` calls up from here. */
void audit_made(PyObject *obj, int skip);

/* Its relay orders what puts something in and what takes it out. */
void audit_container_release(audit_thread *self, PyObject *obj);
void audit_container_acquire(audit_thread *self, PyObject *obj);

/* A number for an object that is not used for another one, until it ends. 0 without memory. */
uint64_t audit_object_number(PyObject *obj);

/* `dict` is the instance dictionary of `obj`, which has a number. And back: the address, and a copy of the name of its type; or 0 once
 * the object has ended. */
#define AUDIT_TYPE_SHOWN 128
void audit_link_dict(audit_thread *self, PyObject *dict, PyObject *obj, const char *type);
uintptr_t audit_owner_of_dict(PyObject *dict, char *type);

/* The object at this address ends, or another one begins there. Any thread, without Python code, errors or references. */
void audit_address_changes(uintptr_t address);

void audit_shadows_clear(void); /* all of them: everything is ordered before what comes */
void audit_shadows_limit(uint64_t bytes);
void audit_shadows_count_locks(void); /* tell the locks of what they protect, of variables that live */

typedef struct audit_counters {
    uint64_t accesses, lost, forgotten, objects, variables, bytes; /* atomic */
} audit_counters;
extern audit_counters audit_counts;

/* races.c */
void audit_race_found(const audit_hit *hit, const audit_target *target);
PyObject *audit_races_told(void);
void audit_races_clear(void);

/* operations.c: what an access is called */
enum {
    AUDIT_OP_ATTRIBUTE, AUDIT_OP_SET_ATTRIBUTE, AUDIT_OP_UPDATE_ATTRIBUTE, AUDIT_OP_ITEM, AUDIT_OP_SET_ITEM,
    AUDIT_OP_UPDATE_ITEM, AUDIT_OP_DELETE_ITEM, AUDIT_OP_ITERATION, AUDIT_OP_SLICE, AUDIT_OP_SET_SLICE, AUDIT_OP_IN,
    AUDIT_OP_IN_PLACE, AUDIT_OP_GLOBAL, AUDIT_OP_CLOSURE, AUDIT_OP_NAMED
};
unsigned audit_operation(const char *name);
PyObject *audit_operation_told(unsigned operation, const char *variable);

/* sync.c: locks that this thread took, and others have given back since, are not its any more. */
extern uint64_t audit_given_back; /* atomic: how many there were */
void audit_take_off(audit_thread *self);

void audit_lock_protects(const audit_lockset *set);

#endif
