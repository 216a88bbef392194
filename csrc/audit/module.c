/* owned._audit._detector: the module itself, and the run. What it holds is in the files that its `parts` come from. */
// SPDX-License-Identifier: MIT
#include "classify.h"
#include "effects.h"
#include "hooks.h"
#include "shadow.h"
#include "sync.h"

audit_state *audit_the_state;

int
audit_add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *spec, int is_public)
{
    *slot = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *slot == NULL || (is_public && PyModule_AddType(module, *slot) < 0) ? -1 : 0;
}

int
audit_numbers_add(audit_numbers *set, uint32_t number)
{
    for (uint32_t i = 0; i < set->used; i++)
        if (set->at[i] == number)
            return 0;
    if (set->used == AUDIT_NUMBERS_MOST)
        return 0;
    if (set->used == set->size) {
        uint32_t size = set->size == 0 ? 4 : set->size * 2;
        uint32_t *longer = PyMem_RawRealloc(set->at, size * sizeof(uint32_t));
        if (longer == NULL)
            return 0;
        set->at = longer;
        set->size = size;
    }
    set->at[set->used++] = number;
    return 1;
}

void
audit_numbers_release(audit_numbers *set)
{
    PyMem_RawFree(set->at);
    *set = (audit_numbers){NULL, 0, 0};
}

int
audit_set_many(int many)
{
    if ((owned_load_u64(&audit_many) != 0) == (many != 0))
        return 0;
    owned_store_u64(&audit_many, (uint64_t)(many != 0));
    return PyDict_SetItem(audit_the_state->builtins, audit_the_state->str_MT, many ? Py_True : Py_None);
}

/* ---- the run ------------------------------------------------------------------------------------------------ */

/* A type of a module that may not be there: borrowed from what the state keeps, or NULL. -1 with an error. */
static int
take_type(const char *module, const char *name, PyTypeObject **type)
{
    PyObject *imported = PyImport_ImportModule(module);
    PyObject *found = imported == NULL ? NULL : PyObject_GetAttrString(imported, name);
    Py_XDECREF(imported);
    int result = found == NULL ? -1 : PyList_Append(audit_the_state->known, found);
    *type = result < 0 ? NULL : (PyTypeObject *)found;
    Py_XDECREF(found);
    return result;
}

static PyObject *
name_of_this_thread(void)
{
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *thread = threading == NULL ? NULL : PyObject_CallMethod(threading, "current_thread", NULL);
    PyObject *name = thread == NULL ? NULL : PyObject_GetAttrString(thread, "name");
    Py_XDECREF(threading);
    Py_XDECREF(thread);
    return name;
}

static void
forget_everything(void)
{
    audit_shadows_clear();
    audit_races_clear();
    audit_locks_clear();
    audit_groups_clear();
    audit_lockset_clear();
    audit_depot_clear();
}

static PyObject *
start_impl(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"memory", NULL};
    long long memory = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|L:start", names, &memory))
        return NULL;
    if (memory < 0)
        return PyErr_Format(PyExc_ValueError, "`memory` must not be negative");
    if (owned_load_u64(&audit_running) != 0)
        return PyErr_Format(PyExc_RuntimeError, "the detector is at work already");
    PyObject *effects = PyImport_ImportModule("owned._audit._effects"); /* it calls learn() */
    if (effects == NULL)
        return NULL;
    Py_DECREF(effects);
    if ((audit_deque_type == NULL && take_type("collections", "deque", &audit_deque_type) < 0) ||
        (audit_array_type == NULL && take_type("array", "array", &audit_array_type) < 0))
        return NULL;
    PyObject *name = name_of_this_thread();
    if (name == NULL)
        return NULL;
    forget_everything();
    audit_shadows_limit((uint64_t)memory);
    audit_counts = (audit_counters){0};
    int result = audit_deaths_watch() < 0 ? -1 : audit_threads_begin(name);
    Py_DECREF(name);
    if (result < 0) {
        audit_deaths_unwatch();
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
stop_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    if (owned_load_u64(&audit_running) != 0) {
        audit_threads_stop();
        audit_deaths_unwatch();
        if (audit_set_many(0) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
is_active_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_load_u64(&audit_running) != 0);
}

PyObject *
audit_listener(void)
{
    audit_state *state = audit_the_state;
    owned_mutex_lock(&state->on_race_mutex);
    PyObject *listener = Py_XNewRef(state->on_race);
    owned_mutex_unlock(&state->on_race_mutex);
    return listener;
}

static PyObject *
on_race_impl(PyObject *Py_UNUSED(module), PyObject *callback)
{
    audit_state *state = audit_the_state;
    if (callback != Py_None && !PyCallable_Check(callback))
        return PyErr_Format(PyExc_TypeError, "expected a callable or None, got %.200s", Py_TYPE(callback)->tp_name);
    owned_mutex_lock(&state->on_race_mutex);
    PyObject *before = state->on_race;
    state->on_race = callback == Py_None ? NULL : Py_NewRef(callback);
    owned_mutex_unlock(&state->on_race_mutex);
    Py_XDECREF(before);
    Py_RETURN_NONE;
}

static PyObject *
races_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return audit_races_told();
}

