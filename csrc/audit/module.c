/* owned._audit._detector: the module itself. */
// SPDX-License-Identifier: MIT
#include "../compat.h"

typedef struct {
    PyObject_HEAD
    int number;
    PyObject *name;
} token_object;

static PyObject *token_type, *sync_type, *lock_type, *scope_type;
static int active, numbers;

static PyObject *none_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { Py_RETURN_NONE; }
static PyObject *none_fast(PyObject *Py_UNUSED(m), PyObject *const *Py_UNUSED(a), Py_ssize_t Py_UNUSED(n)) { Py_RETURN_NONE; }
static PyObject *none_keywords(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a), PyObject *Py_UNUSED(k)) { Py_RETURN_NONE; }
static PyObject *first_fast(PyObject *Py_UNUSED(m), PyObject *const *a, Py_ssize_t n) { return n ? Py_NewRef(a[0]) : PyErr_Format(PyExc_TypeError, "an argument is missing"); }
static PyObject *list_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { return PyList_New(0); }
static PyObject *dict_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { return PyDict_New(); }
static PyObject *zero_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { return PyLong_FromLong(0); }
static PyObject *start_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a), PyObject *Py_UNUSED(k)) { active = 1; Py_RETURN_NONE; }
static PyObject *stop_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { active = 0; return PyDict_SetItemString(PyEval_GetBuiltins(), "@owned.MT", Py_None) < 0 ? NULL : Py_NewRef(Py_None); }
static PyObject *is_active_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { return PyBool_FromLong(active); }
static PyObject *gi_impl(PyObject *Py_UNUSED(m), PyObject *const *a, Py_ssize_t n) { return n == 2 ? PyObject_GetItem(a[0], a[1]) : PyErr_Format(PyExc_TypeError, "two arguments"); }
static PyObject *si_impl(PyObject *Py_UNUSED(m), PyObject *const *a, Py_ssize_t n) { return n == 3 && PyObject_SetItem(a[1], a[2], a[0]) == 0 ? Py_NewRef(Py_None) : NULL; }
static PyObject *b_impl(PyObject *Py_UNUSED(m), PyObject *const *a, Py_ssize_t n) { return n == 2 ? PyObject_GetAttr(a[0], a[1]) : PyErr_Format(PyExc_TypeError, "two arguments"); }
static PyObject *scope_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a)) { return active ? ((PyTypeObject *)scope_type)->tp_alloc((PyTypeObject *)scope_type, 0) : Py_NewRef(Py_None); }
static PyObject *fork_impl(PyObject *Py_UNUSED(m), PyObject *Py_UNUSED(a))
{
    token_object *t = (token_object *)((PyTypeObject *)token_type)->tp_alloc((PyTypeObject *)token_type, 0);
    if (t == NULL)
        return NULL;
    t->number = ++numbers + 1;
    if (active && PyDict_SetItemString(PyEval_GetBuiltins(), "@owned.MT", Py_True) < 0) {
        Py_DECREF(t);
        return NULL;
    }
    return (PyObject *)t;
}

