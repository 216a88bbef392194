/* What accesses do, and which of them conflict. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_KINDS_H
#define OWNED_KINDS_H

#include <stdint.h>

/* What an access does, to an attribute, global, closure variable or item ... */
enum {
    AUDIT_READ = 1,
    AUDIT_WRITE = 2,
    AUDIT_ATOMIC = 4,    /* an update that CPython makes indivisible */
    /* ... or to a container */
    AUDIT_LENGTH = 8,    /* its structure is read */
    AUDIT_ALL = 16,      /* its structure and all of its items are read */
    AUDIT_READ_ITEM = 32,
    AUDIT_WRITE_ITEM = 64,
    AUDIT_GROW = 128,    /* an indivisible update that leaves other items where and as they are */
    AUDIT_CHANGE = 256,  /* an indivisible update of any items */
    AUDIT_REWRITE = 512, /* all of it is written, in several steps or with code of the program in between */
};

#define AUDIT_KINDS 1024 /* sets of them */

extern uint16_t audit_conflicts[AUDIT_KINDS], audit_covered[AUDIT_KINDS];

void audit_kinds_init(void);

/* With which kinds an access of these conflicts. */
static inline unsigned
audit_conflicts_of(unsigned kinds)
{
    return audit_conflicts[kinds];
}

/* The kinds that conflict with nothing with which these do not: whoever made an access of these need not be asked for one of those. */
static inline unsigned
audit_covered_by(unsigned kinds)
{
    return audit_covered[kinds];
}

#endif
