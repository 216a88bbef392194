/* Making and ending wrappers, and which values need one. */
// SPDX-License-Identifier: MIT
#include "strict.h"
#include "life.h"
#include "membrane.h"
#include "mode.h"
#include "wrapper.h"

int owned_wrapper_add(PyObject *module);

/* ---- a wrapper --------------------------------------------------------------------------------------------- */

/* The wrapper of a bound method is made for nearly every call and dies right after it, so its memory is kept for the next. A
 * free-threaded build has allocators of each thread's own, which are faster than one list behind a mutex. */
#ifdef Py_GIL_DISABLED
#  define SPARES_MOST 0
#else
#  define SPARES_MOST 64
#endif

static owned_wrapper *
spare_take(owned_state *state)
{
    owned_wrapper *w = (owned_wrapper *)state->spare_methods;
    if (w != NULL) {
        state->spare_methods = w->wrapped;
        state->spare_methods_used--;
    }
    return w;
}

static int
spare_keep(owned_state *state, owned_wrapper *w)
{
    if (state == NULL || state->spare_methods_used == SPARES_MOST)
        return 0;
    w->wrapped = state->spare_methods;
    state->spare_methods = (PyObject *)w;
    state->spare_methods_used++;
    return 1;
}

void
owned_wrapper_drain_spares(owned_state *state)
{
    owned_wrapper *w;
    while ((w = spare_take(state)) != NULL)
        PyObject_GC_Del(w);
}

static inline owned_wrapper *
allocate_method(PyTypeObject *type)
{
    owned_wrapper *w = spare_take(owned_the_state);
    return w != NULL ? (owned_wrapper *)PyObject_Init((PyObject *)w, type) : PyObject_GC_New(owned_wrapper, type);
}

/* Steals `method` and `region`. */
static inline PyObject *
make_method(PyTypeObject *type, PyObject *method, owned_region *region, vectorcallfunc call)
{
    owned_wrapper *w = type == NULL ? NULL : allocate_method(type);
    if (w == NULL) {
        Py_DECREF(method);
        Py_DECREF((PyObject *)region);
        return NULL;
    }
    w->wrapped = method;
    w->region = region;
    ((owned_method_wrapper *)w)->vectorcall = call;
    PyObject_GC_Track(w);
    return (PyObject *)w;
}

/* `passage` is what was found together with `type`. New reference. */
static PyObject *
make(PyTypeObject *type, int passage, PyObject *inside, owned_region *region)
{
    if (passage & OWNED_METHOD_TYPE)
        return make_method(type, Py_NewRef(inside), (owned_region *)Py_NewRef((PyObject *)region), owned_wrapper_method_call);
    owned_wrapper *w = PyObject_GC_New(owned_wrapper, type);
    if (w == NULL)
        return NULL;
    w->wrapped = Py_NewRef(inside);
    w->region = NULL;
    if (type->tp_weaklistoffset != 0)
        *(PyObject **)((char *)w + type->tp_weaklistoffset) = NULL;
    if (passage & OWNED_UNLISTED)
        w->region = (owned_region *)Py_NewRef((PyObject *)region);
    else if (owned_membrane_list((PyObject *)w, region) < 0) {
        Py_CLEAR(w->wrapped); /* it is in no table that it would have to leave */
        Py_DECREF((PyObject *)w);
        return NULL;
    }
    PyObject_GC_Track(w);
    return (PyObject *)w;
}

int
owned_wrapper_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((owned_wrapper *)self)->wrapped);
    Py_VISIT((PyObject *)((owned_wrapper *)self)->region);
    return 0;
}

static void
let_go(PyObject *self, int listed)
{
    PyObject *inside = ((owned_wrapper *)self)->wrapped;
    if (inside == NULL)
        return;
    if (listed)
        owned_membrane_leave(inside); /* while it is what the wrapper is around */
    ((owned_wrapper *)self)->wrapped = NULL;
    Py_DECREF(inside);
}

/* The region stays: code that runs while a cycle is taken apart may still touch the wrapper, and is checked. */
int
owned_wrapper_clear(PyObject *self)
{
    let_go(self, 0);
    return 0;
}

