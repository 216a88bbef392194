/* Where this thread is in the program, noted so cheaply that strict mode can do it at every birth and every acquire. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_PLACE_H
#define OWNED_PLACE_H

#include "compat.h"

/* An instruction of a code object: told to nobody yet, its line not looked up. No frame is kept. */
typedef struct {
    PyObject *code; /* strong, or NULL: not known */
    int instruction;
} owned_place;

/* The calls that led here, innermost first, without owned's own: how many of `most`. Cannot fail. */
size_t owned_places_here(owned_place *places, size_t most);

/* The innermost of them. */
owned_place owned_place_here(void);

/* (code, line), or None for a place that is not known. New reference, NULL with an error set. */
PyObject *owned_place_told(const owned_place *place);

#endif
