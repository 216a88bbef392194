/* How much is checked: one number for the process, read behind the failed compare and where strict mode adds something. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_MODE_H
#define OWNED_MODE_H

#include "compat.h"

typedef enum {
    OWNED_MODE_OFF,     /* nothing is refused */
    OWNED_MODE_GUARD,   /* writes */
    OWNED_MODE_CHECKED, /* reads and writes */
    OWNED_MODE_STRICT,  /* the same, and much is remembered for explanations */
} owned_mode;

extern uint64_t owned_mode_number; /* atomic; an owned_mode */

static inline owned_mode
owned_mode_now(void)
{
    return (owned_mode)owned_load_u64(&owned_mode_number);
}

static inline int
owned_mode_is_strict(void)
{
    return owned_mode_now() == OWNED_MODE_STRICT;
}

/* Something has come to depend on whether the mode is off: a class was made, an object owned or shared. */
extern uint64_t owned_mode_relied_on; /* atomic; 0 or 1 */

static inline void
owned_mode_rely(void)
{
    if (OWNED_UNLIKELY(!owned_load_u64(&owned_mode_relied_on)))
        owned_store_u64(&owned_mode_relied_on, 1);
}

#endif
