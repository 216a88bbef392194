/* move(obj) and Parcel: PRIVATE -> IN_TRANSIT -> PRIVATE of whoever claims.
 *
 * A moved graph goes into one region of its own, a Region() goes as it is, and so does each membrane that the graph reaches:
 * a Parcel holds those regions, and claiming makes the claimer their holder. The objects are not walked again.
 *
 * A parcel that is pickled goes to another process, and is empty from then on: its regions stay IN_TRANSIT for ever. What
 * arrives there is a parcel that holds the pickle, which is opened on the thread that claims it. How is in owned/_parcels.py,
 * which takes the content out and, where the pickling fails, puts it back. */
// SPDX-License-Identifier: MIT
#include "graph.h"
#include "life.h"
#include "mode.h"
#include "parcel.h"
#include "park.h"
#include "state.h"
#include "stats.h"
#include "verbs.h"
#include "watch.h"

int owned_move_add(PyObject *module);

static const owned_access moving = {OWNED_VERB, "move", NULL, 1};

typedef struct {
    PyObject_HEAD
    PyObject *content;  /* strong; what claim() gives, or its pickle; NULL once it is gone */
    PyObject *regions;  /* tuple of the regions that arrive with it */
    PyObject *to;       /* the threading.Thread or owned._parcels.Process that alone may claim, or None */
    PyObject *record;   /* the move's Record */
    PyObject *gone;     /* the Record of what took the content: claim, or pickle; or NULL */
    PyObject *weakrefs;
    uint64_t process;   /* the number of the process that made it: the child of a fork drops copies, and nothing is lost */
    char packed;        /* content is bytes: it came from another process */
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
    Py_VISIT(p->gone);
    return 0;
}

static int
parcel_clear(PyObject *self)
{
    parcel *p = (parcel *)self;
    Py_CLEAR(p->content);
    Py_CLEAR(p->to);
    Py_CLEAR(p->record);
    Py_CLEAR(p->gone);
    return 0;
}

/* On whatever thread lets go of it: what is in it can be claimed by nobody any more. Strict mode says so. */
static void
parcel_finalize(PyObject *self)
{
    parcel *p = (parcel *)self;
    if (p->content == NULL || owned_the_state == NULL || !owned_mode_is_strict() || p->process != owned_process_number())
        return;
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallFunctionObjArgs(owned_the_state->warn_unclaimed_parcel, p->record, p->to, NULL);
    if (done == NULL) /* a filter that makes an exception of the warning: nobody could catch it here */
        PyErr_WriteUnraisable(self);
    Py_XDECREF(done);
    PyErr_SetRaisedException(error);
}

static void
parcel_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0)
        return;
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

/* A parcel whose `content` is a pickle if `packed`. */
static parcel *
parcel_new(PyObject *content, int packed, PyObject *regions, PyObject *to, PyObject *record)
{
    parcel *p = PyObject_GC_New(parcel, owned_the_state->Parcel);
    if (p == NULL)
        return NULL;
    p->content = Py_NewRef(content);
    p->regions = Py_NewRef(regions);
    p->to = Py_NewRef(to);
    p->record = Py_NewRef(record);
    p->gone = NULL;
    p->weakrefs = NULL;
    p->process = owned_process_number();
    p->packed = (char)packed;
    PyObject_GC_Track((PyObject *)p);
    owned_watch((PyObject *)p, OWNED_WATCH_RELEASES);
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
    if (record == NULL || regions == NULL || (p = parcel_new(obj, 0, regions, to, record)) == NULL)
        goto done;
    owned_count(OWNED_COUNT_MOVES);
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
    parcel *p = regions == NULL ? NULL : parcel_new(obj, 0, regions, to, record);
    if (p != NULL)
        owned_count(OWNED_COUNT_MOVES);
    Py_XDECREF(regions);
    Py_XDECREF(record);
    return (PyObject *)p;
}

static PyObject *
move_impl(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"", "to", NULL};
    PyObject *obj, *to = Py_None, *sent = NULL;
    owned_region *region;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:move", keywords, &obj, &to))
        return NULL;
    owned_mode_rely();
    to = to == Py_None ? Py_NewRef(to) : PyObject_CallFunctionObjArgs(owned_the_state->address_parcel, obj, to, NULL);
    if (to == NULL)
        return NULL;
    if (owned_mode_now() == OWNED_MODE_OFF && !PyObject_TypeCheck(obj, owned_the_state->Owned)) {
        sent = pack(obj, to);
        Py_DECREF(to);
        return sent;
    }
    if (owned_verb_target("move", obj, &region) < 0) {
        Py_DECREF(to);
        return NULL;
    }
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
    Py_DECREF(to);
    return sent;
}

