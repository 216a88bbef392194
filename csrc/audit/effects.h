/* What calls of known methods and functions do to the containers they are given. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_EFFECTS_H
#define OWNED_EFFECTS_H

#include "shadow.h"

int audit_effects_add(PyObject *module);

/* `callable`, or what tells of its call and then makes it. Steals the reference; NULL stays NULL. */
PyObject *audit_told_of(PyObject *callable);

/* ---- accesses by the way of an operation: hooks.c ---- */

void audit_read_attribute(audit_thread *self, PyObject *obj, PyObject *name, unsigned operation);
void audit_write_attribute(audit_thread *self, PyObject *obj, PyObject *name, int reads, unsigned operation);

/* Of whatever is a container; anything else is left alone. */
void audit_touch_container(audit_thread *self, PyObject *obj, unsigned kinds, unsigned operation);
void audit_touch_item(audit_thread *self, PyObject *obj, PyObject *key, unsigned item_kinds, unsigned operation);
void audit_delete_item(audit_thread *self, PyObject *obj, PyObject *key, unsigned operation);

/* Its dictionary is looked at: what happens there happens to its attributes. */
void audit_note_dict(audit_thread *self, PyObject *obj);

void audit_touch_in_place(audit_thread *self, PyObject *obj); /* by an operator such as += */
void audit_touch_contained(audit_thread *self, PyObject *obj, PyObject *key); /* `key in obj` */

/* A dict for its view, or `obj`; a new reference. */
PyObject *audit_behind_view(PyObject *obj);

/* An iterator that tells of each step, if obj is a container or a view of one; otherwise obj itself. NULL with an error. */
PyObject *audit_steps(PyObject *obj, unsigned operation);

#endif
