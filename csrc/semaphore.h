/* Semaphore and BoundedSemaphore. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_SEMAPHORE_H
#define OWNED_SEMAPHORE_H

#include "thread.h"

/* A Semaphore, a BoundedSemaphore, or an instance of a subclass. */
int owned_semaphore_check(PyObject *obj);

/* Take over the permits of a BoundedSemaphore that threads have which ended. 0 (also where there are none, but this thread
 * has some), or -1 with an error set: there is nothing to take over, or it is a Semaphore. */
int owned_semaphore_adopt(PyObject *semaphore);

#endif