/* ---- arriving ---------------------------------------------------------------------------------------------- */

/* May the calling thread have what is in the parcel? 1, or -1 with the error set that says why not. */
static int
may_claim(parcel *p)
{
    PyObject *to;
    OWNED_BEGIN_CRITICAL((PyObject *)p);
    to = Py_NewRef(p->to);
    OWNED_END_CRITICAL();
    int may = 1;
    if (to != Py_None) {
        PyObject *done = PyObject_CallFunctionObjArgs(owned_the_state->may_claim_parcel, (PyObject *)p, to, NULL);
        may = done == NULL ? -1 : 1;
        Py_XDECREF(done);
    }
    Py_DECREF(to);
    return may;
}

/* A MovedError. `gone` is the Record of what took the content, or NULL. */
static OWNED_COLD void
refuse_empty(parcel *p, const char *verb, PyObject *gone)
{
    PyObject *done = PyObject_CallFunction(owned_the_state->parcel_is_gone, "OsO", (PyObject *)p, verb,
                                           gone == NULL ? Py_None : gone);
    Py_XDECREF(done);
}

/* What is in the parcel, for the one caller who is first: new reference. `taking` is the Record that says who it was.
 * NULL with an error for the others. */
static PyObject *
take_content(parcel *p, PyObject *taking, const char *verb)
{
    PyObject *content, *before = NULL;
    OWNED_BEGIN_CRITICAL((PyObject *)p);
    content = p->content;
    p->content = NULL;
    if (content != NULL)
        p->gone = Py_NewRef(taking);
    else
        before = Py_XNewRef(p->gone);
    OWNED_END_CRITICAL();
    if (content == NULL) {
        refuse_empty(p, verb, before);
        Py_XDECREF(before);
    }
    return content;
}

/* The content goes back to where take_content() had it from. Steals the reference. */
static void
put_back(parcel *p, PyObject *content)
{
    PyObject *gone;
    OWNED_BEGIN_CRITICAL((PyObject *)p);
    gone = p->gone;
    p->gone = NULL;
    p->content = content;
    OWNED_END_CRITICAL();
    Py_XDECREF(gone);
}

static void
all_arrive(parcel *p, PyObject *record)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(p->regions); i++)
        owned_region_arrive((owned_region *)PyTuple_GET_ITEM(p->regions, i), record);
}

static void
all_depart(parcel *p, PyObject *record)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(p->regions); i++)
        owned_region_depart((owned_region *)PyTuple_GET_ITEM(p->regions, i), record);
}

static void
all_tell(parcel *p, PyObject *record)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(p->regions); i++)
        owned_life_step(PyTuple_GET_ITEM(p->regions, i), record);
}

int
owned_parcel_is_for_anybody(PyObject *op)
{
    parcel *p = (parcel *)op;
    PyObject *gone;
    int to_anybody;
    OWNED_BEGIN_CRITICAL(op);
    gone = Py_XNewRef(p->gone);
    to_anybody = p->to == Py_None;
    OWNED_END_CRITICAL();
    if (gone == NULL)
        return to_anybody;
    refuse_empty(p, "put", gone);
    Py_DECREF(gone);
    return -1;
}

PyObject *
owned_parcel_claim(PyObject *op, PyObject *claim)
{
    parcel *p = (parcel *)op;
    PyObject *content = take_content(p, claim, "claim");
    if (content != NULL && p->packed) {
        PyObject *unpacked = PyObject_CallFunctionObjArgs(owned_the_state->unpack_parcel, content, NULL);
        if (unpacked == NULL)
            put_back(p, content);
        else
            Py_DECREF(content);
        content = unpacked;
    }
    if (content != NULL) {
        all_arrive(p, p->record);
        all_tell(p, claim);
        owned_count(OWNED_COUNT_CLAIMS);
        owned_watch(op, OWNED_WATCH_ACQUIRES);
    }
    return content;
}

static PyObject *
record_claim(parcel *p)
{
    return PyObject_CallFunction(owned_the_state->make_record, "sOn", "claim", (PyObject *)Py_TYPE((PyObject *)p),
                                 PyTuple_GET_SIZE(p->regions));
}

