/* Frames are walked through their public face, and each is let go of at once: none is kept alive. */
// SPDX-License-Identifier: MIT
#include "place.h"
#include "state.h"

#define OWN_FRAMES_MOST 16 /* of owned's own, looked at on the way to the program's */

static int
is_own(PyCodeObject *code)
{
    return PyUnicode_Tailmatch(code->co_filename, owned_the_state->here, 0, PY_SSIZE_T_MAX, -1) == 1;
}

size_t
owned_places_here(owned_place *places, size_t most)
{
    if (owned_the_state == NULL) /* the interpreter ends */
        return 0;
    size_t found = 0;
    int was_on = owned_pause_collector(); /* a frame is an allocation, and whose life begins may be half made */
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
    for (size_t i = 0; frame != NULL && i < most + OWN_FRAMES_MOST; i++) {
        PyCodeObject *code = PyFrame_GetCode(frame);
        if (is_own(code))
            Py_DECREF((PyObject *)code);
        else
            places[found++] = (owned_place){(PyObject *)code, PyFrame_GetLasti(frame)};
        PyFrameObject *back = found < most ? PyFrame_GetBack(frame) : NULL;
        Py_DECREF((PyObject *)frame);
        frame = back;
    }
    Py_XDECREF((PyObject *)frame);
    owned_resume_collector(was_on);
    return found;
}

owned_place
owned_place_here(void)
{
    owned_place place = {NULL, 0};
    (void)owned_places_here(&place, 1);
    return place;
}

PyObject *
owned_place_told(const owned_place *place)
{
    if (place->code == NULL)
        Py_RETURN_NONE;
    return Py_BuildValue("Oi", place->code, PyCode_Addr2Line((PyCodeObject *)place->code, place->instruction));
}
