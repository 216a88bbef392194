/* move(obj) and Parcel: PRIVATE -> IN_TRANSIT -> PRIVATE of whoever claims.
 *
 * A moved graph goes into one region of its own, a Region() goes as it is, and so does each membrane that the graph reaches:
 * a Parcel holds those regions, and claiming makes the claimer their holder. The objects are not walked again. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "life.h"
#include "mode.h"
#include "parcel.h"
#include "state.h"
#include "stats.h"
#include "verbs.h"

int owned_move_add(PyObject *module);

static const owned_access moving = {OWNED_VERB, "move", NULL, 1};

typedef struct {
    PyObject_HEAD
    PyObject *content;  /* strong; what claim() gives; NULL once claimed */
    PyObject *regions;  /* tuple of the regions that arrive with it */
    PyObject *to;       /* the threading.Thread that alone may claim, or None */
    PyObject *record;   /* the move's Record */
    PyObject *claimed;  /* the claim's Record, or NULL */
    PyObject *weakrefs;
} parcel;

static int
parcel_traverse(PyObject *self, visitproc visit, void *arg)
{
    parcel *p = (parcel *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(p->content);
    Py_VISIT(p->regions);
    Py_VISIT(p->to);
    Py_VISIT(p->record);
    Py_VISIT(p->claimed);
    return 0;
}

static int
parcel_clear(PyObject *self)
{
    parcel *p = (parcel *)self;
    Py_CLEAR(p->content);
    Py_CLEAR(p->to);
    Py_CLEAR(p->record);
    Py_CLEAR(p->claimed);
    return 0;
}

static void
parcel_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((parcel *)self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    parcel_clear(self);
    Py_CLEAR(((parcel *)self)->regions);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- departing --------------------------------------------------------------------------------------------- */

static PyObject *
regions_of(owned_graph *graph, owned_region *transit)
{
    PyObject *regions = PyTuple_New((Py_ssize_t)graph->membranes_used + 1);
    if (regions == NULL)
        return NULL;
    PyTuple_SET_ITEM(regions, 0, Py_NewRef((PyObject *)transit));
    for (size_t i = 0; i < graph->membranes_used; i++)
        PyTuple_SET_ITEM(regions, (Py_ssize_t)i + 1, Py_NewRef((PyObject *)graph->membranes[i]));
    return regions;
}

static parcel *
parcel_new(PyObject *obj, PyObject *regions, PyObject *to, PyObject *record)
{
    parcel *p = PyObject_GC_New(parcel, owned_the_state->Parcel);
    if (p == NULL)
        return NULL;
    p->content = Py_NewRef(obj);
    p->regions = Py_NewRef(regions);
    p->to = Py_NewRef(to);
    p->record = Py_NewRef(record);
    p->claimed = NULL;
    p->weakrefs = NULL;
    PyObject_GC_Track((PyObject *)p);
    owned_count(OWNED_COUNT_MOVES);
    return p;
}

/* Everything that can fail comes first: the walk, the record, the region, the parcel. */
static PyObject *
send(PyObject *obj, owned_region *region, PyObject *to)
{
    owned_graph graph = {0};
    owned_region *transit = NULL;
    PyObject *record = NULL, *regions = NULL;
    parcel *p = NULL;
    int whole = Py_IS_TYPE(obj, owned_the_state->Region);
    if (whole ? owned_verb_refuse_open("move", region) < 0
              : owned_graph_walk(&graph, &obj, 1, owned_graph_takes_mine) < 0)
        goto done;
    transit = whole ? (owned_region *)Py_NewRef((PyObject *)region) : owned_region_new(OWNED_PRIVATE, NULL, NULL, NULL);
    if (transit == NULL)
        goto done;
    record = owned_verb_record("move", obj, graph.taken_used + graph.membranes_used);
    regions = regions_of(&graph, transit);
    if (record == NULL || regions == NULL || (p = parcel_new(obj, regions, to, record)) == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(regions); i++)
        owned_region_depart((owned_region *)PyTuple_GET_ITEM(regions, i), record);
    for (size_t i = 0; i < graph.taken_used; i++)
        owned_region_repoint(graph.taken[i], owned_carried(graph.taken[i]), transit);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(regions); i++)
        owned_life_step(PyTuple_GET_ITEM(regions, i), record);
done:
    Py_XDECREF(regions);
    Py_XDECREF(record);
    Py_XDECREF((PyObject *)transit);
    owned_graph_release(&graph);
    return (PyObject *)p;
}

/* While the mode is off: a parcel and nothing else. */
static PyObject *
pack(PyObject *obj, PyObject *to)
{
    PyObject *record = owned_verb_record("move", obj, 1);
    PyObject *regions = record == NULL ? NULL : PyTuple_New(0);
    parcel *p = regions == NULL ? NULL : parcel_new(obj, regions, to, record);
    Py_XDECREF(regions);
    Py_XDECREF(record);
    return (PyObject *)p;
}

static int
check_addressee(PyObject *to)
{
    if (to == Py_None)
        return 0;
    int is_thread = PyObject_IsInstance(to, owned_the_state->Thread);
    if (is_thread == 0)
        PyErr_Format(PyExc_TypeError, "`to` must be a threading.Thread or None, got %.200s", Py_TYPE(to)->tp_name);
    return is_thread == 1 ? 0 : -1;
}

static PyObject *
move_impl(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"", "to", NULL};
    PyObject *obj, *to = Py_None, *sent = NULL;
    owned_region *region;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:move", keywords, &obj, &to) || check_addressee(to) < 0)
        return NULL;
    owned_mode_rely();
    if (owned_mode_now() == OWNED_MODE_OFF && !PyObject_TypeCheck(obj, owned_the_state->Owned))
        return pack(obj, to);
    if (owned_verb_target("move", obj, &region) < 0)
        return NULL;
    owned_region_state state = owned_region_state_of(region);
    if (state == OWNED_FROZEN || state == OWNED_SHARED) {
        PyTypeObject *type = owned_known_type(obj);
        owned_refuse(owned_the_state->OwnershipError, "move", obj,
                     "this %.200s is %s: it belongs to no thread, so there is nothing to move; pass it as it is", type->tp_name,
                     state == OWNED_FROZEN ? "frozen" : "shared");
        Py_DECREF((PyObject *)type);
    }
    else if (!owned_region_is_mine(region))
        owned_violation(obj, region, &moving, NULL);
    else
        sent = send(obj, region, to);
    Py_DECREF((PyObject *)region);
    return sent;
}

