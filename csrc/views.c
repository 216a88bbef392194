/* keys(), values() and items() of a Dict: the builtin's own view behind a check. As with a plain dict, the set
 * operations of keys() and items() make plain sets: of hashable things, and of nothing that the view would be a copy
 * of. No tp_clear: a cycle through a view runs through its Dict, which is cleared. */
// SPDX-License-Identifier: MIT
#include "containers.h"

typedef struct {
    PyObject_HEAD
    PyObject *dict;
    PyObject *inner;
} dict_view;

#define WHERE(dict) (&((owned_dict *)(dict))->region)

static const owned_access on_reversed = {OWNED_METHOD, "call", "__reversed__", 0};
static const owned_access on_isdisjoint = {OWNED_METHOD, "call", "isdisjoint", 0};
static const owned_access on_mapping = {OWNED_ATTRIBUTE, "read", "mapping", 0};

PyObject *
owned_view_new(owned_view_kind kind, PyObject *dict, PyObject *inner)
{
    if (inner == NULL)
        return NULL;
    owned_state *state = owned_the_state;
    PyTypeObject *const types[] = {
        [OWNED_KEYS] = state->DictKeys, [OWNED_VALUES] = state->DictValues, [OWNED_ITEMS] = state->DictItems};
    dict_view *self = PyObject_GC_New(dict_view, types[kind]);
    if (self == NULL) {
        Py_DECREF(inner);
        return NULL;
    }
    self->dict = Py_NewRef(dict);
    self->inner = inner;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

static int
is_view(PyObject *obj)
{
    owned_state *state = owned_the_state;
    return Py_IS_TYPE(obj, state->DictKeys) || Py_IS_TYPE(obj, state->DictItems) || Py_IS_TYPE(obj, state->DictValues);
}

/* The builtin's view, checked; borrowed. */
static PyObject *
inner_borrowed(PyObject *op, const owned_access *how)
{
    dict_view *self = (dict_view *)op;
    return owned_check(self->dict, WHERE(self->dict), how, NULL) < 0 ? NULL : self->inner;
}

/* What the builtin may be given for an operand: a view's inside, or the operand itself, checked; borrowed. */
static PyObject *
operand_borrowed(PyObject *operand, const owned_access *how)
{
    if (is_view(operand))
        return inner_borrowed(operand, how);
    return owned_operand_check(operand, how) < 0 ? NULL : operand;
}

static PyObject *
view_repr(PyObject *op)
{
    dict_view *self = (dict_view *)op;
    if (!owned_may_look(self->dict, WHERE(self->dict)))
        return owned_stub(self->dict, WHERE(self->dict));
    return PyObject_Repr(self->inner);
}

static Py_ssize_t
view_length(PyObject *self)
{
    PyObject *inner = inner_borrowed(self, &owned_on_len);
    return inner == NULL ? -1 : PyObject_Size(inner);
}

static int
view_contains(PyObject *self, PyObject *value)
{
    PyObject *inner = inner_borrowed(self, &owned_on_contains);
    return inner == NULL ? -1 : PySequence_Contains(inner, value);
}

static PyObject *
view_iter(PyObject *op)
{
    dict_view *self = (dict_view *)op;
    PyObject *inner = inner_borrowed(op, &owned_on_iteration);
    return inner == NULL ? NULL : owned_iterator_new(self->dict, WHERE(self->dict), PyObject_GetIter(inner));
}

static PyObject *
view_reversed(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    dict_view *self = (dict_view *)op;
    PyObject *inner = inner_borrowed(op, &on_reversed);
    if (inner == NULL)
        return NULL;
    return owned_iterator_new(self->dict, WHERE(self->dict), PyObject_CallMethod(inner, "__reversed__", NULL));
}

static PyObject *
view_isdisjoint(PyObject *self, PyObject *other)
{
    PyObject *inner = inner_borrowed(self, &on_isdisjoint);
    PyObject *operand = inner == NULL ? NULL : operand_borrowed(other, &on_isdisjoint);
    return operand == NULL ? NULL : PyObject_CallMethod(inner, "isdisjoint", "(O)", operand);
}

/* A read-only proxy of the Dict, not of what is behind it: it comes back to us for everything. */
static PyObject *
view_mapping(PyObject *self, void *Py_UNUSED(closure))
{
    return inner_borrowed(self, &on_mapping) == NULL ? NULL : PyDictProxy_New(((dict_view *)self)->dict);
}

static PyObject *
view_richcompare(PyObject *self, PyObject *other, int op)
{
    const owned_access *how = &owned_on_compare[op];
    PyObject *inner = inner_borrowed(self, how);
    PyObject *operand = inner == NULL ? NULL : operand_borrowed(other, how);
    if (operand == NULL)
        return NULL;
    return Py_TYPE(inner)->tp_richcompare(inner, operand, op);
}

/* X(name, function, sign): in either operand order */
#define VIEW_OPERATORS(X)                                                                                              \
    X(and, PyNumber_And, "&") X(or, PyNumber_Or, "|") X(xor, PyNumber_Xor, "^") X(subtract, PyNumber_Subtract, "-")

#define X(name, function, sign)                                                                                        \
    static PyObject *view_##name(PyObject *left, PyObject *right)                                                      \
    {                                                                                                                  \
        static const owned_access how = {OWNED_OPERATION, "use", sign, 0};                                            \
        PyObject *a = operand_borrowed(left, &how);                                                                    \
        PyObject *b = a == NULL ? NULL : operand_borrowed(right, &how);                                                \
        return b == NULL ? NULL : function(a, b);                                                                      \
    }
VIEW_OPERATORS(X)
#undef X

static int
view_traverse(PyObject *op, visitproc visit, void *arg)
{
    dict_view *self = (dict_view *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->dict);
    Py_VISIT(self->inner);
    return 0;
}

static void
view_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_DECREF(((dict_view *)self)->dict);
    Py_DECREF(((dict_view *)self)->inner);
    type->tp_free(self);
    Py_DECREF((PyObject *)type);
}

