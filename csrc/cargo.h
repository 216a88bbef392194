/* A value that is handed over: what goes along with it, its departure and its arrival.
 *
 *     prepare   everything that can fail: the walk, and what is allocated
 *     depart    this thread's no more: IN_TRANSIT
 *     arrive    the getter's: PRIVATE
 *
 * An object that reaches no other guarded one departs into a region that all such objects of one carrier (a channel) have in
 * common, and arrives in the getter's home region: two pointers are written and nothing is allocated. Anything else goes as
 * move() has it, in regions of its own, which arrive with it. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_CARGO_H
#define OWNED_CARGO_H

#include "graph.h"

typedef struct {
    PyObject *value;       /* borrowed */
    owned_region *common;  /* borrowed: IN_TRANSIT for good, its record says where what is in it was put */
    int alone;             /* the value goes by itself, into `common` */
    PyObject *regions;     /* else what arrives with it: a Region, or a tuple of them, or the Parcel that the value is */
    owned_region *transit; /* borrowed from `regions`: where the graph goes, or NULL */
    PyObject *record;      /* of this hand-over */
    owned_graph graph;
} owned_cargo;

/* A Record of `verb` on `value`; `where` (a str) is what it is put into or got from. New reference. */
PyObject *owned_cargo_record(const char *verb, PyObject *value, PyObject *where);

/* A region for objects that depart by themselves, with the record that says where they were put. New reference. */
owned_region *owned_cargo_common(PyObject *record);

/* Get `value` ready to go, which owned_passing_of() said is MOVED, NOT, or UNGUARDED and let pass all the same. `verb` is
 * what the caller does with it, `where` (a str) where it goes, for messages and records. 0; -1 with an error set, of a guarded
 * object that is not this thread's for example; owned_cargo_release() is due either way. */
int owned_cargo_prepare(owned_cargo *cargo, PyObject *value, owned_region *common, const owned_access *verb, PyObject *where);

/* It goes. What owned_cargo_arrive() needs beside the value, a new reference. No Python code may have run since it was
 * prepared. Cannot fail. */
PyObject *owned_cargo_depart(owned_cargo *cargo);

void owned_cargo_release(owned_cargo *cargo);

/* Does its arrival need a record: is the mode strict, or is it a Parcel? */
int owned_cargo_wants_record(PyObject *load);

/* What departed arrives at this thread, which is registered: steals `load`, which is what owned_cargo_depart() gave, and the
 * reference to `value`. What came out, a new reference: the value, or what was in the Parcel. NULL with an error set only for a
 * Parcel that somebody has claimed meanwhile. `record` is due where owned_cargo_wants_record() says so. */
PyObject *owned_cargo_arrive(PyObject *value, PyObject *load, owned_region *common, PyObject *record);

#endif
