/* frozendict, where the interpreter has none (3.15 has): a mapping that nothing can write.
 *
 * It is no dict, so that dict.__setitem__ and the C API's PyDict_SetItem do not apply to it. It holds a dict that it
 * shows to nobody: comparisons and unions are made with copies, and the collector sees the keys and values as the
 * frozendict's own, so that not even gc.get_referents() hands the dict out. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "state.h"

int owned_frozendict_add(PyObject *module);

typedef struct {
    PyObject_HEAD
    PyObject *dict; /* strong, exact, not tracked by the collector */
    Py_hash_t hash; /* -1: not known yet; atomic by being one word that only ever gets one value */
    PyObject *weakrefs;
} frozendict;

static PyObject *
allocate(PyTypeObject *type)
{
    frozendict *self = (frozendict *)type->tp_alloc(type, 0);
    if (self != NULL)
        self->hash = -1;
    return (PyObject *)self;
}

/* Nothing is stored in the dict from now on: that would put it back into the collector's sight, which would then count
 * every key and value twice. */
void
owned_frozendict_fill(PyObject *self, PyObject *dict)
{
    if (PyObject_GC_IsTracked(dict))
        PyObject_GC_UnTrack(dict);
    ((frozendict *)self)->dict = dict;
}

static PyObject *
wrap_dict(PyTypeObject *type, PyObject *dict)
{
    PyObject *self = allocate(type);
    if (self != NULL)
        owned_frozendict_fill(self, dict);
    else
        Py_DECREF(dict);
    return self;
}

PyObject *
owned_frozendict_new(void)
{
    return allocate(owned_the_state->FrozenDict);
}

PyObject *
owned_frozendict_of(PyObject *dict)
{
#ifdef OWNED_BUILTIN_FROZENDICT
    return PyFrozenDict_New(dict);
#else
    PyObject *self = owned_frozendict_new(), *copy = self == NULL ? NULL : PyDict_Copy(dict);
    if (copy == NULL)
        Py_CLEAR(self);
    else
        owned_frozendict_fill(self, copy);
    return self;
#endif
}

static int
is_ours(PyObject *obj)
{
    return PyObject_TypeCheck(obj, owned_the_state->FrozenDict);
}

PyObject *
owned_frozendict_items_borrowed(PyObject *obj)
{
    if (is_ours(obj))
        return ((frozendict *)obj)->dict;
#ifdef OWNED_BUILTIN_FROZENDICT
    if (PyFrozenDict_Check(obj))
        return obj;
#endif
    return NULL;
}

/* A dict of what a caller gave as `dict(source)` would read it. */
static int
update(PyObject *dict, PyObject *source)
{
    PyObject *items = owned_frozendict_items_borrowed(source);
    if (items != NULL)
        return PyDict_Update(dict, items);
    PyObject *keys;
    if (PyDict_Check(source))
        return PyDict_Update(dict, source);
    int has_keys = PyObject_HasAttrString(source, "keys");
    if (has_keys && (keys = PyObject_GetAttrString(source, "keys")) != NULL) {
        Py_DECREF(keys);
        return PyDict_Update(dict, source);
    }
    return PyDict_MergeFromSeq2(dict, source, 1);
}

static PyObject *
frozendict_tp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *source = NULL;
    if (!PyArg_UnpackTuple(args, "frozendict", 0, 1, &source))
        return NULL;
    PyObject *dict = PyDict_New();
    if (dict == NULL)
        return NULL;
    if ((source != NULL && update(dict, source) < 0) || (kwargs != NULL && PyDict_Update(dict, kwargs) < 0)) {
        Py_DECREF(dict);
        return NULL;
    }
    return wrap_dict(type, dict);
}

static int
frozendict_traverse(PyObject *self, visitproc visit, void *arg)
{
    PyObject *key, *value, *dict = ((frozendict *)self)->dict;
    Py_ssize_t position = 0;
    Py_VISIT(Py_TYPE(self));
    while (dict != NULL && PyDict_Next(dict, &position, &key, &value)) {
        Py_VISIT(key);
        Py_VISIT(value);
    }
    return 0;
}

static int
frozendict_clear(PyObject *self)
{
    Py_CLEAR(((frozendict *)self)->dict);
    return 0;
}

