/* The walk of the deep verbs: what goes along when an object is shared, moved, adopted or finalized.
 *
 * From the roots through guarded objects of the regions that `takes` accepts, plain tuples, frozensets, lists, dicts and sets on the
 * way, and, behind a wrapper, the instances of Python classes too. What is in another region stays there, and the walk does
 * not look behind it. No C recursion, no Python code. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_GRAPH_H
#define OWNED_GRAPH_H

#include "carrier.h"

typedef int (*owned_region_test)(owned_region *region, PyObject *obj);

typedef struct {
    PyObject **seen; /* open addressing, borrowed: every object met is kept alive by `queue` */
    size_t seen_size, seen_used;
    PyObject **queue; /* strong references; the low bit marks what was met behind a wrapper */
    size_t queue_size, queue_used;
    PyObject **taken; /* borrowed from queue: guarded objects to re-point */
    size_t taken_size, taken_used;
    owned_region **membranes; /* strong references, each once: regions that go as a whole */
    size_t membranes_size, membranes_used;
} owned_graph;

/* Walk from `roots[0..count)`. 0, or -1 with an error set; either way owned_graph_release() is due. */
int owned_graph_walk(owned_graph *graph, PyObject *const *roots, Py_ssize_t count, owned_region_test takes);

/* The same from what `parent` refers to, without `parent`. */
int owned_graph_walk_children(owned_graph *graph, PyObject *parent, owned_region_test takes);

/* Re-point all that was taken at `to`, and forward the membranes there. Cannot fail. */
void owned_graph_give(owned_graph *graph, owned_region *to);

/* The same for what is private to this thread still: code may have run since the walk. Cannot fail. */
void owned_graph_give_mine(owned_graph *graph, owned_region *to);

/* Keep `record` as a step in the life of all that was given, in strict mode. Cannot fail. */
void owned_graph_tell(owned_graph *graph, PyObject *record);

void owned_graph_release(owned_graph *graph);

/* Takes what is private to this thread. */
int owned_graph_takes_mine(owned_region *region, PyObject *obj);

#endif
