/* Stacks of calls, each of which is kept once. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_DEPOT_H
#define OWNED_DEPOT_H

#include "audit.h"

typedef struct audit_place {
    PyObject *code;
    int instruction;
} audit_place;

typedef struct audit_chain {
    struct audit_chain *next;
    uint64_t hash;
    uint32_t depth;
    audit_place places[]; /* the nearest caller first; codes are strong */
} audit_chain;

typedef struct audit_stack {
    struct audit_stack *next;
    uint64_t site; /* what is written at one place of a file has several instructions */
    audit_place place;
    const audit_chain *callers; /* NULL: it was called from no Python code, or they are not known */
} audit_stack;

/* Any thread. The codes are alive for the caller. The results live until audit_depot_clear(). NULL for a depth of 0, or where there is
 * no room. */
const audit_chain *audit_depot_chain(const audit_place *places, size_t depth);
const audit_stack *audit_depot_stack(const audit_place *place, const audit_chain *callers);

/* As a tuple of Frames, without frames of owned/_audit. */
PyObject *audit_stack_told(const audit_stack *stack);

size_t audit_depot_used(void);
size_t audit_depot_bytes(void);
void audit_depot_clear(void);

#endif
