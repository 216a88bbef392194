/* Which variable an attribute or a key is, and which group it belongs to. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CLASSIFY_H
#define OWNED_CLASSIFY_H

#include "shadow.h"

/* What an attribute is to the instances of a type. */
enum {
    AUDIT_IS_NOTHING,  /* no variable: a property or another descriptor that runs code of its own, or a guarded object's */
    AUDIT_IS_METHOD,   /* found in the class, and bound: no variable until somebody writes it */
    AUDIT_IS_INSTANCE, /* the instance's */
    AUDIT_IS_DEFAULT,  /* the instance's, and while it has none the class's */
};

typedef enum {
    AUDIT_NO_CONTAINER,
    AUDIT_LIST,
    AUDIT_DICT,
    AUDIT_SET,
    AUDIT_DEQUE,
    AUDIT_ARRAY, /* and bytearray: what is at an index, of a fixed type */
} audit_container;

/* Of obj's type; of `obj` itself, where it is a type. These may run the GC, but no code of the object's or of its type's; no error. */
audit_attribute audit_attribute_of(audit_thread *self, PyObject *obj, PyObject *name);
audit_container audit_container_of(PyObject *obj);

/* An instance, or the class itself, gets an attribute where the class has a method: it is a variable from now on. */
void audit_attribute_written(PyObject *name);
int audit_is_written(uint64_t key);

/* Does the instance show the class's own value? */
int audit_shows_default(const audit_attribute *attribute, PyObject *obj, PyObject *name);

/* Which key it is: equal ones have the same number, never 0. 0: nobody can tell without running code. */
uint64_t audit_key_of(PyObject *key);

enum { AUDIT_KEY_STRING = 1, AUDIT_KEY_NUMBER, AUDIT_KEY_BYTES, AUDIT_KEY_TUPLE, AUDIT_KEY_NONE, AUDIT_KEY_OBJECT, AUDIT_KEY_HASH };

static inline uint64_t
audit_key_made(uint64_t sort, uint64_t value)
{
    uint64_t key = (value ^ sort << 60) * UINT64_C(0xBF58476D1CE4E5B9);
    key ^= key >> 32;
    return key == 0 ? 1 : key;
}

/* That of a str, whose hash is no code of anybody's. */
static inline uint64_t
audit_name_key(PyObject *name)
{
    return audit_key_made(AUDIT_KEY_STRING, (uint64_t)PyUnicode_Type.tp_hash(name));
}

/* A sequence's index as a key. */
uint64_t audit_index_key(PyObject *obj, PyObject *index);
PyObject *audit_index_shown(PyObject *obj, PyObject *index); /* counted from the start; NULL without memory, and no error */

/* The group of a variable; NULL without memory. Where the container was made is `made`. */
audit_group *audit_group_of(const audit_target *target, const audit_stack *made);

/* "module.Class"; builtin types have their name only. */
PyObject *audit_type_name(PyTypeObject *type);

int audit_add_synchronized(PyObject *type, int exact);

/* Those of other modules, once they are imported; NULL before. Borrowed, as `known` holds them. */
extern PyTypeObject *audit_deque_type, *audit_array_type;

/* The scope's code, borrowed: sync.c. */
PyObject *audit_scope_code_borrowed(PyObject *scope);

#endif
