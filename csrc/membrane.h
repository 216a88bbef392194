/* The membrane of own(): what is wrapped, in which region, and what may come out bare.
 *
 * One own() makes one region, the membrane, when something first comes out of it: until then it is in the home region of its thread,
 * and costs none. Every wrapper that comes out of the first one carries the same region, so sharing, moving or adopting any of them
 * forwards that region and all the others follow. Wrappers are therefore never re-pointed one by one. (In a `with Region()`
 * block, and in a call that a thread makes for another one, the region of that is all of theirs from the beginning.)
 *
 * Two wrappers over one object must agree on its region, wherever they came from: a table from the address of what is
 * wrapped answers that. So where there is a second one, both are in a membrane. A wrapper keeps its inside alive, so an
 * address cannot be reused while its entry is there. The table gives out regions, never wrappers, so nothing can be brought
 * back to life through it. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_MEMBRANE_H
#define OWNED_MEMBRANE_H

#include "carrier.h"
#include "state.h"

/* ---- wrappers ---------------------------------------------------------------------------------------------- */

/* Every type that has instances derives directly from Wrapper, and none has subclasses. */
static inline int
owned_is_wrapper(PyObject *obj)
{
    return Py_TYPE(obj)->tp_base == owned_the_state->Wrapper;
}

/* own(obj): checks what is guarded already, else a wrapper in a region that this thread may touch. */
PyObject *owned_wrap_root(PyObject *obj);

/* Free the memory that is kept for wrappers of bound methods. */
void owned_wrapper_drain_spares(owned_state *state);

/* ---- the table --------------------------------------------------------------------------------------------- */

/* A new wrapper, which is around something and has no region yet, is put into `region` unless the table knows better.
 * 0, or -1 with MemoryError set and nothing changed. */
int owned_membrane_list(PyObject *wrapper, owned_region *region);

/* The same for a wrapper that will be around `inside` soon. The region that counts, as a new reference; NULL with MemoryError
 * set. */
owned_region *owned_membrane_enter(PyObject *inside, owned_region *region);

/* One wrapper over `inside` less, while it is around it still. Cannot fail. */
void owned_membrane_leave(PyObject *inside);

/* The region of the wrappers over `obj`: a new reference, or NULL without an error when there are none. */
owned_region *owned_membrane_find(PyObject *obj);

/* The same in *membrane, after what is in a home region still was given a membrane. 0, or -1 with MemoryError set. */
int owned_membrane_around(PyObject *obj, owned_region **membrane);

/* The region of a wrapper, resolved, for what comes out of it and for what is done to all that came out of it: a membrane, or
 * what that was forwarded to. New reference, NULL with MemoryError set. */
owned_region *owned_membrane_of(PyObject *wrapper);

/* ---- types of wrappers ------------------------------------------------------------------------------------- */

/* How values of a type pass through a membrane. */
enum {
    OWNED_BARE = 1,         /* no code can change them: they come out as they are, and no table lists them */
    OWNED_SYNCHRONIZED = 2, /* locks, queues, threads: they serve many threads and guard themselves */
    OWNED_UNLISTED = 4,     /* they come out wrapped, but have no identity worth a place in the table */
    OWNED_METHOD_TYPE = 8,  /* bound methods, which are checked when they are called too */
};

/* The type whose instances wrap values of `inside`, borrowed from the module; its passage flags in *passage unless that is
 * NULL. NULL with an error set. */
PyTypeObject *owned_wrapper_type_for(PyTypeObject *inside, int *passage);

/* The same for the iterator that drives an `await`: what it yields is between the awaitable and the event loop. */
PyTypeObject *owned_wrapper_type_for_awaiting(PyTypeObject *inside, int *passage);

/* The type of this name in a module, if that is loaded: a new reference; NULL without an error where there is none. */
PyObject *owned_find_known_type(const char *module_name, const char *name);

/* The attribute of a type itself, not of its metaclass or instances: a new reference; NULL without an error when there is
 * none, NULL with one when the look-up failed. */
PyObject *owned_type_lookup(PyTypeObject *type, PyObject *name);

int owned_wrapper_types_add(PyObject *module);

#endif
