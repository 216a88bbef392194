/* AtomicInt and AtomicRef: one value that any number of threads change, each change a single step.
 *
 * An AtomicInt is 64 bits and compare-and-swap, with the GIL and without it: no thread ever waits. An AtomicRef is a
 * strong reference under a mutex of a few instructions, as a reference that is read has to be counted before the next
 * writer may let it go; code that may run (a finalizer, a check) runs before or after, never under the mutex. */
// SPDX-License-Identifier: MIT
#include "atomic.h"

#include "mode.h"
#include "passing.h"
#include "state.h"
#include "watch.h"

int owned_atomic_add(PyObject *module);

int
owned_may_pass(PyObject *value, const char *name, const char *call)
{
    if (owned_mode_now() == OWNED_MODE_OFF)
        return 0;
    int passing = owned_passing_of(value);
    if (passing == OWNED_PASSES || passing < 0)
        return passing;
    PyObject *error = PyObject_CallFunction(owned_the_state->refuse_to_keep, "Oss", value, name, call);
    if (error != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
    }
    return -1;
}

PyObject *
owned_refuse_copies(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    PyErr_Format(PyExc_TypeError,
                 "cannot copy or pickle '%.200s' object: the copy would go its own way, unnoticed; pass the object itself to "
                 "threads, and what it holds to processes",
                 Py_TYPE(self)->tp_name);
    return NULL;
}

/* ---- AtomicInt: steps -------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    uint64_t bits; /* of an int64_t; atomic */
    PyObject *weakrefs;
} atomic_int;

/* What becomes of a value, in *next: 1, or 0 if that has more than 64 bits. */
typedef int (*step)(int64_t value, int64_t n, int64_t *next);

static int
step_add(int64_t value, int64_t n, int64_t *next)
{
    if (n > 0 ? value > INT64_MAX - n : value < INT64_MIN - n)
        return 0;
    *next = value + n;
    return 1;
}

static int
step_subtract(int64_t value, int64_t n, int64_t *next)
{
    if (n > 0 ? value < INT64_MIN + n : value > INT64_MAX + n)
        return 0;
    *next = value - n;
    return 1;
}

#define STEP(name, result)                                                                                              \
    static int name(int64_t value, int64_t n, int64_t *next)                                                            \
    {                                                                                                                   \
        *next = (result);                                                                                               \
        return 1;                                                                                                       \
    }
STEP(step_max, value > n ? value : n)
STEP(step_min, value < n ? value : n)
STEP(step_and, value & n)
STEP(step_or, value | n)
STEP(step_xor, value ^ n)
#undef STEP

static inline int64_t
int_now(PyObject *self)
{
    int64_t value = (int64_t)owned_read_u64(&((atomic_int *)self)->bits);
    owned_watch(self, OWNED_WATCH_ACQUIRES);
    return value;
}

#define RANGE "an AtomicInt holds -2**63 to 2**63 - 1"

/* Put `n` there; what was there. */
static int64_t
int_exchange(PyObject *self, int64_t n)
{
    owned_watch(self, OWNED_WATCH_RELEASES);
    int64_t before = (int64_t)owned_swap_u64(&((atomic_int *)self)->bits, (uint64_t)n);
    owned_watch(self, OWNED_WATCH_ACQUIRES);
    return before;
}

/* 0, or -1 with an error set and nothing changed. */
static int
int_step(PyObject *self, step take, int64_t n, int64_t *before, int64_t *after)
{
    uint64_t *bits = &((atomic_int *)self)->bits;
    owned_watch(self, OWNED_WATCH_RELEASES);
    do {
        *before = int_now(self);
        if (!take(*before, n, after)) {
            PyErr_SetString(PyExc_OverflowError, "the result does not fit: " RANGE);
            return -1;
        }
    } while (!owned_cas_u64(bits, (uint64_t)*before, (uint64_t)*after));
    return 0;
}

