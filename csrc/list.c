// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "state.h"
/* scaffold until the containers land */
int owned_containers_add(PyObject *module);
#define SCAFFOLD(Name, cname, base, layout)                                                                            \
    static PyType_Slot cname##_slots[] = {{0, NULL}};                                                                  \
    static PyType_Spec cname##_spec = {"owned." #Name, sizeof(layout), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, cname##_slots}; \
    PyObject *owned_##cname##_new(owned_region *region)                                                                \
    {                                                                                                                  \
        PyObject *made = PyObject_CallNoArgs((PyObject *)owned_the_state->Name);                                       \
        if (made != NULL)                                                                                              \
            owned_region_repoint(made, &((layout *)made)->region, region);                                             \
        return made;                                                                                                   \
    }
SCAFFOLD(List, list, PyList_Type, owned_list)
SCAFFOLD(Dict, dict, PyDict_Type, owned_dict)
SCAFFOLD(Set, set, PySet_Type, owned_set)
int
owned_containers_add(PyObject *module)
{
    owned_state *s = owned_the_state;
    return owned_state_add_type(module, &s->List, &list_spec, (PyObject *)&PyList_Type, "List") < 0 ||
                   owned_state_add_type(module, &s->Dict, &dict_spec, (PyObject *)&PyDict_Type, "Dict") < 0 ||
                   owned_state_add_type(module, &s->Set, &set_spec, (PyObject *)&PySet_Type, "Set") < 0
               ? -1
               : 0;
}
