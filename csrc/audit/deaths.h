/* When an object ends, or another begins at its address: so that no shadow is ever taken for another object's. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_DEATHS_H
#define OWNED_DEATHS_H

#include "audit.h"

/* Objects of neighbouring addresses have neighbouring places in this table; many share one. Each is atomic:
 *     bits 0..27   how many objects that were known of have ended at such addresses
 *     bits 28..45  how many that live are known of
 *     bits 46..63  the era in which something was last made at such an address while there were many threads, 0: never */
#define AUDIT_PLACES (UINT32_C(1) << 18)
extern uint64_t audit_places[AUDIT_PLACES];

#define AUDIT_DEATHS_MASK ((UINT64_C(1) << 28) - 1)
#define AUDIT_KNOWN_ONE (UINT64_C(1) << 28)
#define AUDIT_KNOWN_MASK (((UINT64_C(1) << 18) - 1) << 28)
#define AUDIT_ERA_SHIFT 46

static inline uint32_t
audit_place_of(uintptr_t address)
{
    return (uint32_t)(address >> 4) & (AUDIT_PLACES - 1);
}

static inline uint32_t
audit_deaths_at(uintptr_t address)
{
    return (uint32_t)(owned_load_u64(&audit_places[audit_place_of(address)]) & AUDIT_DEATHS_MASK);
}

/* The era as places know it: never 0, and the same only after a quarter of a million of them. */
static inline uint64_t
audit_short_era(uint64_t era)
{
    return era % ((UINT64_C(1) << 18) - 1) + 1;
}

/* How many frames (before 3.13: objects) were made at such addresses so far: while this stays the same, a frame object is that of the same
 * call. Each is atomic. */
#define AUDIT_FRAMES 1024
extern uint64_t audit_frames[AUDIT_FRAMES];

static inline uint64_t *
audit_frames_at(uintptr_t address)
{
    return &audit_frames[(address >> 4) & (AUDIT_FRAMES - 1)];
}

int audit_deaths_watch(void); /* from now on: 0 or -1 with an error */
void audit_deaths_unwatch(void);

#endif