static int
parse(PyObject *number, const char *name, int64_t *n)
{
    if (!PyIndex_Check(number)) {
        PyErr_Format(PyExc_TypeError, "`%s` must be an int, got %.200s", name, Py_TYPE(number)->tp_name);
        return -1;
    }
    int overflow;
    PyObject *exact = PyNumber_Index(number);
    if (exact == NULL)
        return -1;
    *n = PyLong_AsLongLongAndOverflow(exact, &overflow);
    Py_DECREF(exact);
    if (overflow != 0) {
        PyErr_Format(PyExc_OverflowError, "`%s` does not fit: " RANGE, name);
        return -1;
    }
    return 0;
}

static int
expect(const char *method, Py_ssize_t got, Py_ssize_t least, Py_ssize_t most)
{
    if (got >= least && got <= most)
        return 0;
    if (least == most)
        PyErr_Format(PyExc_TypeError, "%s() takes %zd argument%s, got %zd", method, most, most == 1 ? "" : "s", got);
    else
        PyErr_Format(PyExc_TypeError, "%s() takes %zd or %zd arguments, got %zd", method, least, most, got);
    return -1;
}

/* ---- AtomicInt: methods ------------------------------------------------------------------------------------------ */

enum { OLD, NEW };

/* A method with one argument, which may be left out if `by_default` is not 0. */
static PyObject *
int_method(PyObject *self, const char *method, step take, int which, PyObject *const *args, Py_ssize_t nargs,
           int64_t by_default)
{
    int64_t n = by_default, values[2];
    if (expect(method, nargs, by_default == 0, 1) < 0 || (nargs == 1 && parse(args[0], "n", &n) < 0) ||
        int_step(self, take, n, &values[OLD], &values[NEW]) < 0)
        return NULL;
    return PyLong_FromLongLong(values[which]);
}

#define METHOD(name, which, by_default)                                                                                 \
    static PyObject *int_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs)                                \
    {                                                                                                                   \
        return int_method(self, #name, step_##name, which, args, nargs, by_default);                                    \
    }
#define FETCH(name, by_default)                                                                                         \
    static PyObject *int_fetch_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs)                          \
    {                                                                                                                   \
        return int_method(self, "fetch_" #name, step_##name, OLD, args, nargs, by_default);                             \
    }
METHOD(add, NEW, 1)
METHOD(subtract, NEW, 1)
FETCH(add, 1)
FETCH(subtract, 1)
FETCH(max, 0)
FETCH(min, 0)
FETCH(and, 0)
FETCH(or, 0)
FETCH(xor, 0)
#undef METHOD
#undef FETCH

static PyObject *
int_increment(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return int_add(self, NULL, 0);
}

static PyObject *
int_decrement(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return int_subtract(self, NULL, 0);
}

static PyObject *
int_get(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromLongLong(int_now(self));
}

static PyObject *
int_swap(PyObject *self, PyObject *number)
{
    int64_t n;
    if (parse(number, "value", &n) < 0)
        return NULL;
    return PyLong_FromLongLong(int_exchange(self, n));
}

static PyObject *
int_set(PyObject *self, PyObject *number)
{
    int64_t n;
    if (parse(number, "value", &n) < 0)
        return NULL;
    int_exchange(self, n);
    Py_RETURN_NONE;
}

static PyObject *
int_compare_and_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    int64_t expected, n;
    if (expect("compare_and_set", nargs, 2, 2) < 0 || parse(args[0], "expected", &expected) < 0 ||
        parse(args[1], "value", &n) < 0)
        return NULL;
    owned_watch(self, OWNED_WATCH_RELEASES);
    int same = owned_cas_u64(&((atomic_int *)self)->bits, (uint64_t)expected, (uint64_t)n);
    owned_watch(self, OWNED_WATCH_ACQUIRES);
    return PyBool_FromLong(same);
}

static PyObject *
int_get_value(PyObject *self, void *Py_UNUSED(closure))
{
    return int_get(self, NULL);
}

