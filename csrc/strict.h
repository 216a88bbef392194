/* What strict mode asks about values that the program hands over: who else holds them, and who guards what they reach. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_STRICT_H
#define OWNED_STRICT_H

#include "check.h"
#include "mode.h"

/* The references that the core itself has to a value where it asks. */
enum {
    OWNED_VALUE_STORED = 0, /* it is about to be stored: there are those of whoever passes it */
    OWNED_VALUE_FOUND = 2,  /* it was just read from the instance's __dict__ */
};

OWNED_COLD int owned_strict_look_store(PyObject *value, Py_ssize_t own, PyObject *holder, owned_access_form form, PyObject *detail);
OWNED_COLD int owned_strict_look_own(PyObject *obj);
OWNED_COLD int owned_strict_look_share(PyObject *obj);

/* `value` is about to be stored in the guarded `holder`, as the attribute or item `detail` (borrowed, may be NULL). In strict mode
 * warn if an exact list, dict or set, which is replaced by a guarded copy, has another holder, and if what is stored in a
 * shared object is guarded by nobody. 0; or -1 with an error set, if a filter made an exception of a warning: then store nothing. */
static inline int
owned_strict_store(PyObject *value, Py_ssize_t own, PyObject *holder, owned_access_form form, PyObject *detail)
{
    if (OWNED_LIKELY(!owned_mode_is_strict()) || value == NULL)
        return 0;
    return owned_strict_look_store(value, own, holder, form, detail);
}

/* `obj` is about to be wrapped by own(): warn if it has another holder. 0 or -1. */
static inline int
owned_strict_own(PyObject *obj)
{
    return OWNED_LIKELY(!owned_mode_is_strict()) ? 0 : owned_strict_look_own(obj);
}

/* `obj` is about to be shared: warn of what it reaches and nobody guards. 0 or -1. */
static inline int
owned_strict_share(PyObject *obj)
{
    return OWNED_LIKELY(!owned_mode_is_strict()) ? 0 : owned_strict_look_share(obj);
}

#endif
