/* What the files of the wrapper share with each other. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_WRAPPER_H
#define OWNED_WRAPPER_H

#include "membrane.h"

/* The wrapper of a bound method: it is made for nearly every call, so it is called by vectorcall. */
typedef struct {
    owned_wrapper base;
    vectorcallfunc vectorcall;
} owned_method_wrapper;

/* This thread may touch it, and is alone with it. */
static inline int
owned_wrapper_is_mine(PyObject *self)
{
    owned_region *r = owned_load_ptr(&((owned_wrapper *)self)->region);
    return OWNED_LIKELY(r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id);
}

/* What a wrapper is around, for a thread that is not alone with it: freeze() may be replacing it. New reference; NULL without
 * an error once the collector has cleared it. */
static inline PyObject *
owned_wrapper_inside(PyObject *self)
{
    PyObject *inside;
    OWNED_BEGIN_CRITICAL(self);
    inside = Py_XNewRef(((owned_wrapper *)self)->wrapped);
    OWNED_END_CRITICAL();
    return inside;
}

/* The region of a wrapper for what comes out of it: a new reference, NULL with MemoryError set. The operation on the inside may
 * have run anything since the check, so whether it can be taken as it is has to be asked again: only a home region can be
 * replaced by another thread while it is this one's. */
static inline owned_region *
owned_wrapper_membrane(PyObject *self)
{
    owned_region *r = owned_load_ptr(&((owned_wrapper *)self)->region);
    if (OWNED_LIKELY(r != NULL && !r->home && owned_load_u64(&r->holder) == owned_this_thread.id))
        return (owned_region *)Py_NewRef((PyObject *)r);
    return owned_membrane_of(self);
}

/* ---- what the slots are made of ---------------------------------------------------------------------------- */

#define READS 0
#define WRITES 1
#define OPERATION(name, writes) {OWNED_OPERATION, "use", name, writes}

/* ReferenceError: the inside is gone. */
OWNED_COLD void owned_wrapper_set_cleared(void);

/* The inside after a check: a new reference, NULL with an error set. */
static inline PyObject *
owned_wrapper_enter(PyObject *self, const owned_access *how, PyObject *detail)
{
    owned_wrapper *w = (owned_wrapper *)self;
    int answer = owned_check(self, &w->region, how, detail);
    if (answer < 0)
        return NULL;
    PyObject *inside = OWNED_LIKELY(answer == OWNED_ALONE) ? Py_XNewRef(w->wrapped) : owned_wrapper_inside(self);
    if (inside == NULL)
        owned_wrapper_set_cleared();
    return inside;
}

/* An operand after a check if it is a wrapper, else itself. New reference, NULL with an error set. */
static inline PyObject *
owned_wrapper_enter_operand(PyObject *operand, const owned_access *how)
{
    return owned_is_wrapper(operand) ? owned_wrapper_enter(operand, how, NULL) : Py_NewRef(operand);
}

/* ---- wrapper_make.c ---------------------------------------------------------------------------------------- */

int owned_wrapper_traverse(PyObject *self, visitproc visit, void *arg);
int owned_wrapper_clear(PyObject *self);
int owned_wrapper_clear_listed(PyObject *self);
void owned_wrapper_dealloc(PyObject *self);
void owned_wrapper_dealloc_method(PyObject *self);
void owned_wrapper_dealloc_listed(PyObject *self);

/* Put `inside` (which is listed in the table for this wrapper already if the wrapper is) in the place of what it is
 * around. Cannot fail. */
void owned_wrapper_replace_inside(PyObject *self, PyObject *inside);

/* What stands outside for `result`, which came out of `self` and is stolen: itself where it is bare or guarded already, `self` where it
 * is what that is around, else a wrapper. */
PyObject *owned_wrap(PyObject *self, PyObject *result);

/* The wrapper of an iterator that drives an `await`. New reference. */
PyObject *owned_wrap_awaiting(PyObject *iterator, owned_region *region);

/* The wrapper of a bound method, with what a call of it does. Steals `method` and `region`. New reference. */
PyObject *owned_wrap_method(PyObject *method, owned_region *region, vectorcallfunc call);

/* Is it a dict of a class whose look-up of a missing key may enter it, such as a defaultdict? */
int owned_reading_inserts(PyObject *inside);

/* ---- wrapper_method.c -------------------------------------------------------------------------------------- */

PyObject *owned_wrapper_method_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names);

int owned_wrapper_method_add(PyObject *module);

/* The same for send() and throw() of what an `await` drives: what they give is for the event loop and stays bare. */
PyObject *owned_method_call_driven(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names);

/* ---- wrapper.c --------------------------------------------------------------------------------------------- */

/* What stands outside for a result that came out of `self`, which is stolen; NULL passes. */
PyObject *owned_come_out(PyObject *self, PyObject *result);

/* The value of a StopIteration that is set is a result as well. */
void owned_stop_value_comes_out(PyObject *self);

/* ---- wrapper_look.c ---------------------------------------------------------------------------------------- */

PyObject *owned_wrapper_repr(PyObject *self);
PyObject *owned_wrapper_str(PyObject *self);
PyObject *owned_wrapper_format(PyObject *self, PyObject *spec);
Py_hash_t owned_wrapper_hash(PyObject *self);
PyObject *owned_wrapper_richcompare(PyObject *self, PyObject *other, int operation);
int owned_wrapper_bool(PyObject *self);
PyObject *owned_wrapper_dir(PyObject *self, PyObject *ignored);
PyObject *owned_wrapper_bytes(PyObject *self, PyObject *ignored);
int owned_wrapper_getbuffer(PyObject *self, Py_buffer *view, int flags);
PyObject *owned_wrapper_instancecheck(PyObject *self, PyObject *instance);
PyObject *owned_wrapper_subclasscheck(PyObject *self, PyObject *subclass);
PyObject *owned_wrapper_copy(PyObject *self, PyObject *ignored);
PyObject *owned_wrapper_deepcopy(PyObject *self, PyObject *memo);
PyObject *owned_wrapper_reduce(PyObject *self, PyObject *ignored);
PyObject *owned_wrapper_reduce_ex(PyObject *self, PyObject *protocol);

#endif
