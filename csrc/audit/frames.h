/* Where a thread is. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_FRAMES_H
#define OWNED_FRAMES_H

#include "clocks.h"

/* The stack of the Python calls that led here without the innermost `skip`, at most `most` (of AUDIT_DEPTH) of them. NULL where there
 * is none or no room. Makes frame objects, but runs no Python code. */
const audit_stack *audit_stack_here(audit_thread *self, int skip, size_t most);

#endif
