/* The rules of conflicts, and the tables that are made of them. */
// SPDX-License-Identifier: MIT
#include "kinds.h"

uint16_t audit_conflicts[AUDIT_KINDS], audit_covered[AUDIT_KINDS];

static const struct {
    unsigned kind, with;
} rules[] = {
    {AUDIT_READ, AUDIT_WRITE | AUDIT_ATOMIC},
    {AUDIT_WRITE, AUDIT_READ | AUDIT_WRITE | AUDIT_ATOMIC},
    {AUDIT_ATOMIC, AUDIT_READ | AUDIT_WRITE},
    {AUDIT_LENGTH, AUDIT_GROW | AUDIT_CHANGE | AUDIT_REWRITE},
    {AUDIT_ALL, AUDIT_WRITE_ITEM | AUDIT_GROW | AUDIT_CHANGE | AUDIT_REWRITE},
    {AUDIT_READ_ITEM, AUDIT_CHANGE | AUDIT_REWRITE},
    {AUDIT_WRITE_ITEM, AUDIT_ALL | AUDIT_CHANGE | AUDIT_REWRITE},
    {AUDIT_GROW, AUDIT_LENGTH | AUDIT_ALL | AUDIT_REWRITE},
    {AUDIT_CHANGE, AUDIT_LENGTH | AUDIT_ALL | AUDIT_READ_ITEM | AUDIT_WRITE_ITEM | AUDIT_REWRITE},
    {AUDIT_REWRITE,
     AUDIT_LENGTH | AUDIT_ALL | AUDIT_READ_ITEM | AUDIT_WRITE_ITEM | AUDIT_GROW | AUDIT_CHANGE | AUDIT_REWRITE},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

void
audit_kinds_init(void)
{
    for (unsigned kinds = 0; kinds < AUDIT_KINDS; kinds++) {
        unsigned with = 0, covered = 0;
        for (unsigned i = 0; i < RULES; i++)
            with |= kinds & rules[i].kind ? rules[i].with : 0;
        for (unsigned i = 0; i < RULES; i++)
            covered |= rules[i].with & ~with ? 0 : rules[i].kind;
        audit_conflicts[kinds] = (uint16_t)with;
        audit_covered[kinds] = (uint16_t)covered;
    }
}
