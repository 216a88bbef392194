/* Parcels, for what hands them over. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_PARCEL_H
#define OWNED_PARCEL_H

#include "region.h"

/* May whoever gets the parcel claim it? 1; 0 if it is addressed to one thread; -1 with a MovedError if it has been claimed. */
int owned_parcel_is_for_anybody(PyObject *parcel);

/* Claim it for this thread, which is registered; `claim` is the Record of the call. NULL with a MovedError if it has been
 * claimed, or with what unpickling raised, of one that came from another process: that runs Python code. Whom it is addressed
 * to is not looked at. */
PyObject *owned_parcel_claim(PyObject *parcel, PyObject *claim);

/* claim() of each parcel among the `count` values, which the array has references to: its content is there then. 0; or -1 with
 * an error set, and all is as it was: none of them was claimed. */
int owned_parcels_claim(PyObject **values, Py_ssize_t count);

/* Was it claimed already? Perhaps by the time the answer is used. */
int owned_parcel_is_claimed(PyObject *parcel);

#endif
