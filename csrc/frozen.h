/* What freezing is made of: frozen classes and what they are made from (frozen_type.c), the frozendict (frozendict.c),
 * and the plan that says for each type what freeze makes of its instances (plans are made in owned/_frozen.py). */
// SPDX-License-Identifier: MIT
#ifndef OWNED_FROZEN_H
#define OWNED_FROZEN_H

#include "carrier.h"

/* What freeze makes of an object. The numbers are owned._frozen.Kind's. */
typedef enum {
    OWNED_FREEZE_PASS,      /* as it is: immutable, synchronized, or frozen already                 */
    OWNED_FREEZE_INSTANCE,  /* in place: its __class__ becomes plan->frozen                         */
    OWNED_FREEZE_CONVERT,   /* plan->extra(obj) makes what stands for it                            */
    OWNED_FREEZE_REFUSE,    /* plan->extra says why                                                 */
    OWNED_FREEZE_LIST,      /* a tuple                                                              */
    OWNED_FREEZE_DICT,      /* a frozendict                                                         */
    OWNED_FREEZE_SET,       /* a frozenset                                                          */
    OWNED_FREEZE_BYTEARRAY, /* bytes                                                                */
    OWNED_FREEZE_TUPLE,     /* itself, or a tuple of its type where something in it changes         */
    OWNED_FREEZE_FROZENSET, /* itself, or a frozenset where something in it changes                 */
    OWNED_FREEZE_FROZENDICT, /* itself, or a frozendict where a value in it changes                 */
    OWNED_FREEZE_METHOD,    /* itself, or a bound method of what stands for its __self__            */
    OWNED_FREEZE_WRAPPER,   /* itself, around what stands for its inside                            */
} owned_freeze_kind;

typedef struct {
    PyObject_HEAD
    owned_freeze_kind kind;
    PyTypeObject *frozen; /* INSTANCE: the frozen class */
    PyObject *members;    /* INSTANCE: tuple of the member descriptors of all its slots */
    PyObject *names;      /* INSTANCE: set of the names that have a frozen_field, or NULL where none is needed */
    PyObject *extra;      /* CONVERT, REFUSE */
    char has_dict;
} owned_freeze_plan;

/* The plan of a frozen instance. Borrowed from its class; NULL with an error set. */
owned_freeze_plan *owned_freeze_plan_of_borrowed(PyObject *obj);

/* ---- frozen instances --------------------------------------------------------------------------------------- */

/* Is it an instance that was frozen in place? Looks at the type only. */
int owned_is_frozen_instance(PyObject *obj);

/* FrozenError for a write (value) or delete (NULL) of an attribute of a frozen instance. Always -1. */
int owned_frozen_refuse(PyObject *obj, PyObject *name, PyObject *value);

/* The class as its users know it: what stands behind a frozen class, else the type itself. Borrowed. */
PyTypeObject *owned_thawed_type(PyTypeObject *type);

/* Let every name in `dict`, the new __dict__ of an instance, be read-only on the frozen class. 0 or -1. */
int owned_frozen_cover(owned_freeze_plan *plan, PyObject *dict);

/* Assign __class__ through object's own setter, which a frozen instance otherwise refuses. 0 or -1. */
int owned_frozen_set_class(PyObject *obj, PyTypeObject *type);

/* Refuse object.__dict__["__class__"].__set__() on frozen instances from now on. 0 or -1. */
int owned_frozen_watch_class(void);

/* A read-only data descriptor for a name in the __dict__ of frozen instances. New reference. */
PyObject *owned_frozen_field_new(PyObject *name);

/* What stands in a plain class for the member descriptor of a slot, so that it cannot write frozen instances. */
PyObject *owned_guarded_slot_new(PyObject *member);
PyObject *owned_guarded_slot_member_borrowed(PyObject *slot);

/* The FROZEN region of an instance that was frozen in place, owned or not. New reference, NULL without an error. */
owned_region *owned_frozen_region(PyObject *obj);

/* Remember the regions of plain instances: room first (0, or -1 with an error set), then what cannot fail. */
int owned_frozen_reserve(size_t instances);
void owned_frozen_remember(PyObject *obj, owned_region *region);
void owned_frozen_forget(PyObject *obj);

/* ---- frozendict --------------------------------------------------------------------------------------------- */

/* An empty one of ours, to be filled once. New reference, NULL with an error set. */
PyObject *owned_frozendict_new(void);

/* Give it its items: an exact dict that nobody else has or will get. Steals the reference; cannot fail. */
void owned_frozendict_fill(PyObject *self, PyObject *dict);

/* The interpreter's own frozendict with the items of `dict` where there is one, else ours. New reference. */
PyObject *owned_frozendict_of(PyObject *dict);

/* The dict of one of ours, or a builtin frozendict itself; NULL for anything else. Borrowed; only to be read. */
PyObject *owned_frozendict_items_borrowed(PyObject *obj);

#endif