/* ---- arriving ---------------------------------------------------------------------------------------------- */

static int
is_addressee(parcel *p)
{
    if (p->to == Py_None)
        return 1;
    PyObject *me = PyObject_CallNoArgs(owned_the_state->current_thread);
    if (me == NULL)
        return -1;
    int is_me = me == p->to;
    if (!is_me)
        owned_refuse(owned_the_state->WrongThreadError, "claim", (PyObject *)p,
                     "this parcel is addressed to %R: only that thread may claim it", p->to);
    Py_DECREF(me);
    return is_me;
}

static OWNED_COLD void
refuse_claimed(PyObject *parcel, const char *verb, PyObject *claimed)
{
    owned_refuse(owned_the_state->MovedError, verb, parcel, "this parcel has been claimed: %S; a parcel is claimed once",
                 claimed == NULL ? Py_None : claimed);
}

int
owned_parcel_is_for_anybody(PyObject *op)
{
    parcel *p = (parcel *)op;
    PyObject *claimed;
    OWNED_BEGIN_CRITICAL(op);
    claimed = Py_XNewRef(p->claimed);
    OWNED_END_CRITICAL();
    int result = claimed != NULL ? -1 : p->to == Py_None;
    if (claimed != NULL)
        refuse_claimed(op, "put", claimed);
    Py_XDECREF(claimed);
    return result;
}

PyObject *
owned_parcel_claim(PyObject *op, PyObject *claim)
{
    parcel *p = (parcel *)op;
    PyObject *content, *before = NULL;
    OWNED_BEGIN_CRITICAL(op);
    content = p->content;
    p->content = NULL;
    if (content != NULL)
        p->claimed = Py_NewRef(claim);
    else
        before = Py_XNewRef(p->claimed);
    OWNED_END_CRITICAL();
    if (content != NULL) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(p->regions); i++) {
            owned_region_arrive((owned_region *)PyTuple_GET_ITEM(p->regions, i), p->record);
            owned_life_step(PyTuple_GET_ITEM(p->regions, i), claim);
        }
        owned_count(OWNED_COUNT_CLAIMS);
    }
    else
        refuse_claimed(op, "claim", before);
    Py_XDECREF(before);
    return content;
}

PyObject *
owned_parcel_claim_mine(PyObject *op)
{
    parcel *p = (parcel *)op;
    if (owned_thread_id() == 0 || is_addressee(p) != 1)
        return NULL;
    PyObject *claim = PyObject_CallFunction(owned_the_state->make_record, "sOn", "claim", (PyObject *)Py_TYPE(op),
                                            PyTuple_GET_SIZE(p->regions));
    PyObject *content = claim == NULL ? NULL : owned_parcel_claim(op, claim);
    Py_XDECREF(claim);
    return content;
}

static PyObject *
parcel_claim(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return owned_parcel_claim_mine(self);
}

