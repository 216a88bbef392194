/* What List, Dict and Set have in common: see containers.h. */
// SPDX-License-Identifier: MIT
#include "containers.h"
#include "object.h"

int owned_containers_add(PyObject *module);

const owned_access owned_on_init = {OWNED_METHOD, "call", "__init__", 1};
const owned_access owned_on_len = {OWNED_OPERATION, "use", "len()", 0};
const owned_access owned_on_contains = {OWNED_OPERATION, "use", "in", 0};
const owned_access owned_on_iteration = {OWNED_OPERATION, "iterate over", NULL, 0};
const owned_access owned_on_compare[6] = {
    [Py_LT] = {OWNED_OPERATION, "use", "<", 0},  [Py_LE] = {OWNED_OPERATION, "use", "<=", 0},
    [Py_EQ] = {OWNED_OPERATION, "use", "==", 0}, [Py_NE] = {OWNED_OPERATION, "use", "!=", 0},
    [Py_GT] = {OWNED_OPERATION, "use", ">", 0},  [Py_GE] = {OWNED_OPERATION, "use", ">=", 0},
};

/* ---- delegation ---------------------------------------------------------------------------------------------- */

typedef PyObject *(*fast)(PyObject *, PyObject *const *, Py_ssize_t);
typedef PyObject *(*fast_with_keywords)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
typedef PyObject *(*with_keywords)(PyObject *, PyObject *, PyObject *);

/* The static definition behind a method of a builtin type: on the type or, for a class method, bound to it. */
static const PyMethodDef *
find_def(PyTypeObject *type, const char *name)
{
    PyObject *found = PyObject_GetAttrString((PyObject *)type, name);
    if (found == NULL)
        return NULL;
    const PyMethodDef *def = NULL;
    if (Py_IS_TYPE(found, &PyMethodDescr_Type))
        def = ((PyMethodDescrObject *)found)->d_method;
    else if (PyCFunction_Check(found))
        def = ((PyCFunctionObject *)found)->m_ml;
    else
        PyErr_Format(PyExc_ImportError, "%s.%s is no builtin method here", type->tp_name, name);
    Py_DECREF(found);
    return def;
}

int
owned_methods_bind(PyTypeObject *type, owned_method *methods, size_t count, PyMethodDef *defs)
{
    for (size_t i = 0; i < count; i++) {
        methods[i].base = find_def(type, methods[i].how.name);
        if (methods[i].base == NULL)
            return -1;
        for (PyMethodDef *def = defs; def->ml_name != NULL; def++)
            if (def->ml_doc == NULL && strcmp(def->ml_name, methods[i].how.name) == 0)
                def->ml_doc = methods[i].base->ml_doc;
    }
    return 0;
}

static PyObject *
tuple_of(PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *tuple = PyTuple_New(nargs);
    for (Py_ssize_t i = 0; tuple != NULL && i < nargs; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    return tuple;
}

static PyObject *
dict_of(PyObject *const *values, PyObject *names)
{
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(names); i++)
        if (PyDict_SetItem(dict, PyTuple_GET_ITEM(names, i), values[i]) < 0)
            Py_CLEAR(dict);
    return dict;
}

static PyObject *
call_with_tuple(const PyMethodDef *def, PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *keywords = NULL, *result = NULL;
    PyObject *positional = tuple_of(args, nargs);
    if (positional == NULL)
        return NULL;
    if (kwnames != NULL && (keywords = dict_of(args + nargs, kwnames)) == NULL)
        goto done;
    if (def->ml_flags & METH_KEYWORDS)
        result = ((with_keywords)(void (*)(void))def->ml_meth)(self, positional, keywords);
    else
        result = def->ml_meth(self, positional);
done:
    Py_XDECREF(keywords);
    Py_DECREF(positional);
    return result;
}