static int
int_set_value(PyObject *self, PyObject *number, void *Py_UNUSED(closure))
{
    if (number == NULL) {
        PyErr_SetString(PyExc_AttributeError, "the value of an AtomicInt cannot be deleted");
        return -1;
    }
    PyObject *done = int_set(self, number);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* ---- AtomicInt: operators ---------------------------------------------------------------------------------------- */

static PyObject *
in_place(PyObject *self, PyObject *number, step take)
{
    int64_t n, before, after;
    if (!PyIndex_Check(number))
        Py_RETURN_NOTIMPLEMENTED;
    if (parse(number, "n", &n) < 0 || int_step(self, take, n, &before, &after) < 0)
        return NULL;
    return Py_NewRef(self);
}

#define IN_PLACE(name)                                                                                                  \
    static PyObject *int_inplace_##name(PyObject *self, PyObject *number)                                               \
    {                                                                                                                   \
        return in_place(self, number, step_##name);                                                                     \
    }
IN_PLACE(add)
IN_PLACE(subtract)
IN_PLACE(and)
IN_PLACE(or)
IN_PLACE(xor)
#undef IN_PLACE

static PyObject *
int_index(PyObject *self)
{
    return int_get(self, NULL);
}

static int
int_bool(PyObject *self)
{
    return int_now(self) != 0;
}

static PyObject *
int_repr(PyObject *self)
{
    return PyUnicode_FromFormat("AtomicInt(%lld)", (long long)int_now(self));
}

/* Both are read once. */
static PyObject *
int_compare(PyObject *self, PyObject *other, int op)
{
    PyObject *mine = int_get(self, NULL), *result = NULL;
    PyObject *theirs = Py_IS_TYPE(other, owned_the_state->AtomicInt) ? int_get(other, NULL) : Py_NewRef(other);
    if (mine != NULL && theirs != NULL)
        result = PyObject_RichCompare(mine, theirs, op);
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return result;
}

/* ---- AtomicInt: life --------------------------------------------------------------------------------------------- */

static PyObject *
int_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"value", NULL};
    PyObject *number = NULL;
    int64_t n = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:AtomicInt", keywords, &number) ||
        (number != NULL && parse(number, "value", &n) < 0))
        return NULL;
    atomic_int *self = (atomic_int *)type->tp_alloc(type, 0);
    if (self != NULL)
        owned_store_u64(&self->bits, (uint64_t)n);
    return (PyObject *)self;
}

