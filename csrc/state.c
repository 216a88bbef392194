/* The module's state: made whole by owned_state_init, visited and cleared by the lists in state.h. */
// SPDX-License-Identifier: MIT
#include "state.h"

#include "life.h"
#include "membrane.h"

owned_state *owned_the_state;

int
owned_state_add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *spec, PyObject *bases, const char *name)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, bases);
    if (type == NULL)
        return -1;
    Py_XSETREF(*slot, type);
    return name == NULL ? 0 : PyModule_AddObjectRef(module, name, (PyObject *)type);
}

static int
take_import(PyObject **field, const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    if (module == NULL)
        return -1;
    *field = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return *field == NULL ? -1 : 0;
}

int
owned_state_init(owned_state *state)
{
#define X(text)                                                                                                        \
    if ((state->str_##text = PyUnicode_InternFromString(#text)) == NULL)                                               \
        return -1;
    OWNED_STATE_NAMES(X)
#undef X
#define X(field, module, name)                                                                                         \
    if (take_import(&state->field, module, name) < 0)                                                                  \
        return -1;
    OWNED_STATE_IMPORTS(X)
#undef X
    if ((state->threads = PyDict_New()) == NULL || (state->foreign_regions = PyDict_New()) == NULL)
        return -1;
    state->tenure_key = PyUnicode_FromString("owned._core.Tenure");
    return state->tenure_key == NULL ? -1 : 0;
}

int
owned_state_traverse(owned_state *state, visitproc visit, void *arg)
{
#define X(name) Py_VISIT(state->name);
    OWNED_STATE_TYPES(X)
#undef X
#define X(field, module, name) Py_VISIT(state->field);
    OWNED_STATE_IMPORTS(X)
#undef X
    Py_VISIT(state->threads);
    Py_VISIT(state->foreign_regions);
    Py_VISIT(state->wrapper_types);
    Py_VISIT(state->class_descriptor);
    return 0;
}

void
owned_state_clear(owned_state *state)
{
    owned_life_clear();
    owned_region_drain_pool(state); /* while the types of what is in them are there */
    owned_wrapper_drain_spares(state);
#define X(name) Py_CLEAR(state->name);
    OWNED_STATE_TYPES(X)
#undef X
#define X(field, module, name) Py_CLEAR(state->field);
    OWNED_STATE_IMPORTS(X)
#undef X
#define X(text) Py_CLEAR(state->str_##text);
    OWNED_STATE_NAMES(X)
#undef X
    Py_CLEAR(state->threads);
    Py_CLEAR(state->foreign_regions);
    Py_CLEAR(state->wrapper_types);
    Py_CLEAR(state->wrapper_names);
    Py_CLEAR(state->class_descriptor);
    Py_CLEAR(state->tenure_key);
}
