/* Tokens of threads, Syncs, locks and scopes, as Python has them. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_SYNC_H
#define OWNED_SYNC_H

#include "audit.h"

int audit_sync_add(PyObject *module);

PyObject *audit_locks_told(void);
void audit_locks_clear(void);

/* One for the function that runs. */
PyObject *audit_scope_new(void);
int audit_is_scope(PyObject *obj);

#endif