int
owned_parcel_is_claimed(PyObject *self)
{
    return owned_load_ptr(&((parcel *)self)->content) == NULL;
}

static PyObject *
parcel_repr(PyObject *self)
{
    parcel *p = (parcel *)self;
    PyObject *record, *claimed;
    OWNED_BEGIN_CRITICAL(self);
    record = Py_XNewRef(p->record);
    claimed = Py_XNewRef(p->claimed);
    OWNED_END_CRITICAL();
    PyObject *text = claimed != NULL ? PyUnicode_FromFormat("<Parcel at %p, %S>", self, claimed)
                                     : PyUnicode_FromFormat("<Parcel at %p, unclaimed, %S>", self,
                                                            record == NULL ? Py_None : record);
    Py_XDECREF(record);
    Py_XDECREF(claimed);
    return text;
}

PyDoc_STRVAR(parcel_doc,
"What ``move()`` gives: an object on its way from one thread to another.\n\n"
"A parcel itself belongs to nobody and may be passed through any queue. Dropped unclaimed, its content is touched by\n"
"nobody ever again.\n\n"
"Threads:\n"
"    Any thread may hold a parcel and pass it on; see ``claim``.");

PyDoc_STRVAR(claim_doc,
"claim($self, /)\n--\n\n"
"Take the content over: it is private to the calling thread from now on, in constant time.\n\n"
"Returns:\n"
"    The object that was moved.\n\n"
"Raises:\n"
"    MovedError: the parcel has been claimed before; the message says by whom and where.\n"
"    WrongThreadError: the parcel is addressed to another thread (``move(obj, to=thread)``).\n\n"
"Threads:\n"
"    Any thread; of several at once exactly one succeeds.");

PyDoc_STRVAR(move_doc,
"move($module, obj, /, to=None)\n--\n\n"
"Hand an object over: nobody may touch it until somebody claims the parcel.\n\n"
"Moving is deep, as sharing is: the private objects of this thread that ``obj`` reaches go along. Other references to\n"
"them may stay around; they simply stop working, with an error that says when and where it was moved. A ``Region`` is\n"
"moved in constant time with all that was born in it; claiming always takes constant time.\n\n"
"Args:\n"
"    obj: an instance of an ``@owned`` class, a ``List``, ``Dict`` or ``Set``, what ``own()`` gave, or a ``Region``.\n"
"    to: a ``threading.Thread`` that alone may claim it; ``None``: whoever comes first.\n\n"
"Returns:\n"
"    A ``Parcel``; ``parcel.claim()`` gives the object to the thread that calls it.\n\n"
"Raises:\n"
"    TypeError: ``obj`` is not guarded, or ``to`` is no thread.\n"
"    OwnershipError: ``obj`` is shared or frozen: it belongs to no thread and is passed as it is.\n"
"    WrongThreadError, MovedError, OrphanedError: ``obj`` is not this thread's.\n"
"    RuntimeError: ``obj`` is a ``Region`` whose block is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread that owns ``obj``. Not checked: references to the plain insides of a wrapped object.");

static PyMethodDef parcel_methods[] = {
    {"claim", parcel_claim, METH_NOARGS, claim_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Parcel[T]: a parcel with a T in it, for annotations."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef parcel_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(parcel, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot parcel_slots[] = {
    {Py_tp_doc, (void *)parcel_doc},
    {Py_tp_dealloc, parcel_dealloc},
    {Py_tp_traverse, parcel_traverse},
    {Py_tp_clear, parcel_clear},
    {Py_tp_repr, parcel_repr},
    {Py_tp_methods, parcel_methods},
    {Py_tp_members, parcel_members},
    {0, NULL},
};

static PyType_Spec parcel_spec = {
    .name = "owned._core.Parcel",
    .basicsize = sizeof(parcel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = parcel_slots,
};

static PyObject *
is_claimed_impl(PyObject *Py_UNUSED(module), PyObject *parcel)
{
    if (!Py_IS_TYPE(parcel, owned_the_state->Parcel))
        return PyErr_Format(PyExc_TypeError, "`parcel` must be a Parcel, got %.200s", Py_TYPE(parcel)->tp_name);
    return PyBool_FromLong(owned_parcel_is_claimed(parcel));
}

static PyMethodDef methods[] = {
    {"is_claimed", is_claimed_impl, METH_O,
     PyDoc_STR("is_claimed(parcel, /)\n--\n\nWas it claimed? Perhaps by the time the answer is used.")},
    {"move", (PyCFunction)(void (*)(void))move_impl, METH_VARARGS | METH_KEYWORDS, move_doc},
    {NULL, NULL, 0, NULL},
};

int
owned_move_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->Parcel, &parcel_spec, NULL, "Parcel") < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
