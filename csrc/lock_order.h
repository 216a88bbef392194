/* In which order locks are taken: known orders here, the graph and the judgement in owned/_lock_order.py. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LOCK_ORDER_H
#define OWNED_LOCK_ORDER_H

#include "held.h"

/* This thread, which has listed locks (held.h), in strict mode, is about to wait without a limit for `lock`, which
 * it does not hold: is the order in which it takes its locks a known one, or else a right one? 0 to go on, -1 with an
 * error set. `must_go_on`: a wrong order is told, and no error is set for it. */
int owned_lock_order_check(PyObject *lock, owned_lock_tag *tag, int must_go_on);

#endif