#define ISDISJOINT                                                                                                     \
    {"isdisjoint", view_isdisjoint, METH_O,                                                                            \
     PyDoc_STR("isdisjoint($self, other, /)\n--\n\nReturn True if the view and the given iterable have a null "        \
               "intersection.")}
#define REVERSED                                                                                                       \
    {"__reversed__", view_reversed, METH_NOARGS,                                                                       \
     PyDoc_STR("__reversed__($self, /)\n--\n\nReturn a reverse iterator over the view.")}

static PyMethodDef set_like_methods[] = {ISDISJOINT, REVERSED, {NULL, NULL, 0, NULL}};
static PyMethodDef values_methods[] = {REVERSED, {NULL, NULL, 0, NULL}};

static PyGetSetDef view_getset[] = {
    {"mapping", view_mapping, NULL, PyDoc_STR("dictionary that this view refers to"), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

#define COMMON_SLOTS                                                                                                   \
    {Py_tp_doc, (void *)PyDoc_STR("A view of a Dict: checks at every use that this thread may look.")},                \
    {Py_tp_repr, view_repr},                                                                                           \
    {Py_tp_iter, view_iter},                                                                                           \
    {Py_tp_getset, view_getset},                                                                                       \
    {Py_tp_traverse, view_traverse},                                                                                   \
    {Py_tp_dealloc, view_dealloc},                                                                                     \
    {Py_sq_length, view_length}

static PyType_Slot set_like_slots[] = {
    COMMON_SLOTS,
    {Py_tp_methods, set_like_methods},
    {Py_tp_richcompare, view_richcompare},
    {Py_sq_contains, view_contains},
#define X(name, function, sign) {Py_nb_##name, view_##name},
    VIEW_OPERATORS(X)
#undef X
    {0, NULL},
};

static PyType_Slot values_slots[] = {
    COMMON_SLOTS,
    {Py_tp_methods, values_methods},
    {0, NULL},
};

#define VIEW_SPEC(Name, spec_slots)                                                                                    \
    {                                                                                                                  \
        .name = "owned._core." #Name, .basicsize = sizeof(dict_view),                                                  \
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |                                  \
                 Py_TPFLAGS_DISALLOW_INSTANTIATION,                                                                    \
        .slots = spec_slots,                                                                                           \
    }

static PyType_Spec keys_spec = VIEW_SPEC(DictKeys, set_like_slots);
static PyType_Spec values_spec = VIEW_SPEC(DictValues, values_slots);
static PyType_Spec items_spec = VIEW_SPEC(DictItems, set_like_slots);

/* Make isinstance(view, collections.abc.KeysView) and its siblings true. */
static int
register_view(PyObject *abc, const char *name, PyTypeObject *type)
{
    PyObject *base = PyObject_GetAttrString(abc, name);
    PyObject *registered = base == NULL ? NULL : PyObject_CallMethod(base, "register", "O", (PyObject *)type);
    Py_XDECREF(base);
    Py_XDECREF(registered);
    return registered == NULL ? -1 : 0;
}

int
owned_views_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->DictKeys, &keys_spec, NULL, NULL) < 0 ||
        owned_state_add_type(module, &state->DictValues, &values_spec, NULL, NULL) < 0 ||
        owned_state_add_type(module, &state->DictItems, &items_spec, NULL, NULL) < 0)
        return -1;
    PyObject *abc = PyImport_ImportModule("collections.abc");
    int result = abc == NULL || register_view(abc, "KeysView", state->DictKeys) < 0 ||
                         register_view(abc, "ValuesView", state->DictValues) < 0 ||
                         register_view(abc, "ItemsView", state->DictItems) < 0
                     ? -1
                     : 0;
    Py_XDECREF(abc);
    return result;
}
