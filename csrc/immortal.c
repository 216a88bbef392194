/* freeze(obj, immortal=True): a frozen graph leaves reference counting and the collector's lists for the life of the
 * process.
 *
 * Then no reader writes to it: threads without a GIL do not contend for its counts, and the pages of a forked worker stay
 * those of its parent. First everything is found, which may fail, then everything is marked, which cannot.
 *
 * What goes along: frozen instances with their dicts, wrappers and their insides, tuples, frozensets, frozendicts and the
 * scalars in them, and what finding an attribute of a frozen instance counts: the descriptors of its classes. Classes,
 * functions, modules and what was registered as immutable stay counted. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "identity.h"
#include "membrane.h"
#include "state.h"

int owned_immortal_add(PyObject *module);

#if OWNED_HAS_IMMORTALS

typedef struct {
    owned_identity met, types;
    PyObject **found; /* borrowed, as what is frozen keeps what it reaches; in the order in which they were met */
    size_t room;
} walk;

/* 0, or -1 without memory (no error set: it is called by tp_traverse). */
static int
add(walk *w, PyObject *obj)
{
    uintptr_t known;
    if (owned_identity_find(&w->met, obj, &known))
        return 0;
    if (w->met.used == w->room) {
        size_t room = w->room == 0 ? 256 : w->room * 2;
        PyObject **found = PyMem_RawRealloc(w->found, room * sizeof(PyObject *));
        if (found == NULL)
            return -1;
        w->found = found;
        w->room = room;
    }
    if (owned_identity_reserve(&w->met, 1) < 0)
        return -1;
    w->found[w->met.used] = obj;
    owned_identity_put(&w->met, obj, 0, &known);
    return 0;
}

static int
is_frozen_container(PyObject *obj)
{
    return PyTuple_CheckExact(obj) || PyFrozenSet_CheckExact(obj) || owned_frozendict_items_borrowed(obj) != NULL;
}

/* What is met on the way: is it of the graph? A dict is the one of a frozen instance. */
static int
meet(PyObject *obj, void *arg)
{
    walk *w = arg;
    if (obj == NULL)
        return 0;
    int goes_along = owned_is_scalar(obj) || PyComplex_CheckExact(obj) || is_frozen_container(obj) ||
                     owned_is_frozen_instance(obj) || owned_is_wrapper(obj) || PyDict_CheckExact(obj) ||
                     Py_IS_TYPE(obj, owned_the_state->Region);
    return goes_along ? add(w, obj) : 0;
}

/* The descriptors that finding an attribute of a frozen instance counts. */
static int
meet_descriptors(walk *w, PyTypeObject *type)
{
    uintptr_t known;
    PyObject *mro = type->tp_mro;
    if (owned_identity_find(&w->types, type, &known))
        return 0;
    if (owned_identity_reserve(&w->types, 1) < 0)
        return -1;
    owned_identity_put(&w->types, type, 0, &known);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (!PyType_HasFeature(base, Py_TPFLAGS_HEAPTYPE) || PyType_HasFeature(base, Py_TPFLAGS_IMMUTABLETYPE))
            continue;
        PyObject *names = PyType_GetDict(base), *name, *value;
        Py_ssize_t position = 0;
        int failed = 0;
        OWNED_BEGIN_CRITICAL(names);
        while (!failed && PyDict_Next(names, &position, &name, &value))
            if (Py_IS_TYPE(value, &PyMemberDescr_Type) || Py_IS_TYPE(value, owned_the_state->FrozenField))
                failed = add(w, value) < 0;
        OWNED_END_CRITICAL();
        Py_DECREF(names);
        if (failed)
            return -1;
    }
    return 0;
}

/* tp_traverse of a dict does not show keys that are texts. */
static int
meet_keys(walk *w, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    int result = 0;
    OWNED_BEGIN_CRITICAL(dict);
    while (result == 0 && PyDict_Next(dict, &position, &key, &value))
        result = meet(key, w);
    OWNED_END_CRITICAL();
    return result;
}

static int
find_all(walk *w, PyObject *root)
{
    if (meet(root, w) < 0)
        return -1;
    for (size_t i = 0; i < w->met.used; i++) {
        PyObject *obj = w->found[i];
        if (owned_is_frozen_instance(obj)) {
            if (meet_descriptors(w, Py_TYPE(obj)) < 0)
                return -1;
        }
        else if (owned_frozendict_items_borrowed(obj) != NULL || PyDict_CheckExact(obj)) {
            if (meet_keys(w, PyDict_CheckExact(obj) ? obj : owned_frozendict_items_borrowed(obj)) < 0)
                return -1;
        }
        else if (!is_frozen_container(obj) && !owned_is_wrapper(obj))
            continue;
        traverseproc traverse = Py_TYPE(obj)->tp_traverse;
        if (traverse != NULL && traverse(obj, meet, w) < 0)
            return -1;
    }
    return 0;
}

#endif

static PyObject *
immortalize_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
#if OWNED_HAS_IMMORTALS
    walk w = {.found = NULL};
    PyObject *mine = PyList_New(0);
    int result = mine == NULL ? -1 : find_all(&w, obj);
    for (size_t i = 0; result == 0 && i < w.met.used; i++)
        owned_make_immortal(w.found[i], mine);
    owned_identity_release(&w.met);
    owned_identity_release(&w.types);
    PyMem_RawFree(w.found);
    Py_XDECREF(mine);
    if (result < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
#else
    (void)obj;
    PyErr_SetString(PyExc_NotImplementedError, "before Python 3.12 every object is counted");
    return NULL;
#endif
}

static PyMethodDef methods[] = {
    {"immortalize", immortalize_impl, METH_O,
     PyDoc_STR("immortalize(obj, /)\n--\n\n"
               "Take what is frozen, with all that it reaches, out of reference counting and the collector's lists for\n"
               "the life of the process. NotImplementedError before 3.12.")},
    {NULL, NULL, 0, NULL},
};

int
owned_immortal_add(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