static PyObject *token_number(PyObject *self, void *Py_UNUSED(c)) { return PyLong_FromLong(((token_object *)self)->number); }
static PyObject *token_name(PyObject *self, void *Py_UNUSED(c)) { return ((token_object *)self)->name ? Py_NewRef(((token_object *)self)->name) : PyUnicode_FromString(""); }
static void plain_dealloc(PyObject *self) { PyTypeObject *t = Py_TYPE(self); if (PyType_IS_GC(t)) PyObject_GC_UnTrack(self); if ((PyObject *)t != scope_type) Py_CLEAR(((token_object *)self)->name); t->tp_free(self); Py_DECREF(t); }
static PyObject *named_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(k))
{
    token_object *t = (token_object *)type->tp_alloc(type, 0);
    if (t == NULL)
        return NULL;
    t->number = ++numbers;
    t->name = PyTuple_GET_SIZE(args) ? Py_NewRef(PyTuple_GET_ITEM(args, 0)) : PyUnicode_FromString("");
    return (PyObject *)t;
}
static PyGetSetDef token_getset[] = {{"number", token_number, NULL, NULL, NULL}, {"name", token_name, NULL, NULL, NULL}, {0}};
static PyGetSetDef named_getset[] = {{"number", token_number, NULL, NULL, NULL}, {"kind", token_name, NULL, NULL, NULL}, {0}};
static PyMethodDef sync_methods[] = {{"acquire", none_impl, METH_NOARGS, NULL}, {"release", none_impl, METH_NOARGS, NULL}, {0}};
static PyMethodDef lock_methods[] = {{"acquired", (PyCFunction)(void (*)(void))none_keywords, METH_VARARGS | METH_KEYWORDS, NULL}, {"released", (PyCFunction)(void (*)(void))none_keywords, METH_VARARGS | METH_KEYWORDS, NULL}, {0}};
static PyType_Slot token_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_getset, token_getset}, {0, NULL}};
static PyType_Slot sync_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_new, named_new}, {Py_tp_getset, named_getset}, {Py_tp_methods, sync_methods}, {0, NULL}};
static PyType_Slot lock_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_new, named_new}, {Py_tp_getset, named_getset}, {Py_tp_methods, lock_methods}, {0, NULL}};
static PyType_Slot scope_slots[] = {{Py_tp_dealloc, plain_dealloc}, {0, NULL}};
static PyType_Spec token_spec = {"owned._audit._detector.ThreadToken", sizeof(token_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, token_slots};
static PyType_Spec sync_spec = {"owned._audit._detector.Sync", sizeof(token_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, sync_slots};
static PyType_Spec lock_spec = {"owned._audit._detector.LockInfo", sizeof(token_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, lock_slots};
static PyType_Spec scope_spec = {"owned._audit._detector.Scope", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, scope_slots};

#define FAST(name, f) {name, (PyCFunction)(void (*)(void))f, METH_FASTCALL, NULL}
static PyMethodDef hooks[] = {
    FAST("r", first_fast), FAST("w", first_fast), FAST("u", first_fast), FAST("ri", first_fast), FAST("wi", first_fast),
    FAST("ui", first_fast), FAST("di", first_fast), FAST("gi", gi_impl), FAST("si", si_impl), FAST("ki", first_fast),
    FAST("s", first_fast), FAST("ws", first_fast), FAST("c", first_fast), FAST("it", first_fast), FAST("a", first_fast),
    FAST("b", b_impl), FAST("f", first_fast), FAST("g", first_fast), FAST("G", none_fast), FAST("v", first_fast),
    FAST("V", none_fast), {"scope", scope_impl, METH_NOARGS, NULL}, FAST("new", first_fast), FAST("born", none_fast), {0},
};
static PyMethodDef functions[] = {
    {"start", (PyCFunction)(void (*)(void))start_impl, METH_VARARGS | METH_KEYWORDS, NULL}, {"stop", stop_impl, METH_NOARGS, NULL}, {"is_active", is_active_impl, METH_NOARGS, NULL},
    {"races", list_impl, METH_NOARGS, NULL}, {"variables", list_impl, METH_NOARGS, NULL}, {"locks", list_impl, METH_NOARGS, NULL},
    {"forgotten", zero_impl, METH_NOARGS, NULL}, {"counters", dict_impl, METH_NOARGS, NULL}, {"fork", fork_impl, METH_NOARGS, NULL},
    FAST("begin", none_fast), FAST("end", none_fast), FAST("joined", none_fast), {"after_fork_in_child", none_impl, METH_NOARGS, NULL},
    FAST("add_synchronized", none_fast), FAST("learn", none_fast), {0},
};

static int
module_exec(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0 || PyModule_AddFunctions(module, hooks) < 0)
        return -1;
    PyType_Spec *specs[] = {&token_spec, &sync_spec, &lock_spec, &scope_spec};
    PyObject **types[] = {&token_type, &sync_type, &lock_type, &scope_type};
    for (int i = 0; i < 4; i++) {
        if ((*types[i] = PyType_FromModuleAndSpec(module, specs[i], NULL)) == NULL || PyModule_AddType(module, (PyTypeObject *)*types[i]) < 0)
            return -1;
    }
    PyObject *builtins = PyEval_GetBuiltins();
    for (PyMethodDef *hook = hooks; hook->ml_name != NULL; hook++) {
        char name[32];
        PyOS_snprintf(name, sizeof(name), "@owned.%s", hook->ml_name);
        PyObject *function = PyObject_GetAttrString(module, hook->ml_name);
        int result = function == NULL ? -1 : PyDict_SetItemString(builtins, name, function);
        Py_XDECREF(function);
        if (result < 0)
            return -1;
    }
    return PyDict_SetItemString(builtins, "@owned.MT", Py_None);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static PyModuleDef module_def = {PyModuleDef_HEAD_INIT, .m_name = "owned._audit._detector", .m_size = 0, .m_slots = module_slots};
PyMODINIT_FUNC
PyInit__detector(void)
{
    return PyModuleDef_Init(&module_def);
}