static PyObject *
parcel_claim(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (owned_thread_id() == 0 || may_claim((parcel *)self) < 0)
        return NULL;
    PyObject *claim = record_claim((parcel *)self);
    PyObject *content = claim == NULL ? NULL : owned_parcel_claim(self, claim);
    Py_XDECREF(claim);
    return content;
}

/* ---- several parcels, all or none -------------------------------------------------------------------------- */

typedef struct {
    parcel *parcel;    /* borrowed; NULL for what is no parcel */
    PyObject *record;  /* of its claim */
    PyObject *taken;   /* what was in it */
    PyObject *content; /* what its claimer gets: the same, or what the pickle in it made */
} claiming;

static int
take_each(claiming *c, Py_ssize_t count)
{
    for (; count > 0; count--, c++)
        if (c->parcel != NULL && (may_claim(c->parcel) < 0 || (c->record = record_claim(c->parcel)) == NULL ||
                                  (c->taken = take_content(c->parcel, c->record, "claim")) == NULL))
            return -1;
    return 0;
}

/* Runs code of the program, of parcels that came from another process. */
static int
open_each(claiming *c, Py_ssize_t count)
{
    for (; count > 0; count--, c++) {
        if (c->parcel == NULL)
            continue;
        c->content = c->parcel->packed ? PyObject_CallFunctionObjArgs(owned_the_state->unpack_parcel, c->taken, NULL)
                                       : Py_NewRef(c->taken);
        if (c->content == NULL)
            return -1;
    }
    return 0;
}

static void
arrive_each(claiming *c, Py_ssize_t count, PyObject **values)
{
    for (; count > 0; count--, c++, values++)
        if (c->parcel != NULL) {
            all_arrive(c->parcel, c->parcel->record);
            all_tell(c->parcel, c->record);
            owned_count(OWNED_COUNT_CLAIMS);
            owned_watch((PyObject *)c->parcel, OWNED_WATCH_ACQUIRES);
            Py_SETREF(*values, Py_NewRef(c->content));
        }
}

static void
put_each_back(claiming *c, Py_ssize_t count)
{
    for (; count > 0; count--, c++)
        if (c->taken != NULL) {
            put_back(c->parcel, c->taken);
            c->taken = NULL;
        }
}

int
owned_parcels_claim(PyObject **values, Py_ssize_t count)
{
    claiming *claims = owned_thread_id() == 0 ? NULL : PyMem_Calloc((size_t)count, sizeof(*claims));
    if (claims == NULL) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        claims[i].parcel = Py_IS_TYPE(values[i], owned_the_state->Parcel) ? (parcel *)values[i] : NULL;
    int result = take_each(claims, count) < 0 || open_each(claims, count) < 0 ? -1 : 0;
    if (result == 0)
        arrive_each(claims, count, values);
    else
        put_each_back(claims, count);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_XDECREF(claims[i].record);
        Py_XDECREF(claims[i].taken);
        Py_XDECREF(claims[i].content);
    }
    PyMem_Free(claims);
    return result;
}

int
owned_parcel_is_claimed(PyObject *self)
{
    return owned_load_ptr(&((parcel *)self)->content) == NULL;
}

/* ---- on the way to another process: what owned/_parcels.py needs ----------------------------------------------- */

static PyObject *
parcel_reduce_ex(PyObject *self, PyObject *protocol)
{
    return PyObject_CallFunctionObjArgs(owned_the_state->reduce_parcel, self, protocol, NULL);
}

static PyObject *
refuse_copy(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    PyErr_SetString(PyExc_TypeError, "a Parcel cannot be copied: what is in it is there once; claim() it and copy that");
    return NULL;
}

static parcel *
parcel_argument(PyObject *arg)
{
    if (Py_IS_TYPE(arg, owned_the_state->Parcel))
        return (parcel *)arg;
    PyErr_Format(PyExc_TypeError, "a Parcel is expected, got %.200s", Py_TYPE(arg)->tp_name);
    return NULL;
}