static void
int_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (((atomic_int *)self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(int_doc,
"AtomicInt(value=0)\n--\n\n"
"An integer that any number of threads change without a lock: every method and every in-place operator is one step.\n\n"
"``owned.Counter`` is the same class. What is read (``get()``, ``value``, ``int(c)``, ``bool(c)``, a comparison) is read\n"
"once and may be out of date by the time it is used: to act on a value, use what the step itself returns, or\n"
"``compare_and_set``. There is no ``c + 1``, as that would invite ``c.value = c + 1``, which loses updates. The methods\n"
"named ``fetch_...`` return the value before the step, as in C++ and Rust.\n\n"
"``c += 1`` is one step too. On an attribute, ``x.c += 1`` also stores the counter back into ``x``, which is a write of\n"
"``x`` that is checked as any other: ``x.c.add(1)`` only reads ``x``.\n\n"
"Args:\n"
"    value: the value to begin with, of at most 64 bits.\n\n"
"Raises:\n"
"    OverflowError: an argument or a result is below -2**63 or above 2**63 - 1. Nothing has changed.\n"
"    TypeError: an argument is not an int; or it is to be hashed (it changes), copied or pickled (a copy would count on\n"
"        its own, unnoticed).\n\n"
"Threads:\n"
"    Any thread, at any time, without waiting. Steps are sequentially consistent: whoever sees a step sees what the\n"
"    thread that made it did before.");

#define STEP_DOC(name, argument, what)                                                                                  \
    PyDoc_STRVAR(name##_doc, #name "($self, " argument ", /)\n--\n\n" what "\n\n"                                       \
    "Raises:\n    OverflowError: there is no room for it in 64 bits. Nothing has changed.\n    TypeError: not an int.")
STEP_DOC(add, "n=1", "Add, and return the new value.");
STEP_DOC(subtract, "n=1", "Subtract, and return the new value.");
STEP_DOC(fetch_add, "n=1", "Add, and return the value before.");
STEP_DOC(fetch_subtract, "n=1", "Subtract, and return the value before.");
STEP_DOC(fetch_max, "n", "Let it be `n` if that is more; return the value before.");
STEP_DOC(fetch_min, "n", "Let it be `n` if that is less; return the value before.");
STEP_DOC(fetch_and, "n", "Keep the bits that are in `n` too; return the value before.");
STEP_DOC(fetch_or, "n", "Add the bits of `n`; return the value before.");
STEP_DOC(fetch_xor, "n", "Flip the bits of `n`; return the value before.");
STEP_DOC(set, "value", "Set the value.");
STEP_DOC(swap, "value", "Set the value, and return the one before.");
#undef STEP_DOC
PyDoc_STRVAR(increment_doc,
"increment($self, /)\n--\n\nAdd one, and return the new value.\n\n"
"Raises:\n    OverflowError: there is no room for it in 64 bits. Nothing has changed.");
PyDoc_STRVAR(decrement_doc,
"decrement($self, /)\n--\n\nSubtract one, and return the new value.\n\n"
"Raises:\n    OverflowError: there is no room for it in 64 bits. Nothing has changed.");
PyDoc_STRVAR(get_doc, "get($self, /)\n--\n\nThe value now.");
PyDoc_STRVAR(int_cas_doc,
"compare_and_set($self, expected, value, /)\n--\n\n"
"Set the value if it is `expected`.\n\n"
"Returns:\n    True if it was, False if it was not and nothing has changed.\n\n"
"Raises:\n    OverflowError, TypeError: an argument does not fit, or is not an int.");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nIt cannot be pickled or copied: TypeError.");

#define FAST(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL

static PyMethodDef int_methods[] = {
    {"get", int_get, METH_NOARGS, get_doc},
    {"set", int_set, METH_O, set_doc},
    {"swap", int_swap, METH_O, swap_doc},
    {"compare_and_set", FAST(int_compare_and_set), int_cas_doc},
    {"add", FAST(int_add), add_doc},
    {"subtract", FAST(int_subtract), subtract_doc},
    {"increment", int_increment, METH_NOARGS, increment_doc},
    {"decrement", int_decrement, METH_NOARGS, decrement_doc},
    {"fetch_add", FAST(int_fetch_add), fetch_add_doc},
    {"fetch_subtract", FAST(int_fetch_subtract), fetch_subtract_doc},
    {"fetch_max", FAST(int_fetch_max), fetch_max_doc},
    {"fetch_min", FAST(int_fetch_min), fetch_min_doc},
    {"fetch_and", FAST(int_fetch_and), fetch_and_doc},
    {"fetch_or", FAST(int_fetch_or), fetch_or_doc},
    {"fetch_xor", FAST(int_fetch_xor), fetch_xor_doc},
    {"__reduce_ex__", owned_refuse_copies, METH_O, reduce_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef int_getset[] = {
    {"value", int_get_value, int_set_value, PyDoc_STR("The value: reading is get(), assigning is set()."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef int_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(atomic_int, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot int_slots[] = {
    {Py_tp_doc, (void *)int_doc},
    {Py_tp_new, int_new},
    {Py_tp_dealloc, int_dealloc},
    {Py_tp_repr, int_repr},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, int_compare},
    {Py_tp_methods, int_methods},
    {Py_tp_getset, int_getset},
    {Py_tp_members, int_members},
    {Py_nb_int, int_index},
    {Py_nb_index, int_index},
    {Py_nb_bool, int_bool},
    {Py_nb_inplace_add, int_inplace_add},
    {Py_nb_inplace_subtract, int_inplace_subtract},
    {Py_nb_inplace_and, int_inplace_and},
    {Py_nb_inplace_or, int_inplace_or},
    {Py_nb_inplace_xor, int_inplace_xor},
    {0, NULL},
};

static PyType_Spec int_spec = {
    .name = "owned.AtomicInt",
    .basicsize = sizeof(atomic_int),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = int_slots,
};

/* ---- AtomicRef --------------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *value; /* strong; under the mutex; NULL: the collector took it */
    PyObject *weakrefs;
    owned_mutex mutex;
} atomic_ref;

/* New reference to what is there. */
static PyObject *
ref_now(PyObject *op)
{
    atomic_ref *self = (atomic_ref *)op;
    owned_mutex_lock(&self->mutex);
    PyObject *value = Py_XNewRef(self->value);
    owned_mutex_unlock(&self->mutex);
    owned_watch(op, OWNED_WATCH_ACQUIRES);
    return value != NULL ? value : Py_NewRef(Py_None);
}

/* Put `value` (stolen) there; what was there is the caller's. Tells nobody. */
static PyObject *
ref_replace(PyObject *op, PyObject *value)
{
    atomic_ref *self = (atomic_ref *)op;
    owned_mutex_lock(&self->mutex);
    PyObject *before = self->value;
    self->value = value;
    owned_mutex_unlock(&self->mutex);
    return before;
}

static PyObject *
ref_exchange(PyObject *op, PyObject *value)
{
    owned_watch(op, OWNED_WATCH_RELEASES);
    PyObject *before = ref_replace(op, value);
    owned_watch(op, OWNED_WATCH_ACQUIRES);
    return before;
}

/* Put a new reference to `value` there if `expected` is there. 1 or 0. */
static int
ref_try(PyObject *op, PyObject *expected, PyObject *value)
{
    atomic_ref *self = (atomic_ref *)op;
    PyObject *before = NULL;
    owned_watch(op, OWNED_WATCH_RELEASES);
    owned_mutex_lock(&self->mutex);
    int same = (self->value != NULL ? self->value : Py_None) == expected;
    if (same) {
        before = self->value;
        self->value = Py_NewRef(value);
    }
    owned_mutex_unlock(&self->mutex);
    owned_watch(op, OWNED_WATCH_ACQUIRES);
    Py_XDECREF(before);
    return same;
}

static PyObject *
ref_get(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return ref_now(self);
}

static PyObject *
ref_swap(PyObject *self, PyObject *value)
{
    if (owned_may_pass(value, "value", "AtomicRef.swap()") < 0)
        return NULL;
    PyObject *before = ref_exchange(self, Py_NewRef(value));
    return before != NULL ? before : Py_NewRef(Py_None);
}

static PyObject *
ref_set(PyObject *self, PyObject *value)
{
    if (owned_may_pass(value, "value", "AtomicRef.set()") < 0)
        return NULL;
    PyObject *before = ref_exchange(self, Py_NewRef(value));
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

static PyObject *
ref_compare_and_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (expect("compare_and_set", nargs, 2, 2) < 0 || owned_may_pass(args[1], "value", "AtomicRef.compare_and_set()") < 0)
        return NULL;
    return PyBool_FromLong(ref_try(self, args[0], args[1]));
}

static PyObject *
ref_update(PyObject *self, PyObject *function)
{
    PyObject *before, *after;
    int done = 0;
    do {
        before = ref_now(self);
        after = PyObject_CallOneArg(function, before);
        if (after == NULL)
            done = -1;
        else if (owned_may_pass(after, "value", "AtomicRef.update()") < 0) {
            Py_CLEAR(after);
            done = -1;
        }
        else
            done = ref_try(self, before, after);
        Py_DECREF(before);
        if (done == 0)
            Py_DECREF(after);
    } while (done == 0);
    return after;
}

static PyObject *
ref_get_value(PyObject *self, void *Py_UNUSED(closure))
{
    return ref_now(self);
}

static int
ref_set_value(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "the value of an AtomicRef cannot be deleted");
        return -1;
    }
    PyObject *done = ref_set(self, value);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *
ref_repr(PyObject *self)
{
    int inside = Py_ReprEnter(self);
    if (inside != 0)
        return inside < 0 ? NULL : PyUnicode_FromString("AtomicRef(...)");
    PyObject *value = ref_now(self);
    PyObject *text = PyUnicode_FromFormat("AtomicRef(%R)", value);
    Py_DECREF(value);
    Py_ReprLeave(self);
    return text;
}

static PyObject *
ref_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"value", NULL};
    PyObject *value = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:AtomicRef", keywords, &value) ||
        owned_may_pass(value, "value", "AtomicRef()") < 0)
        return NULL;
    atomic_ref *self = (atomic_ref *)type->tp_alloc(type, 0);
    if (self != NULL)
        Py_XDECREF(ref_exchange((PyObject *)self, Py_NewRef(value)));
    return (PyObject *)self;
}

static int
ref_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((atomic_ref *)self)->value);
    return 0;
}