int
owned_wrapper_clear_listed(PyObject *self)
{
    let_go(self, 1);
    return 0;
}

void
owned_wrapper_replace_inside(PyObject *self, PyObject *inside)
{
    PyObject *before = ((owned_wrapper *)self)->wrapped; /* nobody else replaces it */
    if (before != NULL && Py_TYPE(self)->tp_dealloc == owned_wrapper_dealloc_listed)
        owned_membrane_leave(before);
    OWNED_BEGIN_CRITICAL(self);
    ((owned_wrapper *)self)->wrapped = Py_NewRef(inside);
    OWNED_END_CRITICAL();
    Py_XDECREF(before);
}

static inline void
end(PyObject *self, int listed)
{
    PyTypeObject *type = Py_TYPE(self);
    if (type->tp_weaklistoffset != 0 && *(PyObject **)((char *)self + type->tp_weaklistoffset) != NULL)
        PyObject_ClearWeakRefs(self);
    let_go(self, listed);
    if (listed)
        owned_life_over(self);
    Py_XDECREF((PyObject *)((owned_wrapper *)self)->region);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* What it is bound to dies in as many frames as without the wrapper: no nest of methods is deeper than one of what they are
 * bound to, which has a trashcan where it needs one. */
void
owned_wrapper_dealloc_method(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((owned_wrapper *)self)->wrapped);
    Py_XDECREF((PyObject *)((owned_wrapper *)self)->region);
    if (!spare_keep(owned_the_state, (owned_wrapper *)self))
        PyObject_GC_Del(self);
    Py_DECREF(type);
}

void
owned_wrapper_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, owned_wrapper_dealloc)
    end(self, 0);
    Py_TRASHCAN_END
}

void
owned_wrapper_dealloc_listed(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, owned_wrapper_dealloc_listed)
    end(self, 1);
    Py_TRASHCAN_END
}

/* ---- what comes out ---------------------------------------------------------------------------------------- */

#define LOOK_INTO_AT_MOST 8 /* tuples in tuples */

static PyTypeObject *wrapper_for(PyObject *value, int depth, int *passage);

/* A failure to look is a no. */
static int
comes_out_bare(PyObject *value, int depth)
{
    int passage;
    if (wrapper_for(value, depth, &passage) != NULL)
        return 0;
    if (passage >= 0)
        return 1;
    PyErr_Clear();
    return 0;
}

static int
all_bare(PyObject *values, int depth)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++)
        if (!comes_out_bare(PyTuple_GET_ITEM(values, i), depth + 1))
            return 0;
    return 1;
}

/* Whether an exact tuple, frozenset or slice holds bare values only. A failure to look is a no. */
static int
holds_bare(PyObject *value, int depth)
{
    if (depth >= LOOK_INTO_AT_MOST)
        return 0;
    if (PyTuple_CheckExact(value))
        return all_bare(value, depth);
    if (PySlice_Check(value)) {
        PySliceObject *slice = (PySliceObject *)value;
        return comes_out_bare(slice->start, depth + 1) && comes_out_bare(slice->stop, depth + 1) &&
               comes_out_bare(slice->step, depth + 1);
    }
    PyObject *elements = PySequence_Tuple(value);
    if (elements == NULL) {
        PyErr_Clear();
        return 0;
    }
    int bare = all_bare(elements, depth);
    Py_DECREF(elements);
    return bare;
}

/* Functions that carry no data of their own: no closure, and bound to nothing but a module. */
static int
is_plain_function(PyObject *value)
{
    if (PyFunction_Check(value))
        return PyFunction_GET_CLOSURE(value) == NULL;
    if (PyCFunction_Check(value)) {
        PyObject *bound = PyCFunction_GET_SELF(value);
        return bound == NULL || PyModule_Check(bound);
    }
    return 0;
}

/* The type of the wrapper that stands outside for a value, and the passage that was found with it. NULL where it comes out bare;
 * NULL with an error set, and a negative passage. */
