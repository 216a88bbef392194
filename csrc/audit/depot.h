/* Stacks of calls, each of which is kept once. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_DEPOT_H
#define OWNED_DEPOT_H

#include "audit.h"

typedef struct audit_place {
    PyObject *code;
    int instruction;
} audit_place;

typedef struct audit_stack {
    struct audit_stack *next;
    uint64_t hash;
    uint64_t site; /* of the innermost place: what is written at one place of a file has several instructions */
    uint32_t depth;
    audit_place places[]; /* innermost first; codes are strong */
} audit_stack;

#define AUDIT_DEPTH 8 /* calls that an access tells of */

/* The stack of the Python calls that led here without the innermost `skip`, at most `most` of them. It lives until
 * audit_depot_clear(). NULL where there is none or no room. Makes frame objects, but runs no Python code. */
const audit_stack *audit_stack_here(int skip, size_t most);

/* As a tuple of Frames, without frames of owned/_audit. */
PyObject *audit_stack_told(const audit_stack *stack);

size_t audit_depot_used(void);
size_t audit_depot_bytes(void);
void audit_depot_clear(void);

#endif
