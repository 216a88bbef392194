/* What each thread remembers of classes, see field.h: a table that its first note makes, where later notes replace earlier
 * ones. */
// SPDX-License-Identifier: MIT
#include "field.h"

void
owned_field_note(PyTypeObject *type, PyObject *name, uint32_t version, PyMemberDef *slot)
{
    if (version == 0 || version != owned_type_version(type))
        return;
    if (owned_this_thread.fields == NULL && owned_this_thread.birth != NULL)
        owned_this_thread.fields = PyMem_Calloc(OWNED_FIELDS, sizeof(owned_field));
    if (owned_this_thread.fields == NULL)
        return;
    owned_field *field = &owned_this_thread.fields[owned_field_place(version, name)];
    PyObject *before = field->name;
    *field = (owned_field){Py_NewRef(name), slot, slot == NULL ? 0 : slot->offset, version};
    Py_XDECREF(before);
}

void
owned_field_thread_ends(void)
{
    owned_field *fields = owned_this_thread.fields;
    owned_this_thread.fields = NULL;
    for (size_t i = 0; fields != NULL && i < OWNED_FIELDS; i++)
        Py_XDECREF(fields[i].name);
    PyMem_Free(fields);
}