/* The note of what was taken is on the list before it is taken: nothing can fail between the two. */
static PyObject *
parcel_take_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *arg, *record, *taken, *content = NULL;
    parcel *p;
    if (!PyArg_ParseTuple(args, "OOO!:parcel_take", &arg, &record, &PyList_Type, &taken) ||
        (p = parcel_argument(arg)) == NULL || owned_thread_id() == 0)
        return NULL;
    PyObject *note = Py_BuildValue("[OO]", arg, Py_None);
    if (note != NULL && PyList_Append(taken, note) == 0)
        content = take_content(p, record, "pickle");
    if (content != NULL) {
        PyList_SetItem(note, 1, Py_NewRef(content));
        owned_region *call = owned_this_thread.task; /* it is to be read, and not to become a running call's own */
        owned_this_thread.task = NULL;
        all_arrive(p, p->record);
        owned_this_thread.task = call;
    }
    Py_XDECREF(note);
    return content;
}

static PyObject *
parcel_sent_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    parcel *p = parcel_argument(arg);
    if (p == NULL)
        return NULL;
    all_depart(p, p->gone); /* which changes no more but in parcels_put_back(), of whoever sends it: the caller */
    all_tell(p, p->gone);
    Py_RETURN_NONE;
}

/* Allocates nothing: it may be because there is no memory that they are put back. */
static PyObject *
parcels_put_back_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *taken = nargs == 2 && PyList_CheckExact(args[0]) ? args[0] : NULL;
    Py_ssize_t start = taken == NULL ? -1 : PyLong_AsSsize_t(args[1]);
    if (start < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "parcels_put_back() takes a list and a place in it");
        return NULL;
    }
    for (Py_ssize_t i = PyList_GET_SIZE(taken) - 1; i >= start; i--) { /* the caller's own, and so are the notes on it */
        PyObject *note = PyList_GET_ITEM(taken, i);
        parcel *p = PyList_CheckExact(note) && PyList_GET_SIZE(note) == 2 ? parcel_argument(PyList_GET_ITEM(note, 0)) : NULL;
        if (p == NULL)
            return NULL;
        PyObject *content = PyList_GET_ITEM(note, 1);
        if (content == Py_None) /* it was gone, or is back already */
            continue;
        all_depart(p, p->record);
        put_back(p, Py_NewRef(content));
        PyList_SetItem(note, 1, Py_NewRef(Py_None));
    }
    Py_RETURN_NONE;
}

static PyObject *
parcel_facts_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    parcel *p = parcel_argument(arg);
    if (p == NULL)
        return NULL;
    PyObject *facts;
    OWNED_BEGIN_CRITICAL(arg);
    facts = Py_BuildValue("(OOOO)", p->record, p->to, p->gone == NULL ? Py_None : p->gone, p->packed ? Py_True : Py_False);
    OWNED_END_CRITICAL();
    return facts;
}

static PyObject *
parcel_readdress_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *arg, *from, *to;
    parcel *p;
    if (!PyArg_ParseTuple(args, "OOO:parcel_readdress", &arg, &from, &to) || (p = parcel_argument(arg)) == NULL)
        return NULL;
    int was;
    OWNED_BEGIN_CRITICAL(arg);
    was = p->to == from && p->content != NULL;
    if (was)
        p->to = Py_NewRef(to);
    OWNED_END_CRITICAL();
    if (was)
        Py_DECREF(from);
    return PyBool_FromLong(was);
}

static PyObject *
make_parcel_impl(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *pickle, *record, *to;
    if (!PyArg_ParseTuple(args, "O!OO:make_parcel", &PyBytes_Type, &pickle, &record, &to))
        return NULL;
    PyObject *regions = PyTuple_New(0);
    parcel *p = regions == NULL ? NULL : parcel_new(pickle, 1, regions, to, record);
    Py_XDECREF(regions);
    return (PyObject *)p;
}

static PyObject *
parcel_repr(PyObject *self)
{
    parcel *p = (parcel *)self;
    PyObject *record, *gone;
    OWNED_BEGIN_CRITICAL(self);
    record = Py_XNewRef(p->record);
    gone = Py_XNewRef(p->gone);
    OWNED_END_CRITICAL();
    PyObject *text = gone != NULL ? PyUnicode_FromFormat("<Parcel at %p, %S>", self, gone)
                                  : PyUnicode_FromFormat("<Parcel at %p, unclaimed, %S>", self,
                                                         record == NULL ? Py_None : record);
    Py_XDECREF(record);
    Py_XDECREF(gone);
    return text;
}

