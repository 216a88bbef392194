/* Ways into a wrapper that only look: texts, hash, comparison, classes, and copies, which belong to who makes them. */
// SPDX-License-Identifier: MIT
#include "membrane.h"
#include "wrapper.h"

/* A text of the inside, or the stub on a thread that may not look. */
static PyObject *
text(PyObject *self, PyObject *(*make)(PyObject *))
{
    owned_wrapper *w = (owned_wrapper *)self;
    if (!owned_may_look(self, &w->region))
        return owned_stub(self, &w->region);
    PyObject *inside = owned_wrapper_inside(self);
    if (inside == NULL)
        return PyUnicode_FromString("<wrapper, cleared by the garbage collector>");
    PyObject *result = make(inside);
    Py_DECREF(inside);
    return result;
}

PyObject *
owned_wrapper_repr(PyObject *self)
{
    return text(self, PyObject_Repr);
}

PyObject *
owned_wrapper_str(PyObject *self)
{
    return text(self, PyObject_Str);
}

PyObject *
owned_wrapper_format(PyObject *self, PyObject *spec)
{
    owned_wrapper *w = (owned_wrapper *)self;
    if (!owned_may_look(self, &w->region))
        return owned_stub(self, &w->region);
    PyObject *inside = owned_wrapper_inside(self);
    if (inside == NULL)
        return owned_wrapper_repr(self);
    PyObject *result = PyObject_Format(inside, spec);
    Py_DECREF(inside);
    return result;
}

Py_hash_t
owned_wrapper_hash(PyObject *self)
{
    static const owned_access how = OPERATION("hash()", READS);
    PyObject *inside = owned_wrapper_inside(self);
    int by_address = inside != NULL && Py_TYPE(inside)->tp_hash == PyBaseObject_Type.tp_hash;
    if (!by_address) {
        Py_XDECREF(inside);
        if ((inside = owned_wrapper_enter(self, &how, NULL)) == NULL)
            return -1;
    }
    Py_hash_t hash = PyObject_Hash(inside);
    Py_DECREF(inside);
    return hash;
}

PyObject *
owned_wrapper_richcompare(PyObject *self, PyObject *other, int operation)
{
    static const owned_access hows[] = {
        [Py_LT] = OPERATION("<", READS),  [Py_LE] = OPERATION("<=", READS), [Py_EQ] = OPERATION("==", READS),
        [Py_NE] = OPERATION("!=", READS), [Py_GT] = OPERATION(">", READS),  [Py_GE] = OPERATION(">=", READS),
    };
    PyObject *inside = owned_wrapper_enter(self, &hows[operation], NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = NULL, *operand = owned_wrapper_enter_operand(other, &hows[operation]);
    if (operand != NULL)
        result = owned_come_out(self, PyObject_RichCompare(inside, operand, operation));
    Py_XDECREF(operand);
    Py_DECREF(inside);
    return result;
}

int
owned_wrapper_bool(PyObject *self)
{
    static const owned_access how = OPERATION("bool()", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return -1;
    int result = PyObject_IsTrue(inside);
    Py_DECREF(inside);
    return result;
}

PyObject *
owned_wrapper_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    static const owned_access how = OPERATION("dir()", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *names = PyObject_Dir(inside); /* always a list of its own */
    Py_DECREF(inside);
    return names;
}

PyObject *
owned_wrapper_bytes(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    static const owned_access how = OPERATION("bytes()", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = PyObject_Bytes(inside);
    Py_DECREF(inside);
    return result;
}

int
owned_wrapper_getbuffer(PyObject *self, Py_buffer *view, int Py_UNUSED(flags))
{
    static const owned_access how = OPERATION("buffer", WRITES);
    view->obj = NULL;
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return -1;
    PyErr_Format(PyExc_TypeError,
                 "a wrapped %.200s gives no buffer, as access through a buffer cannot be checked: use bytes(w) for a copy, or "
                 "unwrap(w) where nobody else can touch it",
                 Py_TYPE(inside)->tp_name);
    Py_DECREF(inside);
    return -1;
}

static PyObject *
class_check(PyObject *self, PyObject *arg, const owned_access *how, int (*check)(PyObject *, PyObject *))
{
    PyObject *inside = owned_wrapper_enter(self, how, NULL);
    if (inside == NULL)
        return NULL;
    int answer = check(arg, inside);
    Py_DECREF(inside);
    return answer < 0 ? NULL : PyBool_FromLong(answer);
}

PyObject *
owned_wrapper_instancecheck(PyObject *self, PyObject *instance)
{
    static const owned_access how = OPERATION("isinstance()", READS);
    return class_check(self, instance, &how, PyObject_IsInstance);
}

PyObject *
owned_wrapper_subclasscheck(PyObject *self, PyObject *subclass)
{
    static const owned_access how = OPERATION("issubclass()", READS);
    return class_check(self, subclass, &how, PyObject_IsSubclass);
}

/* ---- copies: they belong to the thread that makes them ----------------------------------------------------- */

static PyObject *
copy_with(PyObject *self, const owned_access *how, PyObject *copier, PyObject *memo)
{
    PyObject *inside = owned_wrapper_enter(self, how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *copy = PyObject_CallFunctionObjArgs(copier, inside, memo, NULL);
    PyObject *result = copy == NULL ? NULL : owned_wrap_root(copy);
    Py_XDECREF(copy);
    Py_DECREF(inside);
    return result;
}

PyObject *
owned_wrapper_copy(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    static const owned_access how = OPERATION("copy()", READS);
    return copy_with(self, &how, owned_the_state->copy, NULL);
}

PyObject *
owned_wrapper_deepcopy(PyObject *self, PyObject *memo)
{
    static const owned_access how = OPERATION("deepcopy()", READS);
    return copy_with(self, &how, owned_the_state->deepcopy, memo);
}

/* A pickle of own(x) is a recipe: own() of what the pickle of x makes, frozen if it is frozen here. */
PyObject *
owned_wrapper_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    static const owned_access how = OPERATION("pickle", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return NULL;
    owned_region *region = owned_region_of(self, owned_carried(self));
    PyObject *recipe;
    if (region != NULL && owned_region_state_of(region) == OWNED_FROZEN)
        recipe = PyObject_CallOneArg(owned_the_state->reduce_frozen_wrapper, inside);
    else {
        PyObject *core = PyImport_ImportModule("owned._core");
        PyObject *own = core == NULL ? NULL : PyObject_GetAttrString(core, "own");
        recipe = own == NULL ? NULL : Py_BuildValue("O(O)", own, inside);
        Py_XDECREF(own);
        Py_XDECREF(core);
    }
    Py_XDECREF((PyObject *)region);
    Py_DECREF(inside);
    return recipe;
}

PyObject *
owned_wrapper_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return owned_wrapper_reduce(self, NULL);
}
