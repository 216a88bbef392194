/* Methods with @synchronized, @reads and @requires. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_METHOD_H
#define OWNED_METHOD_H

#include "state.h"

/* The plain function behind a bound method that is marked with @reads; NULL for any other method. Borrowed. */
PyObject *owned_method_that_reads(PyObject *method);

#endif
