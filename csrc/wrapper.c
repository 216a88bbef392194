// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "state.h"
/* scaffold until the wrapper lands */
int owned_wrapper_add(PyObject *module);
static PyType_Slot slots[] = {{0, NULL}};
static PyType_Spec spec = {"owned._core.Wrapper", sizeof(owned_wrapper), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
int
owned_wrapper_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Wrapper, &spec, NULL, "Wrapper");
}