static void
frozendict_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, frozendict_dealloc)
    if (((frozendict *)self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    frozendict_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* NULL: the collector has cleared it and a finalizer still reaches it, or it is being made. */
static PyObject *
items_of(PyObject *self)
{
    PyObject *dict = ((frozendict *)self)->dict;
    if (dict == NULL)
        PyErr_SetString(PyExc_RuntimeError, "this frozendict is being made or has been collected");
    return dict;
}

/* An exact dict with what is in `obj`, if that is a dict or a frozendict: a copy, for nobody else's code may get ours.
 * 1, 0 if it is neither, -1 with an error set. */
static int
copied_items(PyObject *obj, PyObject **copy)
{
    PyObject *items = owned_frozendict_items_borrowed(obj);
    if (items == NULL && !PyDict_Check(obj))
        return 0;
    *copy = PyDict_New();
    if (*copy == NULL)
        return -1;
    if (PyDict_Update(*copy, items != NULL ? items : obj) < 0) {
        Py_CLEAR(*copy);
        return -1;
    }
    return 1;
}

static PyObject *
frozendict_richcompare(PyObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !is_ours(self))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *items = owned_frozendict_items_borrowed(other), *mine = items_of(self);
    if (mine == NULL)
        return NULL;
    if (items == NULL && !PyDict_Check(other))
        Py_RETURN_NOTIMPLEMENTED;
    if (items != NULL && PyDict_CheckExact(items))
        return PyObject_RichCompare(mine, items, op);
    if (PyDict_CheckExact(other))
        return PyObject_RichCompare(mine, other, op);
    PyObject *theirs = NULL;
    if (copied_items(other, &theirs) < 0)
        return NULL;
    PyObject *result = PyObject_RichCompare(mine, theirs, op);
    Py_DECREF(theirs);
    return result;
}

/* Of the items whatever their order, as equality asks. */
static Py_hash_t
frozendict_hash(PyObject *self)
{
    frozendict *d = (frozendict *)self;
    Py_hash_t known = (Py_hash_t)owned_load_ptr(&d->hash);
    if (known != -1)
        return known;
    PyObject *dict = items_of(self);
    PyObject *view = dict == NULL ? NULL : PyObject_CallMethod(dict, "items", NULL);
    PyObject *items = view == NULL ? NULL : PyFrozenSet_New(view);
    Py_XDECREF(view);
    if (items == NULL)
        return -1;
    Py_hash_t hash = PyObject_Hash(items);
    Py_DECREF(items);
    if (hash != -1)
        owned_store_ptr(&d->hash, hash);
    return hash;
}

static PyObject *
frozendict_repr(PyObject *self)
{
    PyObject *dict = items_of(self);
    if (dict == NULL)
        return NULL;
    if (PyDict_GET_SIZE(dict) == 0)
        return PyUnicode_FromFormat("%s()", "frozendict");
    int entered = Py_ReprEnter(self);
    if (entered != 0)
        return entered < 0 ? NULL : PyUnicode_FromString("frozendict({...})");
    PyObject *items = PyObject_Repr(dict);
    PyObject *text = items == NULL ? NULL : PyUnicode_FromFormat("frozendict(%U)", items);
    Py_XDECREF(items);
    Py_ReprLeave(self);
    return text;
}

static Py_ssize_t
frozendict_length(PyObject *self)
{
    PyObject *dict = items_of(self);
    return dict == NULL ? -1 : PyDict_GET_SIZE(dict);
}

static PyObject *
frozendict_subscript(PyObject *self, PyObject *key)
{
    PyObject *value, *dict = items_of(self);
    if (dict == NULL || PyDict_GetItemRef(dict, key, &value) < 0)
        return NULL;
    if (value == NULL)
        PyErr_SetObject(PyExc_KeyError, key);
    return value;
}

static int
frozendict_contains(PyObject *self, PyObject *key)
{
    PyObject *dict = items_of(self);
    return dict == NULL ? -1 : PyDict_Contains(dict, key);
}

/* Iterators and views of the inner dict know it only in C, but dict views tell it by their `mapping`: each is made of
 * a copy of the keys or items, as what it shows never changes. */
static PyObject *
frozendict_iter(PyObject *self)
{
    PyObject *dict = items_of(self);
    PyObject *keys = dict == NULL ? NULL : PyDict_Keys(dict);
    PyObject *fixed = keys == NULL ? NULL : PyList_AsTuple(keys);
    PyObject *iterator = fixed == NULL ? NULL : PyObject_GetIter(fixed);
    Py_XDECREF(fixed);
    Py_XDECREF(keys);
    return iterator;
}

static PyObject *
frozendict_or(PyObject *left, PyObject *right)
{
    PyObject *merged = NULL, *more = NULL;
    int ok = copied_items(left, &merged);
    if (ok <= 0)
        return ok < 0 ? NULL : Py_NewRef(Py_NotImplemented);
    ok = copied_items(right, &more);
    int done = ok <= 0 ? ok : PyDict_Update(merged, more);
    Py_XDECREF(more);
    if (ok == 0 || done < 0) {
        Py_DECREF(merged);
        return ok == 0 ? Py_NewRef(Py_NotImplemented) : NULL;
    }
    return is_ours(left) ? wrap_dict(owned_the_state->FrozenDict, merged) : merged;
}

static PyObject *
frozendict_get(PyObject *self, PyObject *args)
{
    PyObject *key, *otherwise = Py_None, *value, *dict = items_of(self);
    if (dict == NULL || !PyArg_UnpackTuple(args, "get", 1, 2, &key, &otherwise) || PyDict_GetItemRef(dict, key, &value) < 0)
        return NULL;
    return value != NULL ? value : Py_NewRef(otherwise);
}

/* Views over a private copy: the same keys, values and items for ever, with the set operations of dict views. */
static PyObject *
view(PyObject *self, const char *name)
{
    PyObject *copy = NULL;
    if (items_of(self) == NULL || copied_items(self, &copy) < 0)
        return NULL;
    PyObject *result = PyObject_CallMethod(copy, name, NULL);
    Py_DECREF(copy);
    return result;
}

static PyObject *frozendict_keys(PyObject *self, PyObject *Py_UNUSED(ignored)) { return view(self, "keys"); }
static PyObject *frozendict_values(PyObject *self, PyObject *Py_UNUSED(ignored)) { return view(self, "values"); }
static PyObject *frozendict_items(PyObject *self, PyObject *Py_UNUSED(ignored)) { return view(self, "items"); }

static PyObject *
frozendict_reversed(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *dict = items_of(self);
    PyObject *keys = dict == NULL ? NULL : PyDict_Keys(dict);
    if (keys == NULL || PyList_Reverse(keys) < 0) {
        Py_XDECREF(keys);
        return NULL;
    }
    PyObject *iterator = PyObject_GetIter(keys);
    Py_DECREF(keys);
    return iterator;
}

static PyObject *
frozendict_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(self);
}