static PyTypeObject *
wrapper_for(PyObject *value, int depth, int *passage)
{
    *passage = OWNED_BARE;
    if (owned_is_atomic(value))
        return NULL;
    PyTypeObject *type = owned_wrapper_type_for(Py_TYPE(value), passage);
    if (type == NULL)
        *passage = -1;
    else if (*passage & (OWNED_BARE | OWNED_SYNCHRONIZED) || is_plain_function(value) ||
             ((*passage & (OWNED_UNLISTED | OWNED_METHOD_TYPE)) == OWNED_UNLISTED && holds_bare(value, depth)))
        return NULL;
    return type;
}

PyObject *
owned_wrap(PyObject *self, PyObject *result)
{
    int passage;
    PyObject *outside = NULL;
    PyTypeObject *type = wrapper_for(result, 0, &passage);
    if (type == NULL && passage >= 0)
        return result;
    if (type != NULL && result == ((owned_wrapper *)self)->wrapped)
        outside = Py_NewRef(self);
    else if (type != NULL) {
        owned_region *region = owned_wrapper_membrane(self);
        outside = region == NULL ? NULL : make(type, passage, result, region);
        Py_XDECREF((PyObject *)region);
    }
    Py_DECREF(result);
    return outside;
}

PyObject *
owned_wrap_awaiting(PyObject *iterator, owned_region *region)
{
    if (owned_carried(iterator) != NULL)
        return Py_NewRef(iterator);
    int passage;
    PyTypeObject *type = owned_wrapper_type_for_awaiting(Py_TYPE(iterator), &passage);
    return type == NULL ? NULL : make(type, passage, iterator, region);
}

PyObject *
owned_wrap_method(PyObject *method, owned_region *region, vectorcallfunc call)
{
    owned_state *state = owned_the_state;
    PyTypeObject *type;
    if (PyMethod_Check(method)) {
        if (OWNED_UNLIKELY((type = owned_load_ptr(&state->wrapper_of_method)) == NULL) &&
            (type = owned_wrapper_type_for(&PyMethod_Type, NULL)) != NULL)
            owned_store_ptr(&state->wrapper_of_method, type);
    }
    else
        type = owned_wrapper_type_for(Py_TYPE(method), NULL);
    return make_method(type, method, region, call);
}

/* ---- own and unwrap ---------------------------------------------------------------------------------------- */

/* Whether no wrapper is over it yet. */
static int
is_first(PyObject *obj, int passage)
{
    owned_region *region = passage & OWNED_UNLISTED ? NULL : owned_membrane_find(obj);
    Py_XDECREF((PyObject *)region);
    return region == NULL;
}

PyObject *
owned_wrap_root(PyObject *obj)
{
    static const owned_access how = {OWNED_OPERATION, "own", NULL, 0};
    owned_region **where = owned_carried(obj);
    if (where != NULL)
        return owned_check(obj, where, &how, NULL) < 0 ? NULL : Py_NewRef(obj);
    int passage;
    PyTypeObject *type = owned_wrapper_type_for(Py_TYPE(obj), &passage);
    if (type == NULL)
        return NULL;
    if (passage & OWNED_SYNCHRONIZED) {
        PyErr_Format(PyExc_TypeError,
                     "`obj` must be an object that belongs to one thread at a time, got %.200s, which serves many threads and "
                     "guards itself: use it as it is",
                     Py_TYPE(obj)->tp_name);
        return NULL;
    }
    if (owned_mode_is_strict() && !(passage & OWNED_BARE) && is_first(obj, passage) && owned_strict_own(obj) < 0)
        return NULL;
    owned_region *region = owned_birth_region();
    PyObject *w = region == NULL ? NULL : make(type, passage, obj, region);
    if (w != NULL && !(passage & OWNED_UNLISTED))
        owned_life_made(w);
    if (w != NULL && owned_check(w, &((owned_wrapper *)w)->region, &how, NULL) < 0)
        Py_CLEAR(w);
    return w;
}