PyObject *
owned_method_call(const owned_method *method, PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames)
{
    const PyMethodDef *def = method->base;
    if (kwnames != NULL && PyTuple_GET_SIZE(kwnames) != 0 && !(def->ml_flags & METH_KEYWORDS))
        return PyErr_Format(PyExc_TypeError, "%.200s.%s() takes no keyword arguments", Py_TYPE(self)->tp_name,
                            def->ml_name);
    switch (def->ml_flags & (METH_VARARGS | METH_KEYWORDS | METH_NOARGS | METH_O | METH_FASTCALL)) {
    case METH_NOARGS:
        if (nargs != 0)
            return PyErr_Format(PyExc_TypeError, "%.200s.%s() takes no arguments (%zd given)", Py_TYPE(self)->tp_name,
                                def->ml_name, nargs);
        return def->ml_meth(self, NULL);
    case METH_O:
        if (nargs != 1)
            return PyErr_Format(PyExc_TypeError, "%.200s.%s() takes exactly one argument (%zd given)",
                                Py_TYPE(self)->tp_name, def->ml_name, nargs);
        return def->ml_meth(self, args[0]);
    case METH_FASTCALL:
        return ((fast)(void (*)(void))def->ml_meth)(self, args, nargs);
    case METH_FASTCALL | METH_KEYWORDS:
        return ((fast_with_keywords)(void (*)(void))def->ml_meth)(self, args, nargs, kwnames);
    default:
        return call_with_tuple(def, self, args, nargs, kwnames);
    }
}

int
owned_operand_check(PyObject *operand, const owned_access *how)
{
    if (!PyList_Check(operand) && !PyDict_Check(operand) && !PyAnySet_Check(operand))
        return 0;
    owned_region **where = owned_carried(operand);
    return where == NULL || owned_check(operand, where, how, NULL) >= 0 ? 0 : -1;
}

int
owned_operands_check(PyObject *const *operands, Py_ssize_t count, const owned_access *how)
{
    for (Py_ssize_t i = 0; i < count; i++)
        if (owned_operand_check(operands[i], how) < 0)
            return -1;
    return 0;
}

/* ---- settling ------------------------------------------------------------------------------------------------ */

static int
settles_as_is(PyObject *value, int shared)
{
    return owned_is_scalar(value) ||
           (!shared && !PyList_CheckExact(value) && !PyDict_CheckExact(value) && !PySet_CheckExact(value));
}

/* Does every value settle as it is? Plain containers never do, and into a shared region anything may have to join. */
static int
all_settled(PyObject *plain, int shared)
{
    if (PyList_CheckExact(plain)) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(plain); i++)
            if (!settles_as_is(PyList_GET_ITEM(plain, i), shared))
                return 0;
        return 1;
    }
    if (PyDict_CheckExact(plain)) {
        PyObject *key, *value;
        Py_ssize_t position = 0;
        while (PyDict_Next(plain, &position, &key, &value))
            if (!settles_as_is(value, shared) || !settles_as_is(key, shared))
                return 0;
        return 1;
    }
    return !shared;
}

/* The items of one list, which nobody else knows, become those of another, empty one, as a whole. */
static void
hand_over_items(PyListObject *to, PyListObject *from)
{
    to->ob_item = from->ob_item;
    to->allocated = from->allocated;
    Py_SET_SIZE(to, Py_SIZE(from));
    from->ob_item = NULL;
    from->allocated = 0;
    Py_SET_SIZE(from, 0);
}

/* The content of a new guarded container, which nobody else knows, in an exact one. Steals it. */
static PyObject *
plain_from(PyObject *guarded)
{
    PyObject *plain;
    if (guarded == NULL)
        return NULL;
    if (PyDict_Check(guarded)) {
        if ((plain = PyDict_New()) != NULL && owned_dict_copy_into(plain, guarded) < 0)
            Py_CLEAR(plain);
    }
    else if (PySet_Check(guarded))
        plain = PySet_New(guarded);
    else if ((plain = PyList_New(0)) != NULL)
        hand_over_items((PyListObject *)plain, (PyListObject *)guarded);
    Py_DECREF(guarded);
    return plain;
}

int
owned_settle_content(owned_settling *settling, PyObject *self, owned_region **where, PyObject *plain)
{
    if (plain == NULL)
        return -1;
    int result = 0;
    owned_region *region = owned_region_of(self, where);
    if (all_settled(plain, owned_region_gathers(region)))
        owned_settle_as_is(settling, plain);
    else if ((result = owned_settle_slow(settling, plain, region)) == 0) {
        settling->value = plain_from(settling->value);
        if (settling->value == NULL)
            result = owned_settled(settling, -1);
    }
    Py_DECREF((PyObject *)region);
    Py_DECREF(plain);
    return result;
}

/* The content of an exact container goes into a new guarded one, by the builtin's own means. */
static int
fill(PyObject *self, PyObject *plain)
{
    if (PyList_CheckExact(plain)) {
        hand_over_items((PyListObject *)self, (PyListObject *)plain);
        return 0;
    }
    if (PyDict_CheckExact(plain))
        return PyDict_Update(self, plain);
    PyObject *same = PySet_Type.tp_as_number->nb_inplace_or(self, plain);
    Py_XDECREF(same);
    return same == NULL ? -1 : 0;
}

