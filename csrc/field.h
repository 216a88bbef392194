/* Where the classes keep their fields: what each thread has found out, for writes.
 *
 * The interpreter specializes no write that a C function answers, so each one would ask the class for the descriptor, call it, and
 * have it look up what it knows already. What was found stays true as long as the class's version does: CPython gives a class a
 * new one whenever it, or a base, changes, and never the same twice. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_FIELD_H
#define OWNED_FIELD_H

#include "thread.h"

#define OWNED_FIELDS 512 /* a power of two */

typedef struct owned_field {
    PyObject *name;     /* strong; NULL: nothing is remembered here */
    PyMemberDef *slot;  /* the class's own; NULL: not a slot, so object's setter knows what to do */
    Py_ssize_t offset;  /* the slot's */
    uint32_t version;
} owned_field;

static inline size_t
owned_field_place(uint32_t version, PyObject *name)
{
    return ((size_t)version * 31 + ((uintptr_t)name >> 4)) % OWNED_FIELDS;
}

/* What is known of `name` in `type`, or NULL. */
static inline owned_field *
owned_field_known(PyTypeObject *type, PyObject *name)
{
    owned_field *fields = owned_this_thread.fields;
    uint32_t version = owned_type_version(type);
    if (OWNED_UNLIKELY(fields == NULL))
        return NULL;
    owned_field *field = &fields[owned_field_place(version, name)];
    return OWNED_LIKELY(field->name == name && field->version == version) ? field : NULL;
}

/* Remember that `name` was found in `type` while its version was `version`: in `slot`, or elsewhere if that is NULL. */
OWNED_COLD void owned_field_note(PyTypeObject *type, PyObject *name, uint32_t version, PyMemberDef *slot);

/* This thread is registered no more: it forgets all it has found out. */
void owned_field_thread_ends(void);

#endif
