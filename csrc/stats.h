/* What has been counted since the start, and what is alive: for stats(). Never counted: a check. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_STATS_H
#define OWNED_STATS_H

#include "compat.h"

#define OWNED_COUNTERS(X) /* in the order of _core.counters() */                                                        \
    X(VIOLATIONS) X(SHARES) X(FREEZES) X(MOVES) X(CLAIMS) X(ADOPTIONS)                                                  \
    X(REGIONS) /* alive; those that are locks apart */                                                                  \
    X(LOCKS)   /* alive */

typedef enum {
#define X(name) OWNED_COUNT_##name,
    OWNED_COUNTERS(X)
#undef X
    OWNED_COUNTERS_END,
} owned_counter;

extern uint64_t owned_counters[OWNED_COUNTERS_END]; /* atomic */

static inline void
owned_count(owned_counter which)
{
    owned_add_u64(&owned_counters[which], 1);
}

/* One less of what is alive. */
static inline void
owned_uncount(owned_counter which)
{
    owned_add_u64(&owned_counters[which], (uint64_t)-1);
}

#endif
