/* A map from the address of an object to a number or a pointer. Open addressing, no Python code, no references of its
 * own: whoever puts an object in keeps it alive, or takes it out in time. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_IDENTITY_H
#define OWNED_IDENTITY_H

#include "compat.h"

typedef struct {
    const void *key; /* NULL: free */
    uintptr_t value;
} owned_identity_entry;

typedef struct {
    owned_identity_entry *entries;
    size_t size; /* 0 or a power of two */
    size_t used;
} owned_identity;

/* 1 and the value, or 0. */
int owned_identity_find(const owned_identity *map, const void *key, uintptr_t *value);

/* Room for `more` further keys, so that as many owned_identity_put() cannot fail. 0, or -1 (no error set). */
int owned_identity_reserve(owned_identity *map, size_t more);

/* Room must be reserved. An old value is replaced; 1 and the old value if there was one, else 0. */
int owned_identity_put(owned_identity *map, const void *key, uintptr_t value, uintptr_t *old);

/* 1 and the value taken out, or 0. */
int owned_identity_take(owned_identity *map, const void *key, uintptr_t *value);

void owned_identity_release(owned_identity *map);

#endif