static PyObject *
frozendict_deepcopy(PyObject *self, PyObject *memo)
{
    PyObject *dict = NULL, *copy_module = PyImport_ImportModule("copy");
    if (copy_module == NULL || items_of(self) == NULL || copied_items(self, &dict) < 0) {
        Py_XDECREF(copy_module);
        return NULL;
    }
    PyObject *copy = PyObject_CallMethod(copy_module, "deepcopy", "OO", dict, memo);
    Py_DECREF(dict);
    Py_DECREF(copy_module);
    return copy == NULL ? NULL : wrap_dict((PyTypeObject *)Py_TYPE(self), copy);
}

static PyObject *
frozendict_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *dict = NULL;
    if (items_of(self) == NULL || copied_items(self, &dict) < 0)
        return NULL;
    return Py_BuildValue("(O(N))", (PyObject *)Py_TYPE(self), dict);
}

static PyObject *
frozendict_fromkeys(PyObject *cls, PyObject *args)
{
    PyObject *keys, *value = Py_None;
    if (!PyArg_UnpackTuple(args, "fromkeys", 1, 2, &keys, &value))
        return NULL;
    PyObject *dict = PyObject_CallMethod((PyObject *)&PyDict_Type, "fromkeys", "OO", keys, value);
    if (dict == NULL)
        return NULL;
    PyObject *self = PyObject_CallOneArg(cls, dict);
    Py_DECREF(dict);
    return self;
}