PyDoc_STRVAR(own_doc,
"own($module, obj, /)\n--\n\n"
"Wrap an existing object, so that only its owner touches it: from now on it is private to the calling thread.\n\n"
"The wrapper checks every way in (attributes, items, calls, operators, iteration, ``with``, ``await``, ...), then does the same\n"
"to the object. ``isinstance(w, type(obj))`` holds, ``type(w)`` is a Wrapper. What comes out and could lead back\n"
"inside comes out wrapped, in the same hands: attributes, items, iterators, results of calls, bound methods (checked\n"
"again when they are called). These come out as they are: immutable values (None, bool, int, float, complex, str,\n"
"bytes, range, ...; Enum members, dates, Decimal, Fraction, UUID, pathlib paths, compiled patterns; tuples and\n"
"frozensets of such values), classes, modules, functions without a closure, what is guarded already, and what guards itself\n"
"(locks, queues, threads, executors, loggers). Sharing, moving or freezing any of the wrappers does it to all of them.\n\n"
"Arguments, keys and assigned values are passed as they are. Operands of numeric operators and comparisons that are\n"
"wrappers are checked and unwrapped. ``plain_list + w`` is a TypeError, because Python does not tell the wrapper whether it is\n"
"``plain_list += w``, which works: write ``plain_list + list(w)``; the same goes for sets. A copy (``copy``,\n"
"``deepcopy``) is ``own()`` of the copied object and belongs to the thread that makes it; a pickle holds the object\n"
"and comes back as ``own()`` of it, private to the thread that loads it. A wrapper gives no buffer.\n\n"
"Args:\n"
"    obj: Any object. One that is guarded already (an instance of an owned class, a List, Dict or Set, a wrapper) is checked\n"
"        and returned as it is.\n\n"
"Returns:\n"
"    The wrapper, or `obj`. A second ``own()`` over one object joins the first: both wrappers are always in the same hands.\n\n"
"Raises:\n"
"    TypeError: `obj` serves many threads by nature and guards itself (a lock, queue, thread, executor, ...).\n"
"    OwnershipError: somebody else owns `obj`, itself or through a wrapper.\n\n"
"Threads:\n"
"    Any thread may own() an object that nobody owns. References to the bare object that were handed out before, or that its\n"
"    own code hands out, are not checked.\n\n"
">>> from owned import own, unwrap\n"
">>> prices = own({'tea': 2})\n"
">>> prices['tea'] += 1\n"
">>> prices\n"
"{'tea': 3}");

static PyObject *
own_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_mode_rely();
    if (owned_mode_now() == OWNED_MODE_OFF)
        return Py_NewRef(obj);
    return owned_wrap_root(obj);
}

PyDoc_STRVAR(unwrap_doc,
"unwrap($module, w, /)\n--\n\n"
"Check, then hand out what a wrapper is around.\n\n"
"From then on the bare object is in the hands of the caller, unchecked: the way to give it to code that needs the real thing\n"
"(a buffer, ``json``, an exception to raise).\n\n"
"Args:\n"
"    w: A wrapper made by own(). Another guarded object is checked and returned as it is.\n\n"
"Returns:\n"
"    The wrapped object.\n\n"
"Raises:\n"
"    TypeError: `w` is not guarded.\n"
"    OwnershipError: it is not the calling thread's to change.\n\n"
"Threads:\n"
"    The owner, or whoever holds the lock. Counts as a write: a frozen wrapper does not give out its inside.");

static PyObject *
unwrap_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    static const owned_access how = {OWNED_OPERATION, "unwrap", NULL, 1};
    owned_region **where = owned_carried(obj);
    if (owned_mode_now() == OWNED_MODE_OFF && !owned_is_wrapper(obj))
        return Py_NewRef(obj);
    if (where == NULL)
        return PyErr_Format(PyExc_TypeError, "`w` must be a wrapper made by own(), got %.200s", Py_TYPE(obj)->tp_name);
    if (owned_check(obj, where, &how, NULL) < 0)
        return NULL;
    if (!owned_is_wrapper(obj))
        return Py_NewRef(obj);
    PyObject *inside = owned_wrapper_inside(obj);
    if (inside == NULL)
        owned_wrapper_set_cleared();
    return inside;
}

static PyMethodDef functions[] = {
    {"own", own_impl, METH_O, own_doc},
    {"unwrap", unwrap_impl, METH_O, unwrap_doc},
    {NULL, NULL, 0, NULL},
};

int
owned_wrapper_add(PyObject *module)
{
    if (owned_wrapper_types_add(module) < 0 || owned_wrapper_method_add(module) < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