static int
ref_clear(PyObject *self)
{
    PyObject *before = ref_replace(self, NULL);
    Py_XDECREF(before);
    return 0;
}

static void
ref_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((atomic_ref *)self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    ref_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(ref_doc,
"AtomicRef(value=None)\n--\n\n"
"A reference that any number of threads read and replace without a lock.\n\n"
"For what is read often and replaced as a whole: a configuration, a snapshot, the head of a list. What is put in has to\n"
"be something that every thread may have: immutable, frozen, shared, a ``Parcel``, or synchronized by itself.\n\n"
"Args:\n"
"    value: what it refers to at first.\n\n"
"Raises:\n"
"    OwnershipError, TypeError: a value is private, or can change and nobody guards it; the message gives the way out.\n"
"        Nothing has changed. Not checked in the mode ``off``.\n"
"    TypeError: it is to be copied or pickled.\n\n"
"Threads:\n"
"    Any thread, at any time. Each method but ``update`` is one step. Not checked: what a function or a class that is\n"
"    put in refers to.");

PyDoc_STRVAR(ref_set_doc,
"set($self, value, /)\n--\n\nRefer to `value`.\n\n"
"Raises:\n    OwnershipError, TypeError: not every thread may have `value`. Nothing has changed.");
PyDoc_STRVAR(ref_swap_doc,
"swap($self, value, /)\n--\n\nRefer to `value`, and return what it referred to.\n\n"
"Raises:\n    OwnershipError, TypeError: not every thread may have `value`. Nothing has changed.");
PyDoc_STRVAR(ref_cas_doc,
"compare_and_set($self, expected, value, /)\n--\n\n"
"Refer to `value` if it refers to `expected`: the very object, as ``is`` has it, not an equal one.\n\n"
"Returns:\n    True if it did, False if it did not and nothing has changed.\n\n"
"Raises:\n    OwnershipError, TypeError: not every thread may have `value`. Nothing has changed.");
PyDoc_STRVAR(update_doc,
"update($self, function, /)\n--\n\n"
"Replace what it refers to with what the function makes of it.\n\n"
"The function is called again, with what is there then, whenever another thread came first. So it may run several times:\n"
"it should do nothing but compute.\n\n"
"Args:\n    function: takes the value, returns the next one.\n\n"
"Returns:\n    The new value.\n\n"
"Raises:\n"
"    OwnershipError, TypeError: not every thread may have what the function returned. Nothing has changed.\n"
"    Whatever the function raises. Nothing has changed.\n\n"
"Threads:\n    Any thread. Nothing is held while the function runs.");

static PyMethodDef ref_methods[] = {
    {"get", ref_get, METH_NOARGS, PyDoc_STR("get($self, /)\n--\n\nWhat it refers to now.")},
    {"set", ref_set, METH_O, ref_set_doc},
    {"swap", ref_swap, METH_O, ref_swap_doc},
    {"compare_and_set", FAST(ref_compare_and_set), ref_cas_doc},
    {"update", ref_update, METH_O, update_doc},
    {"__reduce_ex__", owned_refuse_copies, METH_O, reduce_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "AtomicRef[T]: a reference to a T, for annotations."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef ref_getset[] = {
    {"value", ref_get_value, ref_set_value, PyDoc_STR("The value: reading is get(), assigning is set()."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef ref_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(atomic_ref, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot ref_slots[] = {
    {Py_tp_doc, (void *)ref_doc},
    {Py_tp_new, ref_new},
    {Py_tp_dealloc, ref_dealloc},
    {Py_tp_traverse, ref_traverse},
    {Py_tp_clear, ref_clear},
    {Py_tp_repr, ref_repr},
    {Py_tp_methods, ref_methods},
    {Py_tp_getset, ref_getset},
    {Py_tp_members, ref_members},
    {0, NULL},
};

static PyType_Spec ref_spec = {
    .name = "owned.AtomicRef",
    .basicsize = sizeof(atomic_ref),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ref_slots,
};

int
owned_atomic_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    return owned_state_add_type(module, &state->AtomicInt, &int_spec, NULL, "AtomicInt") < 0 ||
                   owned_state_add_type(module, &state->AtomicRef, &ref_spec, NULL, "AtomicRef") < 0
               ? -1
               : 0;
}
