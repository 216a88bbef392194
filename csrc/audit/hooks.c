/* What rewritten code calls. A hook returns at once while there is one thread only, and soon where this thread has made the same
 * access in this epoch; what it returns is what the code goes on with. */
// SPDX-License-Identifier: MIT
#include "hooks.h"
#include "classify.h"
#include "effects.h"
#include "sync.h"

/* ---- what is touched -------------------------------------------------------------------------------------------- */

/* The table at the front of audit_touch(), for those who have the key. */
static inline int
is_known(const audit_thread *self, PyObject *obj, uint64_t key, unsigned kinds)
{
    uintptr_t address = (uintptr_t)obj;
    const audit_cached *cached = audit_cached_of((audit_thread *)self, address, key);
    return cached->address == address && cached->key == key && cached->stamp == self->stamp &&
           (cached->kinds & kinds) == kinds && cached->deaths == audit_deaths_at(address);
}

/* What a module's name stands for by its definition is no variable, until somebody writes it. */
static int
is_definition(PyObject *dict, PyObject *name)
{
    PyObject *value = NULL;
    if (PyDict_GetItemRef(dict, name, &value) < 0)
        PyErr_Clear();
    int is = value != NULL && (PyFunction_Check(value) || PyType_Check(value) || PyModule_Check(value) || PyCFunction_Check(value));
    Py_XDECREF(value);
    return is;
}

static void
touch_global(audit_thread *self, PyObject *dict, PyObject *name, unsigned kinds, unsigned operation)
{
    audit_target target = {dict, audit_name_key(name), name, AUDIT_GLOBAL, NULL, 0};
    audit_touch(self, &target, kinds, operation);
}

static void
touch_attribute(audit_thread *self, PyObject *obj, PyObject *name, uint64_t key, unsigned kinds, unsigned operation)
{
    if (PyModule_Check(obj)) {
        PyObject *dict = PyModule_GetDict(obj);
        if (kinds != AUDIT_READ || !is_definition(dict, name) || audit_is_written(key))
            touch_global(self, dict, name, kinds, operation);
        if (kinds != AUDIT_READ && is_definition(dict, name))
            audit_attribute_written(name);
        return;
    }
    if (name == audit_the_state->str_dict)
        audit_note_dict(self, obj);
    audit_attribute attribute = audit_attribute_of(self, obj, name);
    if (attribute.sort == AUDIT_IS_METHOD && (kinds & AUDIT_WRITE)) {
        audit_attribute_written(name);
        attribute = audit_attribute_of(self, obj, name);
    }
    if (PyType_Check(obj)) {
        /* A class's own, or one of its bases'; what it has not is its own from now on. */
        PyTypeObject *type = (kinds & AUDIT_WRITE) || attribute.defined_by == NULL ? (PyTypeObject *)obj : attribute.defined_by;
        if (attribute.sort == AUDIT_IS_DEFAULT || (kinds & AUDIT_WRITE)) {
            audit_target target = {(PyObject *)type, key, name, AUDIT_CLASS_ATTRIBUTE,
                                   type == attribute.defined_by ? attribute.class_group : NULL, 0};
            audit_touch(self, &target, kinds, operation);
        }
        return;
    }
    if (attribute.sort < AUDIT_IS_INSTANCE)
        return;
    audit_target target = {obj, key, name, AUDIT_ATTRIBUTE, attribute.group, 0};
    audit_touch(self, &target, kinds, operation);
    if (attribute.sort == AUDIT_IS_DEFAULT && (kinds & AUDIT_READ) && audit_shows_default(&attribute, obj, name)) {
        audit_target default_target = {(PyObject *)attribute.defined_by, key, name, AUDIT_CLASS_ATTRIBUTE, attribute.class_group, 0};
        audit_touch(self, &default_target, AUDIT_READ, operation);
    }
}

void
audit_read_attribute(audit_thread *self, PyObject *obj, PyObject *name, unsigned operation)
{
    uint64_t key = audit_name_key(name);
    if (!is_known(self, obj, key, AUDIT_READ))
        touch_attribute(self, obj, name, key, AUDIT_READ, operation);
}

