/* owned._audit._detector: what all its files share, and its conventions.
 *
 * - As in csrc/state.h: -1 with an error set, 0 or 1 as an answer; new references unless the name ends in _borrowed. Names that
 *   files share begin with audit_.
 * - What the detector remembers is plain memory, no object of Python's: nothing of the program is kept alive but code objects
 *   (see depot.h), which hold constants and names only.
 * - Mutexes are held for a few instructions in which no Python code runs and nothing blocks. Their order is: a shard of the shadows,
 *   then a group, the locks' table or the locksets. Whatever may run Python (a frame, a name of a type) is done before. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_AUDIT_H
#define OWNED_AUDIT_H

#include "../compat.h"

#define AUDIT_TYPES(X) /* made from specs */ X(ThreadToken) X(Sync) X(LockInfo) X(Scope) X(Teller) X(Steps) X(Place)

typedef struct audit_state {
#define X(name) PyTypeObject *name;
    AUDIT_TYPES(X)
#undef X
    PyObject *builtins; /* the dict */
#define AUDIT_NAMES(X) /* interned strings */                                                                          \
    X(MT, "@owned.MT") X(module, "__module__") X(name, "__name__") X(qualname, "__qualname__") X(co_qualname, "co_qualname")   \
    X(mro, "__mro__") X(self, "__self__") X(dict, "__dict__")
#define X(field, text) PyObject *str_##field;
    AUDIT_NAMES(X)
#undef X
    PyObject *here;         /* the folder of owned._audit: its frames are nobody's business */
    PyObject *known;        /* list: what the table of effects knows by address is alive */
    PyObject *synchronized; /* dict: a type -> True: subclasses as well */
    PyObject *on_race;      /* or NULL; under on_race_mutex */
    owned_mutex on_race_mutex;
} audit_state;

extern audit_state *audit_the_state;

/* Atomic. The number of the run that start() began, 0 while none goes on; and whether there may be a second thread. */
extern uint64_t audit_running, audit_many;

/* While MT is None nothing is recorded. */
static inline int
audit_is_on(void)
{
    return owned_load_u64(&audit_many) != 0;
}

/* The callable of on_race(), as a new reference, or NULL. */
PyObject *audit_listener(void);

int audit_add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *spec, int is_public);

/* Say it to the program: builtins["@owned.MT"]. */
int audit_set_many(int many);

static inline uint64_t
audit_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* A set of small numbers that stops growing at AUDIT_NUMBERS_MOST. */
#define AUDIT_NUMBERS_MOST 64
typedef struct {
    uint32_t *at;
    uint32_t used, size;
} audit_numbers;

int audit_numbers_add(audit_numbers *set, uint32_t number);
void audit_numbers_release(audit_numbers *set);

#endif