PyDoc_STRVAR(parcel_doc,
"What ``move()`` gives: an object on its way from one thread to another, or to another process.\n\n"
"A parcel itself belongs to nobody and may be passed through any queue. Pickled, it goes to another process, once: here\n"
"it is empty then, and its content is touched by nobody ever again; there a parcel arrives, whose content is unpickled by\n"
"the thread that claims it. Dropped unclaimed, its content is touched by nobody ever again either; strict mode gives an\n"
"``UnclaimedWarning``. A parcel cannot be copied.\n\n"
"Threads:\n"
"    Any thread may hold a parcel and pass it on; see ``claim``.");

PyDoc_STRVAR(claim_doc,
"claim($self, /)\n--\n\n"
"Take the content over: it is private to the calling thread from now on, in constant time.\n\n"
"Returns:\n"
"    The object that was moved.\n\n"
"Raises:\n"
"    MovedError: the parcel has been claimed before, or went to another process; the message says by whom and where.\n"
"    WrongThreadError: the parcel is addressed to another thread or process (``move(obj, to=thread)``).\n"
"    Whatever unpickling raises, where the parcel came from another process: it can be claimed again.\n\n"
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
"    to: a ``threading.Thread`` or ``multiprocessing.Process`` that alone may claim it, started or not; ``None``: whoever\n"
"        comes first.\n\n"
"Returns:\n"
"    A ``Parcel``; ``parcel.claim()`` gives the object to the thread that calls it.\n\n"
"Raises:\n"
"    TypeError: ``obj`` is not guarded, or ``to`` is neither thread nor process.\n"
"    OwnershipError: ``obj`` is shared or frozen: it belongs to no thread and is passed as it is. Or ``to`` has ended.\n"
"    WrongThreadError, MovedError, OrphanedError: ``obj`` is not this thread's.\n"
"    RuntimeError: ``obj`` is a ``Region`` whose block is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread that owns ``obj``. Not checked: references to the plain insides of a wrapped object.");

static PyMethodDef parcel_methods[] = {
    {"claim", parcel_claim, METH_NOARGS, claim_doc},
    {"__reduce_ex__", parcel_reduce_ex, METH_O,
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nPickled, it goes to another process; see ``Parcel``.")},
    {"__copy__", refuse_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\nA parcel cannot be copied: TypeError.")},
    {"__deepcopy__", refuse_copy, METH_O,
     PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\nA parcel cannot be copied: TypeError.")},
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
    {Py_tp_finalize, parcel_finalize},
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
is_claimed_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    parcel *p = parcel_argument(arg);
    return p == NULL ? NULL : PyBool_FromLong(owned_parcel_is_claimed(arg));
}

static PyMethodDef methods[] = {
    {"is_claimed", is_claimed_impl, METH_O,
     PyDoc_STR("is_claimed(parcel, /)\n--\n\nWas it claimed? Perhaps by the time the answer is used.")},
    {"move", (PyCFunction)(void (*)(void))move_impl, METH_VARARGS | METH_KEYWORDS, move_doc},
    {"make_parcel", make_parcel_impl, METH_VARARGS,
     PyDoc_STR("make_parcel(pickle, record, to, /)\n--\n\nA parcel that came from another process.")},
    {"parcel_facts", parcel_facts_impl, METH_O,
     PyDoc_STR("parcel_facts(parcel, /)\n--\n\n(record, to, gone, packed): its move's Record, who may claim it, the Record of what "
               "took its content, and whether it came from another process.")},
    {"parcel_take", parcel_take_impl, METH_VARARGS,
     PyDoc_STR("parcel_take(parcel, record, taken, /)\n--\n\nTake the content, or its pickle, to send it to another process, and "
               "note that in a list. It is the calling thread's until parcel_sent() or parcels_put_back().")},
    {"parcel_sent", parcel_sent_impl, METH_O,
     PyDoc_STR("parcel_sent(parcel, /)\n--\n\nWhat was taken is nobody's any more.")},
    {"parcels_put_back", (PyCFunction)(void (*)(void))parcels_put_back_impl, METH_FASTCALL,
     PyDoc_STR("parcels_put_back(taken, start, /)\n--\n\nUndo what parcel_take() noted from a place of the list on, the last "
               "one first, whether it was sent meanwhile or not.")},
    {"parcel_readdress", parcel_readdress_impl, METH_VARARGS,
     PyDoc_STR("parcel_readdress(parcel, before, to, /)\n--\n\nAddress an unclaimed parcel anew. False if `before` is not its "
               "addressee, or it has been claimed.")},
    {NULL, NULL, 0, NULL},
};

int
owned_move_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->Parcel, &parcel_spec, NULL, "Parcel") < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
