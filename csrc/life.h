/* Where guarded objects come from: what strict mode remembers of each, for messages and for explain().
 *
 * An object's life is where it was made (the Python calls that led there, and the thread) and the Records of the verbs that took it
 * along since. It is kept in a table by the object's address, from a birth or a verb in strict mode until the object's death,
 * whatever the mode is by then.
 *
 * What goes along as a whole (a Region(), a membrane, what was moved) is not walked: the Record is kept for the region, and
 * an object that leaves the region takes the region's Records with it. So an object's life is its own entry, and then that of the
 * region it is in. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_LIFE_H
#define OWNED_LIFE_H

#include "mode.h"
#include "region.h"

extern uint64_t owned_life_in_use; /* atomic; 1 from the first entry on, so that a program without strict mode pays one load */

/* Any thread; no Python code, no error: what does not fit is not remembered. */
OWNED_COLD void owned_life_begin(PyObject *obj);
OWNED_COLD void owned_life_end(PyObject *obj);
OWNED_COLD void owned_life_note(PyObject *obj, PyObject *record);
OWNED_COLD void owned_life_take_along(PyObject *obj, owned_region *from, owned_region *to);

/* `obj` was made just now by the code that runs on this thread. */
static inline void
owned_life_made(PyObject *obj)
{
    if (OWNED_UNLIKELY(owned_mode_is_strict()))
        owned_life_begin(obj);
}

/* `obj`, which may be a region, is being deallocated: its address will be another's. */
static inline void
owned_life_over(PyObject *obj)
{
    if (OWNED_UNLIKELY(owned_load_u64(&owned_life_in_use)))
        owned_life_end(obj);
}

/* A verb took `obj` along, which is an object that carries a region (but no wrapper) or a plain region. */
static inline void
owned_life_step(PyObject *obj, PyObject *record)
{
    if (OWNED_UNLIKELY(owned_mode_is_strict()))
        owned_life_note(obj, record);
}

/* `obj` is pointed at `to` now instead of at `from`, which the caller keeps alive. */
static inline void
owned_life_moves_on(PyObject *obj, owned_region *from, owned_region *to)
{
    if (OWNED_UNLIKELY(owned_load_u64(&owned_life_in_use) && from != NULL))
        owned_life_take_along(obj, from, to);
}

/* Let everything go, with the module. */
void owned_life_clear(void);

#endif