void
audit_write_attribute(audit_thread *self, PyObject *obj, PyObject *name, int reads, unsigned operation)
{
    uint64_t key = audit_name_key(name);
    unsigned kinds = reads ? AUDIT_READ | AUDIT_WRITE : AUDIT_WRITE;
    if (!is_known(self, obj, key, kinds))
        touch_attribute(self, obj, name, key, kinds, operation);
}

static int
visit_behind(PyObject *obj, void *found)
{
    if (PyDict_Check(obj))
        *(PyObject **)found = obj;
    return 0;
}

PyObject *
audit_behind_view(PyObject *obj)
{
    PyTypeObject *type = Py_TYPE(obj);
    PyObject *dict = NULL;
    if (PyType_IsSubtype(type, &PyDictKeys_Type) || PyType_IsSubtype(type, &PyDictValues_Type) ||
        PyType_IsSubtype(type, &PyDictItems_Type) || type == &PyDictProxy_Type)
        (void)type->tp_traverse(obj, visit_behind, &dict); /* a view never changes which dict it is of */
    return Py_NewRef(dict != NULL ? dict : obj);
}

void
audit_touch_container(audit_thread *self, PyObject *obj, unsigned kinds, unsigned operation)
{
    if (audit_container_of(obj) != AUDIT_NO_CONTAINER) {
        audit_target target = {obj, 0, NULL, AUDIT_CONTAINER, NULL, 0};
        audit_touch(self, &target, kinds, operation);
        return;
    }
    PyObject *behind = audit_behind_view(obj);
    if (behind != obj)
        audit_touch_container(self, behind, kinds, operation);
    Py_DECREF(behind);
}

static int
has_key(PyObject *dict, PyObject *key)
{
    if (!PyUnicode_CheckExact(key) && !PyLong_CheckExact(key) && !PyBytes_CheckExact(key) && key != Py_None)
        return 1; /* nobody can tell without running code: taken for a key that is there */
    int has = PyDict_Contains(dict, key);
    if (has < 0)
        PyErr_Clear();
    return has != 0;
}

void
audit_note_dict(audit_thread *self, PyObject *obj)
{
    if (PyType_Check(obj) || PyModule_Check(obj) || Py_TYPE(obj)->tp_getattro != PyObject_GenericGetAttr)
        return; /* a proxy; itself a dict of globals; not for us to ask */
    PyObject *dict = PyObject_GenericGetDict(obj, NULL);
    PyObject *type = dict == NULL ? NULL : audit_type_name(Py_TYPE(obj));
    const char *text = type == NULL ? NULL : PyUnicode_AsUTF8(type);
    if (text == NULL)
        PyErr_Clear();
    else if (audit_object_number(obj) != 0)
        audit_link_dict(self, dict, obj, text);
    Py_XDECREF(type);
    Py_XDECREF(dict);
}

/* An item of an instance's dictionary is the attribute. */
static int
touch_through_dict(audit_thread *self, PyObject *dict, PyObject *key, uint64_t number, unsigned kinds, unsigned operation)
{
    char type[AUDIT_TYPE_SHOWN];
    uintptr_t owner = PyUnicode_Check(key) ? audit_owner_of_dict(dict, type) : 0;
    const char *name = owner == 0 ? NULL : PyUnicode_AsUTF8(key);
    if (owner != 0 && name == NULL)
        PyErr_Clear();
    if (name == NULL)
        return 0;
    audit_target target = {dict, number, key, AUDIT_ATTRIBUTE, audit_group_get(AUDIT_ATTRIBUTE, type, name, NULL), owner};
    if (target.group != NULL)
        audit_touch(self, &target, kinds, operation);
    return 1;
}