PyDoc_STRVAR(frozendict_doc,
"frozendict(mapping_or_pairs=(), /, **items)\n--\n\n"
"A mapping that nothing can write, hashable when its values are.\n\n"
"What ``freeze`` makes of a dict before Python 3.15, which has a builtin of this name. Not a ``dict``: code that writes\n"
"through ``dict``'s own methods or C API has no way in. Equal to dicts with the same items.\n\n"
"Threads:\n"
"    Any number may read it at once.");

static PyMethodDef frozendict_methods[] = {
    {"get", frozendict_get, METH_VARARGS, PyDoc_STR("get($self, key, default=None, /)\n--\n\nself[key] if there, else default.")},
    {"keys", frozendict_keys, METH_NOARGS, PyDoc_STR("keys($self, /)\n--\n\nA set-like view of the keys.")},
    {"values", frozendict_values, METH_NOARGS, PyDoc_STR("values($self, /)\n--\n\nA view of the values.")},
    {"items", frozendict_items, METH_NOARGS, PyDoc_STR("items($self, /)\n--\n\nA set-like view of the items.")},
    {"copy", frozendict_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nThe frozendict itself.")},
    {"fromkeys", frozendict_fromkeys, METH_VARARGS | METH_CLASS,
     PyDoc_STR("fromkeys($type, iterable, value=None, /)\n--\n\nA frozendict with these keys and one value.")},
    {"__copy__", frozendict_copy, METH_NOARGS, NULL},
    {"__deepcopy__", frozendict_deepcopy, METH_O, NULL},
    {"__reduce__", frozendict_reduce, METH_NOARGS, NULL},
    {"__reversed__", frozendict_reversed, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef frozendict_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(frozendict, weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot frozendict_slots[] = {
    {Py_tp_doc, (void *)frozendict_doc},
    {Py_tp_new, frozendict_tp_new},
    {Py_tp_dealloc, frozendict_dealloc},
    {Py_tp_traverse, frozendict_traverse},
    {Py_tp_clear, frozendict_clear},
    {Py_tp_richcompare, frozendict_richcompare},
    {Py_tp_hash, frozendict_hash},
    {Py_tp_repr, frozendict_repr},
    {Py_tp_iter, frozendict_iter},
    {Py_tp_methods, frozendict_methods},
    {Py_tp_members, frozendict_members},
    {Py_mp_length, frozendict_length},
    {Py_mp_subscript, frozendict_subscript},
    {Py_sq_contains, frozendict_contains},
    {Py_nb_or, frozendict_or},
    {0, NULL},
};

static PyType_Spec frozendict_spec = {
    .name = "owned.frozendict",
    .basicsize = sizeof(frozendict),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_MAPPING,
    .slots = frozendict_slots,
};

static PyObject *
is_frozendict_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return PyBool_FromLong(owned_frozendict_items_borrowed(obj) != NULL);
}

static PyMethodDef functions[] = {
    {"is_frozendict", is_frozendict_impl, METH_O,
     PyDoc_STR("is_frozendict(obj, /)\n--\n\nIs it a frozendict, the interpreter's own or ours?")},
    {NULL, NULL, 0, NULL},
};

/* isinstance(d, collections.abc.Mapping) */
static int
register_mapping(PyTypeObject *type)
{
    PyObject *abc = PyImport_ImportModule("collections.abc");
    PyObject *mapping = abc == NULL ? NULL : PyObject_GetAttrString(abc, "Mapping");
    PyObject *result = mapping == NULL ? NULL : PyObject_CallMethod(mapping, "register", "O", (PyObject *)type);
    Py_XDECREF(result);
    Py_XDECREF(mapping);
    Py_XDECREF(abc);
    return result == NULL ? -1 : 0;
}

int
owned_frozendict_add(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0 ||
        owned_state_add_type(module, &owned_the_state->FrozenDict, &frozendict_spec, NULL, NULL) < 0 ||
        register_mapping(owned_the_state->FrozenDict) < 0)
        return -1;
#ifdef OWNED_BUILTIN_FROZENDICT
    return PyModule_AddObjectRef(module, "frozendict", (PyObject *)&PyFrozenDict_Type);
#else
    return PyModule_AddObjectRef(module, "frozendict", (PyObject *)owned_the_state->FrozenDict);
#endif
}