static PyObject *
variables_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return audit_groups_told();
}

static PyObject *
locks_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return audit_locks_told();
}

static PyObject *
forgotten_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLongLong(owned_load_u64(&audit_counts.forgotten));
}

static PyObject *
counters_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return Py_BuildValue("{sKsKsKsKsKsKsnsnsk}", "accesses", (unsigned long long)owned_load_u64(&audit_counts.accesses), "lost",
                         (unsigned long long)owned_load_u64(&audit_counts.lost), "forgotten",
                         (unsigned long long)owned_load_u64(&audit_counts.forgotten), "objects",
                         (unsigned long long)owned_load_u64(&audit_counts.objects), "variables",
                         (unsigned long long)owned_load_u64(&audit_counts.variables), "bytes",
                         (unsigned long long)owned_load_u64(&audit_counts.bytes), "stacks", (Py_ssize_t)audit_depot_used(),
                         "stack_bytes", (Py_ssize_t)audit_depot_bytes(), "threads", (unsigned long)audit_threads_used());
}

static PyObject *
add_synchronized_impl(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs)
{
    int exact = 0;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyObject *value = PyDict_GetItemString(kwargs, "exact");
        if (value == NULL || PyDict_GET_SIZE(kwargs) != 1)
            return PyErr_Format(PyExc_TypeError, "add_synchronized() takes types and `exact`");
        if ((exact = PyObject_IsTrue(value)) < 0)
            return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++)
        if (audit_add_synchronized(PyTuple_GET_ITEM(args, i), exact) < 0)
            return NULL;
    Py_RETURN_NONE;
}

#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS

static PyMethodDef functions[] = {
    {"start", WITH_KEYWORDS(start_impl),
     PyDoc_STR("start(memory=0)\n--\n\nBegin a run: what the one before found is forgotten. The calling thread is the only one so far.\n\n"
               "`memory`: how many bytes the shadows may take, 0: as many as they need. Beyond it the oldest are forgotten.")},
    {"stop", stop_impl, METH_NOARGS, PyDoc_STR("stop()\n--\n\nNothing is recorded any more. What was found can be asked for.")},
    {"is_active", is_active_impl, METH_NOARGS, PyDoc_STR("is_active()\n--\n\nDoes a run go on?")},
    {"on_race", on_race_impl, METH_O,
     PyDoc_STR("on_race(callback, /)\n--\n\nCall it with each new Race, on the thread that found it; None: nobody. What it raises is lost.")},
    {"races", races_impl, METH_NOARGS, PyDoc_STR("races()\n--\n\nThe Races that were found, in this order.")},
    {"variables", variables_impl, METH_NOARGS, PyDoc_STR("variables()\n--\n\nThe Exposure of each class's attribute, global, ...")},
    {"locks", locks_impl, METH_NOARGS, PyDoc_STR("locks()\n--\n\nThe LockUse of each lock.")},
    {"forgotten", forgotten_impl, METH_NOARGS, PyDoc_STR("forgotten()\n--\n\nHow many objects were forgotten for lack of memory.")},
    {"counters", counters_impl, METH_NOARGS, PyDoc_STR("counters()\n--\n\nHow much was recorded, and what it takes.")},
    {"add_synchronized", WITH_KEYWORDS(add_synchronized_impl),
     PyDoc_STR("add_synchronized(*types, exact=False)\n--\n\nTheir instances guard themselves, and those of subclasses unless `exact`.")},
    {NULL, NULL, 0, NULL},
};

/* ---- the module --------------------------------------------------------------------------------------------- */

static int (*const parts[])(PyObject *) = {audit_sync_add, audit_effects_add, audit_steps_add, audit_place_add};

