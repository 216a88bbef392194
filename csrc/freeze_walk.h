/* The first phase of freeze: everything reachable from the root, proved to be freezable, and all that will be put in
 * its place made. Nothing that the program can see has changed when it ends, well or not. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_FREEZE_WALK_H
#define OWNED_FREEZE_WALK_H

#include "frozen.h"
#include "identity.h"

/* One object that does not simply pass. */
typedef struct {
    PyObject *obj;           /* strong */
    PyObject *copy;          /* strong: a private snapshot of what it holds, or of its __dict__; becomes the replacement's */
    PyObject *made;          /* strong: what stands for it from now on; NULL: itself, or see `alias` */
    PyObject **values;       /* strong references: what an instance's slots hold; NULL where a slot is empty */
    owned_freeze_plan *plan; /* borrowed from the walk */
    Py_ssize_t parent;       /* the node it was first reached from; -1: it is the root */
    Py_ssize_t alias;        /* CONVERT: the node of what the conversion gave, -1: that passes as it is */
    Py_ssize_t holders;      /* head of the list in `edges` of nodes that change when this one does; -1: none */
    char kind;               /* owned_freeze_kind */
    char changes;            /* something else will stand for it */
    char making;             /* it is on the stack of make_late() */
    char committed;          /* INSTANCE, WRAPPER: how far the second phase got */
} owned_freeze_node;

typedef struct {
    Py_ssize_t holder, next;
} owned_freeze_edge;

typedef struct {
    owned_freeze_node *nodes;
    size_t nodes_size, nodes_used;
    owned_freeze_edge *edges;
    size_t edges_size, edges_used;
    owned_identity indexes; /* address of node.obj -> its index */
    owned_identity plans;   /* type -> plan, references kept by `kept` */
    PyObject *kept;         /* list: types, plans and results of conversions */
    size_t instances;       /* how many nodes are instances */
    size_t guarded;         /* how many are guarded objects */
    int probing;            /* is_frozen(): stop at the first thing that would have to change */
    int unfrozen;           /* probing found one */
} owned_freeze_walk;

/* Room for one more item in an array that doubles. 0, or -1 with MemoryError set. */
static inline int
owned_grow(void *array, size_t *size, size_t used, size_t item)
{
    if (used < *size)
        return 0;
    size_t wanted = *size == 0 ? 16 : *size * 2;
    void *bigger = wanted > SIZE_MAX / item ? NULL : PyMem_Realloc(*(void **)array, wanted * item);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *(void **)array = bigger;
    *size = wanted;
    return 0;
}

/* Gather and make everything that the roots reach. 0, or -1 with an error set; either way owned_freeze_walk_release() is due. */
int owned_freeze_walk_from(owned_freeze_walk *walk, PyObject *const *roots, Py_ssize_t count);

/* Was this object met? */
int owned_freeze_walk_met(const owned_freeze_walk *walk, PyObject *obj);

/* Would freezing change nothing? 1, 0, or -1 with an error set. Release is due. */
int owned_freeze_walk_probe(owned_freeze_walk *walk, PyObject *root);

/* What stands for obj from now on: itself, unless a node says otherwise. Borrowed. */
PyObject *owned_freeze_final_borrowed(const owned_freeze_walk *walk, PyObject *obj);

/* FreezeError with the path to `child`, which hangs on node `parent`, and the reason. */
void owned_freeze_fail(owned_freeze_walk *walk, Py_ssize_t parent, PyObject *child, PyObject *reason);

/* The name of a type without its module. Borrowed from the type. */
const char *owned_short_name(PyTypeObject *type);

/* Make what stands for each node that changes. 0, or -1 with an error set. */
int owned_freeze_make(owned_freeze_walk *walk);

void owned_freeze_walk_release(owned_freeze_walk *walk);

#endif