void
audit_touch_item(audit_thread *self, PyObject *obj, PyObject *key, unsigned kinds, unsigned operation)
{
    audit_container container = audit_container_of(obj);
    if (container == AUDIT_NO_CONTAINER)
        return;
    int is_map = container == AUDIT_DICT || container == AUDIT_SET;
    if (!is_map && !PyLong_Check(key)) { /* a slice */
        audit_touch_container(self, obj, kinds == AUDIT_READ ? AUDIT_ALL : AUDIT_REWRITE, operation);
        return;
    }
    uint64_t number = is_map ? audit_key_of(key) : audit_index_key(obj, key);
    if (number != 0 && is_known(self, obj, number, kinds))
        return;
    unsigned all = 0;
    if (container == AUDIT_DICT && kinds == AUDIT_READ && !PyDict_CheckExact(obj) && operation == AUDIT_OP_ITEM && !has_key(obj, key))
        kinds = AUDIT_READ | AUDIT_WRITE; /* __missing__ may put it there, as defaultdict does */
    if (kinds & AUDIT_READ)
        all |= AUDIT_READ_ITEM;
    if (kinds & AUDIT_WRITE)
        all |= container == AUDIT_DICT && !has_key(obj, key) ? AUDIT_WRITE_ITEM | AUDIT_GROW : AUDIT_WRITE_ITEM;
    if (kinds & AUDIT_ATOMIC)
        all |= AUDIT_GROW;
    audit_target target = {obj, 0, key, AUDIT_CONTAINER, NULL, 0};
    audit_touch(self, &target, all, operation);
    if (number == 0 || (container == AUDIT_DICT && touch_through_dict(self, obj, key, number, kinds, operation)))
        return;
    PyObject *shown = is_map ? Py_NewRef(key) : audit_index_shown(obj, key);
    audit_target item = {obj, number, shown, AUDIT_ITEM, NULL, 0};
    audit_touch(self, &item, kinds, operation);
    Py_XDECREF(shown);
}

void
audit_delete_item(audit_thread *self, PyObject *obj, PyObject *key, unsigned operation)
{
    audit_container container = audit_container_of(obj);
    if (container != AUDIT_DICT) {
        audit_touch_container(self, obj, PyLong_Check(key) ? AUDIT_CHANGE : AUDIT_REWRITE, operation);
        return;
    }
    audit_target target = {obj, 0, key, AUDIT_CONTAINER, NULL, 0};
    audit_touch(self, &target, AUDIT_WRITE_ITEM | AUDIT_GROW, operation);
    uint64_t number = audit_key_of(key);
    if (number == 0 || touch_through_dict(self, obj, key, number, AUDIT_WRITE, operation))
        return;
    audit_target item = {obj, number, key, AUDIT_ITEM, NULL, 0};
    audit_touch(self, &item, AUDIT_WRITE, operation);
}

void
audit_touch_contained(audit_thread *self, PyObject *obj, PyObject *key)
{
    PyObject *behind = audit_behind_view(obj);
    audit_container container = audit_container_of(behind);
    int is_by_key = container == AUDIT_SET ||
                    (container == AUDIT_DICT && !Py_IS_TYPE(obj, &PyDictValues_Type) && !Py_IS_TYPE(obj, &PyDictItems_Type));
    if (is_by_key)
        audit_touch_item(self, behind, key, AUDIT_READ, AUDIT_OP_IN);
    else
        audit_touch_container(self, behind, AUDIT_ALL, AUDIT_OP_IN);
    Py_DECREF(behind);
}

/* Each of these operators is one method, which CPython makes indivisible. */
void
audit_touch_in_place(audit_thread *self, PyObject *obj)
{
    audit_container container = audit_container_of(obj);
    audit_touch_container(self, obj, container == AUDIT_SET || container == AUDIT_DICT ? AUDIT_CHANGE : AUDIT_GROW, AUDIT_OP_IN_PLACE);
}

/* ---- hooks ---------------------------------------------------------------------------------------------------- */

#define NEEDS(count)                                                                                                   \
    if (OWNED_UNLIKELY(nargs != (count)))                                                                              \
    return PyErr_Format(PyExc_TypeError, "%s takes %d arguments, got %zd", __func__, (count), nargs)

