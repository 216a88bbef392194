/* Most accesses are made in a call that made one before, or in one from there. So a thread keeps the callers of few frames, and does not
 * have to ask each frame of the stack again. They are those of the same call as long as no other frame object was made at such an
 * address; of a call that goes on they do not change, unless it is a generator's, which is resumed from wherever it is. */
// SPDX-License-Identifier: MIT
#include "frames.h"
#include "deaths.h"

static audit_callers *
slot_of(audit_thread *self, PyFrameObject *frame)
{
    uintptr_t address = (uintptr_t)frame;
    return &self->callers[(address >> 5 ^ address >> 10) % AUDIT_CALLERS];
}

static audit_callers *
known_callers(audit_thread *self, PyFrameObject *frame)
{
    audit_callers *callers = slot_of(self, frame);
    uintptr_t address = (uintptr_t)frame;
    return callers->frame == address && callers->frames == owned_load_u64(audit_frames_at(address)) ? callers : NULL;
}

/* The code is borrowed: the frame runs. */
static audit_place
place_of(PyFrameObject *frame)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    audit_place place = {code, PyFrame_GetLasti(frame)};
    Py_DECREF(code);
    return place;
}

static int
is_generator(const audit_place *place)
{
    return ((PyCodeObject *)place->code)->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR);
}

static void
keep(audit_callers *callers, PyFrameObject *frame, const audit_place *places, size_t depth)
{
    callers->frame = (uintptr_t)frame;
    callers->frames = owned_load_u64(audit_frames_at(callers->frame));
    callers->chain = NULL;
    callers->depth = Py_MIN(depth, AUDIT_DEPTH);
    memcpy(callers->places, places, callers->depth * sizeof(audit_place));
}

/* The callers of a frame, and of the first of them as well. */
static void
find_callers(audit_thread *self, PyFrameObject *frame, audit_callers *callers)
{
    audit_place places[AUDIT_DEPTH + 1];
    size_t depth = 0;
    PyFrameObject *first = PyFrame_GetBack(frame), *at = (PyFrameObject *)Py_XNewRef((PyObject *)first);
    while (at != NULL && depth <= AUDIT_DEPTH) {
        places[depth++] = place_of(at);
        const audit_callers *known = known_callers(self, at);
        PyFrameObject *back = known == NULL ? PyFrame_GetBack(at) : NULL;
        if (known != NULL) {
            size_t more = Py_MIN(known->depth, AUDIT_DEPTH + 1 - depth);
            memcpy(places + depth, known->places, more * sizeof(audit_place));
            depth += more;
        }
        Py_DECREF((PyObject *)at);
        at = back;
    }
    Py_XDECREF((PyObject *)at);
    if (first != NULL && !is_generator(&places[0]) && known_callers(self, first) == NULL)
        keep(slot_of(self, first), first, places + 1, depth - 1);
    Py_XDECREF((PyObject *)first);
    keep(callers, frame, places, depth);
}

static const audit_stack *
stack_of(audit_thread *self, PyFrameObject *frame, size_t most)
{
    audit_callers own, *callers = known_callers(self, frame);
    audit_place place = place_of(frame);
    if (callers == NULL) {
        callers = is_generator(&place) ? &own : slot_of(self, frame);
        find_callers(self, frame, callers);
    }
    const audit_chain *chain = callers->chain;
    if (most < AUDIT_DEPTH)
        chain = audit_depot_chain(callers->places, Py_MIN(callers->depth, most - 1));
    else if (chain == NULL)
        chain = callers->chain = audit_depot_chain(callers->places, Py_MIN(callers->depth, AUDIT_DEPTH - 1));
    return audit_depot_stack(&place, chain);
}

const audit_stack *
audit_stack_here(audit_thread *self, int skip, size_t most)
{
    int was_on = owned_pause_collector(); /* a frame is an allocation, and the program is in the middle of something */
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    for (; frame != NULL && skip > 0; skip--) {
        PyFrameObject *back = PyFrame_GetBack(frame);
        Py_DECREF((PyObject *)frame);
        frame = back;
    }
    const audit_stack *stack = frame == NULL ? NULL : stack_of(self, frame, most);
    Py_XDECREF((PyObject *)frame);
    owned_resume_collector(was_on);
    return stack;
}
