/* What share, move, adopt and freeze have in common. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_VERBS_H
#define OWNED_VERBS_H

#include "carrier.h"

/* The resolved region of a guarded object or of a Region, in *region (new reference), with this thread registered.
 * TypeError for anything else. */
int owned_verb_target(const char *verb, PyObject *obj, owned_region **region);

/* share(obj, lock), where lock may be None: a new reference to obj, NULL with an error set and nothing changed. */
PyObject *owned_share(PyObject *obj, PyObject *lock);

/* freeze(obj): a new reference to what is frozen, NULL with an error set and nothing changed. */
PyObject *owned_freeze(PyObject *obj);

/* RuntimeError for a region whose block is open. */
int owned_verb_refuse_open(const char *verb, owned_region *region);

/* Region.merge(other). */
PyObject *owned_region_merge(PyObject *self, PyObject *other);

/* A Record of this call: who, where, which root, how many objects. New reference. */
PyObject *owned_verb_record(const char *verb, PyObject *root, size_t count);

#endif