/* This thread, where there is something to tell. */
#define TELLER() (audit_is_on() ? audit_here() : NULL)

static PyObject *
r_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_read_attribute(self, args[0], args[1], AUDIT_OP_ATTRIBUTE);
    return Py_NewRef(args[0]);
}

static PyObject *
w_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_write_attribute(self, args[0], args[1], 0, AUDIT_OP_SET_ATTRIBUTE);
    return Py_NewRef(args[0]);
}

static PyObject *
u_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_write_attribute(self, args[0], args[1], 1, AUDIT_OP_UPDATE_ATTRIBUTE);
    return Py_NewRef(args[0]);
}

static PyObject *
ri_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[0], args[1], AUDIT_READ, AUDIT_OP_ITEM);
    return Py_NewRef(args[0]);
}

static PyObject *
wi_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[0], args[1], AUDIT_WRITE, AUDIT_OP_SET_ITEM);
    return Py_NewRef(args[0]);
}

static PyObject *
ui_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[0], args[1], AUDIT_READ | AUDIT_WRITE, AUDIT_OP_UPDATE_ITEM);
    return Py_NewRef(args[0]);
}

static PyObject *
di_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_delete_item(self, args[0], args[1], AUDIT_OP_DELETE_ITEM);
    return Py_NewRef(args[0]);
}

static PyObject *
gi_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[0], args[1], AUDIT_READ, AUDIT_OP_ITEM);
    return PyObject_GetItem(args[0], args[1]);
}

static PyObject *
si_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(3);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[1], args[2], AUDIT_WRITE, AUDIT_OP_SET_ITEM);
    return PyObject_SetItem(args[1], args[2], args[0]) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
ki_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_item(self, args[1], args[0], AUDIT_WRITE, AUDIT_OP_SET_ITEM);
    return Py_NewRef(args[0]);
}

static PyObject *
s_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_container(self, args[0], AUDIT_ALL, AUDIT_OP_SLICE);
    return Py_NewRef(args[0]);
}

static PyObject *
ws_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_container(self, args[0], AUDIT_REWRITE, AUDIT_OP_SET_SLICE);
    return Py_NewRef(args[0]);
}

static PyObject *
c_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_contained(self, args[0], args[1]);
    return Py_NewRef(args[0]);
}

static PyObject *
it_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    return TELLER() == NULL ? Py_NewRef(args[0]) : audit_steps(args[0], AUDIT_OP_ITERATION);
}

static PyObject *
a_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self != NULL)
        audit_touch_in_place(self, args[1]);
    return Py_NewRef(args[0]);
}

static PyObject *
b_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    if (self == NULL)
        return PyObject_GetAttr(args[0], args[1]);
    audit_read_attribute(self, args[0], args[1], AUDIT_OP_ATTRIBUTE);
    return audit_told_of(PyObject_GetAttr(args[0], args[1]));
}

static PyObject *
f_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    return TELLER() == NULL ? Py_NewRef(args[0]) : audit_told_of(Py_NewRef(args[0]));
}

static PyObject *
p_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    return TELLER() == NULL ? Py_NewRef(args[0]) : audit_place_new(args[0]);
}

static PyObject *
g_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    audit_thread *self = TELLER();
    PyObject *globals = self == NULL ? NULL : PyEval_GetGlobals();
    if (globals != NULL && !is_known(self, globals, audit_name_key(args[1]), AUDIT_READ))
        touch_global(self, globals, args[1], AUDIT_READ, AUDIT_OP_GLOBAL);
    return Py_NewRef(args[0]);
}

static PyObject *
G_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    audit_thread *self = TELLER();
    PyObject *globals = self == NULL ? NULL : PyEval_GetGlobals();
    if (globals != NULL) {
        if (is_definition(globals, args[0]))
            audit_attribute_written(args[0]);
        touch_global(self, globals, args[0], AUDIT_WRITE, AUDIT_OP_GLOBAL);
    }
    Py_RETURN_NONE;
}