PyObject *
owned_container_from(PyObject *plain, int is_settled)
{
    if (plain == NULL)
        return NULL;
    owned_region *region = owned_birth_region();
    PyObject *self = NULL;
    owned_settling settling;
    if (region != NULL && !is_settled && !all_settled(plain, 0)) {
        if (owned_settle_slow(&settling, plain, region) == 0) {
            self = Py_NewRef(settling.value);
            owned_settled(&settling, 0);
        }
    }
    else if (region != NULL) {
        self = PyList_CheckExact(plain)   ? owned_list_new(region)
               : PyDict_CheckExact(plain) ? owned_dict_new(region)
                                          : owned_set_new(region);
        if (self != NULL && fill(self, plain) < 0)
            Py_CLEAR(self);
    }
    Py_DECREF(plain);
    return self;
}

/* ---- subclasses ---------------------------------------------------------------------------------------------- */

PyObject *
owned_container_init_subclass(PyTypeObject *base, PyObject *cls, PyObject *args, PyObject *kwargs)
{
    PyObject *parent = PyObject_CallFunctionObjArgs((PyObject *)&PySuper_Type, (PyObject *)base, cls, NULL);
    PyObject *hook = parent == NULL ? NULL : PyObject_GetAttr(parent, owned_the_state->str___init_subclass__);
    PyObject *done = hook == NULL ? NULL : PyObject_Call(hook, args, kwargs);
    Py_XDECREF(parent);
    Py_XDECREF(hook);
    if (done == NULL)
        return NULL;
    Py_DECREF(done);
    return PyObject_CallOneArg(owned_the_state->finish_class, cls);
}

/* Does the class itself decide what becomes of the value: by a property or another data descriptor that is no slot? */
static int
is_left_to_class(PyObject *self, PyObject *name)
{
    PyObject *attribute;
    int found = owned_find_in_classes(Py_TYPE(self), name, &attribute);
    if (found <= 0)
        return found;
    int is_left = Py_TYPE(attribute)->tp_descr_set != NULL && !Py_IS_TYPE(attribute, &PyMemberDescr_Type);
    Py_DECREF(attribute);
    return is_left;
}

int
owned_container_setattr(PyObject *self, owned_region **where, PyObject *name, PyObject *value)
{
    if (owned_check(self, where, value == NULL ? &owned_attr_delete : &owned_attr_write, name) < 0)
        return -1;
    if (value == NULL || owned_is_scalar(value))
        return PyObject_GenericSetAttr(self, name, value);
    int is_left = is_left_to_class(self, name);
    if (is_left < 0)
        return -1;
    if (is_left)
        return PyObject_GenericSetAttr(self, name, value);
    owned_settling settling;
    if (owned_strict_store(value, OWNED_VALUE_STORED, self, OWNED_ATTRIBUTE, name) < 0 ||
        owned_settle_into(&settling, self, where, value) < 0)
        return -1;
    return owned_settled(&settling, PyObject_GenericSetAttr(self, name, settling.value));
}

/* ---- birth --------------------------------------------------------------------------------------------------- */

static owned_region **
region_at(PyObject *self, size_t offset)
{
    return (owned_region **)((char *)self + offset);
}

PyObject *
owned_container_alloc(PyTypeObject *type, size_t region_offset)
{
    owned_region *region = owned_birth_region();
    PyObject *self = region == NULL ? NULL : PyType_GenericAlloc(type, 0);
    if (self != NULL) {
        owned_store_ptr(region_at(self, region_offset), (owned_region *)Py_NewRef((PyObject *)region));
        owned_life_made(self);
    }
    return self;
}

PyObject *
owned_container_new(PyTypeObject *type, size_t region_offset, owned_region *region)
{
    PyObject *nothing = PyTuple_New(0);
    PyObject *self = nothing == NULL ? NULL : type->tp_new(type, nothing, NULL);
    Py_XDECREF(nothing);
    if (self == NULL)
        return NULL;
    owned_region **where = region_at(self, region_offset);
    int is_born = *where != NULL; /* from 3.14.10 on a set's tp_new allocates without asking tp_alloc */
    if (*where != region)
        owned_region_repoint(self, where, region);
    if (!is_born)
        owned_life_made(self);
    return self;
}

int
owned_containers_add(PyObject *module)
{
    if (owned_iterator_add(module) < 0 || owned_views_add(module) < 0 || owned_list_add(module) < 0 ||
        owned_dict_add(module) < 0 || owned_set_add(module) < 0)
        return -1;
    return 0;
}
