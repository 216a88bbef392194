/* What stays of variables when they are gone: the map of exposure. A group is all variables of one class and attribute, one global,
 * one closure variable, or of the containers that were made at one place. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_EXPOSURE_H
#define OWNED_EXPOSURE_H

#include "clocks.h"
#include "depot.h"

typedef enum {
    AUDIT_ATTRIBUTE,
    AUDIT_CLASS_ATTRIBUTE,
    AUDIT_GLOBAL,
    AUDIT_CLOSURE,
    AUDIT_ITEM,
    AUDIT_CONTAINER,
    AUDIT_NOTHING /* no variable at all */
} audit_sort;

typedef struct audit_group {
    struct audit_group *next;
    uint64_t hash;
    audit_sort sort;
    const audit_stack *made;
    owned_mutex mutex; /* for all below */
    audit_numbers threads;
    uint64_t objects, shared, reads, writes, initial, races, possible;
    const audit_lockset *locks; /* NULL: nothing is shared */
    uint64_t ordered_by;        /* a bit for each kind of Sync */
    size_t owner_length;
    char owner[]; /* and its name after it */
} audit_group;

/* Any thread, no Python code. Lives until audit_groups_clear(). NULL without memory. */
audit_group *audit_group_get(audit_sort sort, const char *owner, const char *name, const audit_stack *made);

static inline const char *
audit_group_name(const audit_group *group)
{
    return group->owner + group->owner_length + 1;
}

const char *audit_sort_name(audit_sort sort);

PyObject *audit_numbers_told(const uint32_t *numbers, uint32_t used); /* a tuple of (number, name) */
PyObject *audit_groups_told(void);
void audit_groups_clear(void);

#endif
