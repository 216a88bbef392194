/* What rewritten code calls. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_HOOKS_H
#define OWNED_HOOKS_H

#include "audit.h"

extern PyMethodDef audit_hooks[];

int audit_steps_add(PyObject *module);
int audit_place_add(PyObject *module);

PyObject *audit_place_new(PyObject *obj);

#endif
