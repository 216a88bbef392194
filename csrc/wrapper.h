/* What the files of the wrapper share with each other. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_WRAPPER_H
#define OWNED_WRAPPER_H

#include "carrier.h"

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

/* ---- wrapper_make.c ---------------------------------------------------------------------------------------- */

int owned_wrapper_traverse(PyObject *self, visitproc visit, void *arg);
int owned_wrapper_clear(PyObject *self);
int owned_wrapper_clear_listed(PyObject *self);
void owned_wrapper_dealloc(PyObject *self);
void owned_wrapper_dealloc_listed(PyObject *self);

/* Put `inside` (which is listed in the table for this wrapper already if the wrapper is) in the place of what it is
 * around. Cannot fail. */
void owned_wrapper_replace_inside(PyObject *self, PyObject *inside);

/* The wrapper of an iterator that drives an `await`. New reference. */
PyObject *owned_wrap_awaiting(PyObject *iterator, owned_region *region);

/* The wrapper of a bound method, with what a call of it does. New reference. */
PyObject *owned_wrap_method(PyObject *method, owned_region *region, vectorcallfunc call);

/* ---- wrapper_method.c -------------------------------------------------------------------------------------- */

PyObject *owned_wrapper_method_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names);

/* The same for send() and throw() of what an `await` drives: what they give is for the event loop and stays bare. */
PyObject *owned_method_call_driven(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names);

/* ---- wrapper.c --------------------------------------------------------------------------------------------- */

/* What stands outside for a result that came out of `self`, which is stolen; NULL passes. */
PyObject *owned_come_out(PyObject *self, PyObject *result);

/* The value of a StopIteration that is set is a result as well. */
void owned_stop_value_comes_out(PyObject *self);

/* ReferenceError: the inside is gone. */
OWNED_COLD void owned_wrapper_set_cleared(void);

#endif
