/* Sets of locks, each of which is kept once: two equal sets are one pointer. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LOCKSET_H
#define OWNED_LOCKSET_H

#include "audit.h"

typedef struct audit_lockset {
    struct audit_lockset *next;
    uint64_t hash;
    uint32_t used;
    uint32_t locks[]; /* sorted: number << 1, | 1 where it is held for reading only */
} audit_lockset;

extern const audit_lockset audit_no_locks;  /* the empty set */
extern const audit_lockset audit_any_locks; /* where memory or numbers ran out: nothing is concluded from it */

/* Any thread. The results live until audit_lockset_clear(). */
const audit_lockset *audit_lockset_with(const audit_lockset *set, uint32_t number, int read);
const audit_lockset *audit_lockset_without(const audit_lockset *set, uint32_t number);
const audit_lockset *audit_lockset_both(const audit_lockset *a, const audit_lockset *b);

/* Does a lock exclude an access under `a` from one under `b`? One that both hold, and not both for reading. */
int audit_lockset_excludes(const audit_lockset *a, const audit_lockset *b);

/* Is whatever `less` excludes excluded by `more` as well? */
int audit_lockset_within(const audit_lockset *less, const audit_lockset *more);

PyObject *audit_lockset_told(const audit_lockset *set); /* a tuple of numbers, negative where held for reading */
void audit_lockset_clear(void);

#endif