static void
touch_closure(PyObject *scope, PyObject *name, unsigned kinds)
{
    audit_thread *self = TELLER();
    if (self == NULL || !audit_is_scope(scope))
        return;
    audit_target target = {scope, audit_name_key(name), name, AUDIT_CLOSURE, NULL, 0};
    audit_touch(self, &target, kinds, AUDIT_OP_CLOSURE);
}

static PyObject *
v_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(3);
    touch_closure(args[1], args[2], AUDIT_READ);
    return Py_NewRef(args[0]);
}

static PyObject *
V_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(2);
    touch_closure(args[0], args[1], AUDIT_WRITE);
    Py_RETURN_NONE;
}

static PyObject *
scope_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    if (owned_load_u64(&audit_running) == 0)
        Py_RETURN_NONE;
    return audit_scope_new();
}

static PyObject *
new_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    if (owned_load_u64(&audit_running) != 0)
        audit_made(args[0], 0);
    return Py_NewRef(args[0]);
}

static PyObject *
born_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    NEEDS(1);
    if (owned_load_u64(&audit_running) != 0)
        audit_made(args[0], 1);
    Py_RETURN_NONE;
}

#define HOOK(name, doc) {#name, (PyCFunction)(void (*)(void))name##_impl, METH_FASTCALL, PyDoc_STR(doc)}

PyMethodDef audit_hooks[] = {
    HOOK(r, "r(obj, name, /)\n--\n\nobj; its attribute is read."),
    HOOK(w, "w(obj, name, /)\n--\n\nobj; its attribute is written or deleted."),
    HOOK(u, "u(obj, name, /)\n--\n\nobj; its attribute is read, and then written."),
    HOOK(ri, "ri(obj, key, /)\n--\n\nobj; its item is read."),
    HOOK(wi, "wi(obj, key, /)\n--\n\nobj; its item is written."),
    HOOK(ui, "ui(obj, key, /)\n--\n\nobj; its item is read, and then written."),
    HOOK(di, "di(obj, key, /)\n--\n\nobj; its item is deleted."),
    HOOK(gi, "gi(obj, key, /)\n--\n\nobj[key]."),
    HOOK(si, "si(value, obj, key, /)\n--\n\nobj[key] = value."),
    HOOK(ki, "ki(key, obj, /)\n--\n\nkey; obj[key] is written."),
    HOOK(s, "s(obj, /)\n--\n\nobj; all of it is read."),
    HOOK(ws, "ws(obj, /)\n--\n\nobj; all of it is written."),
    HOOK(c, "c(obj, key, /)\n--\n\nobj; it is asked for a key."),
    HOOK(it, "it(obj, /)\n--\n\nobj, or an iterator over it that tells of each step."),
    HOOK(a, "a(value, obj, /)\n--\n\nvalue, which an in-place operator has made of obj."),
    HOOK(b, "b(obj, name, /)\n--\n\nobj's attribute, or what tells of its call and makes it."),
    HOOK(f, "f(func, /)\n--\n\nfunc, or what tells of its call and makes it."),
    HOOK(p, "p(obj, /)\n--\n\nWhat stands for obj in one operation that tells of itself."),
    HOOK(g, "g(value, name, /)\n--\n\nvalue, which the caller's global has."),
    HOOK(G, "G(name, /)\n--\n\nThe caller's global is written or deleted."),
    HOOK(v, "v(value, scope, name, /)\n--\n\nvalue, which a closure variable has."),
    HOOK(V, "V(scope, name, /)\n--\n\nA closure variable is written or deleted."),
    {"scope", scope_impl, METH_NOARGS, PyDoc_STR("scope()\n--\n\nWhat the closure variables of this call are known by.")},
    HOOK(new, "new(obj, /)\n--\n\nobj, which was made here."),
    HOOK(born, "born(obj, /)\n--\n\nobj was made by the caller of this method."),
    {NULL, NULL, 0, NULL},
};