static int
init_state(audit_state *state)
{
    PyObject *builtins = PyImport_ImportModule("builtins");
    if (builtins == NULL)
        return -1;
    state->builtins = Py_NewRef(PyModule_GetDict(builtins));
    Py_DECREF(builtins);
#define X(field, text)                                                                                                 \
    if ((state->str_##field = PyUnicode_InternFromString(text)) == NULL)                                               \
        return -1;
    AUDIT_NAMES(X)
#undef X
    return (state->known = PyList_New(0)) == NULL || (state->synchronized = PyDict_New()) == NULL ? -1 : 0;
}

/* The folder this module is in, with a separator at its end. */
static int
find_here(PyObject *module)
{
    PyObject *spec = PyObject_GetAttrString(module, "__spec__");
    PyObject *file = spec == NULL ? NULL : PyObject_GetAttrString(spec, "origin");
    Py_XDECREF(spec);
    if (file == NULL)
        return -1;
    Py_ssize_t end = PyUnicode_Check(file) ? PyUnicode_GET_LENGTH(file) : 0;
    while (end > 0 && PyUnicode_READ_CHAR(file, end - 1) != '/' && PyUnicode_READ_CHAR(file, end - 1) != '\\')
        end--;
    audit_the_state->here = end == 0 ? PyUnicode_FromString("/nowhere/") : PyUnicode_Substring(file, 0, end);
    Py_DECREF(file);
    return audit_the_state->here == NULL ? -1 : 0;
}

static int
put_into_builtins(PyObject *module)
{
    for (const PyMethodDef *hook = audit_hooks; hook->ml_name != NULL; hook++) {
        PyObject *name = PyUnicode_FromFormat("@owned.%s", hook->ml_name);
        PyObject *function = name == NULL ? NULL : PyObject_GetAttrString(module, hook->ml_name);
        if (function != NULL)
            PyUnicode_InternInPlace(&name);
        int result = function == NULL ? -1 : PyDict_SetItem(audit_the_state->builtins, name, function);
        Py_XDECREF(name);
        Py_XDECREF(function);
        if (result < 0)
            return -1;
    }
    return PyDict_SetItem(audit_the_state->builtins, audit_the_state->str_MT, Py_None);
}

static int
module_exec(PyObject *module)
{
    if (audit_the_state != NULL) {
        PyErr_SetString(PyExc_ImportError, "owned._audit._detector is loaded once per process: it cannot be imported again");
        return -1;
    }
    audit_state *state = PyModule_GetState(module);
    audit_the_state = state;
    audit_kinds_init();
    if (init_state(state) < 0 || find_here(module) < 0)
        return -1;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(parts); i++)
        if (parts[i](module) < 0)
            return -1;
    if (PyModule_AddFunctions(module, functions) < 0 || PyModule_AddFunctions(module, audit_hooks) < 0)
        return -1;
    return put_into_builtins(module);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    audit_state *state = PyModule_GetState(module);
    if (state == NULL)
        return 0;
#define X(name) Py_VISIT(state->name);
    AUDIT_TYPES(X)
#undef X
    Py_VISIT(state->known);
    Py_VISIT(state->synchronized);
    Py_VISIT(state->on_race);
    return 0;
}

/* Rewritten code may call hooks until the interpreter is gone, and their objects need the state. */
static void
module_free(void *module)
{
    audit_state *state = PyModule_GetState((PyObject *)module);
    if (state == NULL || state != audit_the_state)
        return;
    audit_threads_stop();
    owned_store_u64(&audit_many, 0);
    audit_deaths_unwatch();
    forget_everything();
    audit_the_state = NULL;
#define X(name) Py_CLEAR(state->name);
    AUDIT_TYPES(X)
#undef X
#define X(field, text) Py_CLEAR(state->str_##field);
    AUDIT_NAMES(X)
#undef X
    Py_CLEAR(state->builtins);
    Py_CLEAR(state->here);
    Py_CLEAR(state->known);
    Py_CLEAR(state->synchronized);
    Py_CLEAR(state->on_race);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_mod_gil
    /* What a thread knows is its own, what threads share is under the mutexes of clocks.c, shadow.c, exposure.c, races.c and sync.c;
     * tables that only grow are read without them, and their entries are atomic. */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "owned._audit._detector",
    .m_doc = "What rewritten code tells of its accesses, and which of them race.",
    .m_size = sizeof(audit_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__detector(void)
{
    return PyModuleDef_Init(&module_def);
}
