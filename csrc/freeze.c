// SPDX-License-Identifier: MIT
#include "state.h"

int owned_freeze_add(PyObject *module);
int
owned_freeze_add(PyObject *module)
{
    (void)module;
    return 0;
}
