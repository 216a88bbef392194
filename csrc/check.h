/* The check. The whole fast path is one compare: region->holder == my id.
 *
 * Never checked: destruction, traversal, weak references, id(), type(), identity, default hash. An object may die on any
 * thread, and the collector runs on any. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CHECK_H
#define OWNED_CHECK_H

#include "region.h"

/* How an object is touched: all a message and a lock need to know. Static and constant, one per way in. */
typedef enum {
    OWNED_ATTRIBUTE, /* detail is the attribute's name:       read .balance         */
    OWNED_ITEM,      /* detail is the key:                    write [3]             */
    OWNED_METHOD,    /* name is the method:                   call .append()        */
    OWNED_OPERATION, /* name is the operation:                len(), iteration, +   */
    OWNED_VERB,      /* the same, of a call that is granted or not: no policy lets it pass  */
} owned_access_form;

typedef struct {
    owned_access_form form;
    const char *verb; /* "read", "write", "delete", "call", "iterate over", "compare", ... */
    const char *name; /* ASCII; NULL where `detail` tells */
    char writes;      /* it may change the object */
} owned_access;

extern const owned_access owned_attr_read, owned_attr_write, owned_attr_delete;
extern const owned_access owned_item_read, owned_item_write, owned_item_delete;

/* Answers of a check */
enum {
    OWNED_REFUSED = -1, /* an OwnershipError (or another error) is set */
    OWNED_ALLOWED = 0,  /* allowed, but other threads may be there too: go through CPython's own accessors */
    OWNED_ALONE = 1,    /* allowed, and no other thread may touch it until we return to Python code; with
                           OWNED_DIRECT_FIELDS (compat.h) its fields may be read and written directly */
};

/* `obj` is whose region pointer is *where; `detail` is borrowed, may be NULL, and only its type and, for exact str, int
 * and such, its value are ever looked at. The slow path may run Python code (foreign locks, errors). */
OWNED_COLD int owned_check_slow(PyObject *obj, owned_region **where, const owned_access *how, PyObject *detail);

static inline int
owned_check(PyObject *obj, owned_region **where, const owned_access *how, PyObject *detail)
{
    owned_region *r = owned_load_ptr(where);
    if (OWNED_LIKELY(r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id))
        return OWNED_ALONE;
    return owned_check_slow(obj, where, how, detail);
}

/* May this thread read the object? No error, no Python code except a foreign lock's own answer. For repr stubs. */
int owned_may_look(PyObject *obj, owned_region **where);

/* New reference: "<Account at 0x7f.. owned by thread 'MainThread'>", for a thread that may not look. */
PyObject *owned_stub(PyObject *obj, owned_region **where);

/* An access to what is in `region` (resolved, borrowed) was refused: OWNED_REFUSED with the OwnershipError that fits set, or
 * OWNED_ALLOWED where the policy lets it pass, which it never does with verbs and with what is frozen. */
OWNED_COLD int owned_violation(PyObject *obj, owned_region *region, const owned_access *how, PyObject *detail);

/* Raise an OwnershipError of `kind` for a call of `verb` on `obj` that cannot be granted, with a message of its own.
 * Always OWNED_REFUSED. */
OWNED_COLD int owned_refuse(PyObject *kind, const char *verb, PyObject *obj, const char *format, ...);

#endif
