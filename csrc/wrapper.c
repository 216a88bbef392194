/* The wrapper: it checks every way in, then delegates, and wraps what comes out.
 *
 *     touch -> check the region -> the same operation on the inside -> membrane -> result
 *
 * Every function here begins with owned_wrapper_enter(), which checks and hands out a strong reference to the inside, and ends with
 * owned_come_out(), which decides what stands outside for the result. The functions of most slots are made from the
 * table in wrapper_slots.h.
 *
 * Operands of numeric operators and comparisons that are wrappers are checked and unwrapped; arguments of calls, keys and
 * values are passed as they are, so that whoever uses them is checked in turn. A check that answers ALLOWED (frozen,
 * unchecked) and one that answers ALONE go the same way, through CPython's own operations on the inside. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "membrane.h"
#include "rwlock.h"
#include "settle.h"
#include "wrapper.h"
#include "wrapper_slots.h"

/* ---- in and out -------------------------------------------------------------------------------------------- */

void
owned_wrapper_set_cleared(void)
{
    PyErr_SetString(PyExc_ReferenceError, "the wrapped object has been cleared by the garbage collector");
}

static PyObject *wrapper_next_bare(PyObject *self);
static PySendResult wrapper_send_bare(PyObject *self, PyObject *value, PyObject **result);

/* Whether `method` is how an `await` drives `self`: by a send() or a throw(). */
static int
drives(PyObject *self, PyObject *method)
{
    PyTypeObject *type = Py_TYPE(self);
    if (type->tp_iternext != wrapper_next_bare &&
        (type->tp_as_async == NULL || type->tp_as_async->am_send != wrapper_send_bare))
        return 0;
    PyObject *function = PyMethod_Check(method) ? PyMethod_GET_FUNCTION(method) : method;
    const char *name = PyFunction_Check(function)    ? PyUnicode_AsUTF8(((PyFunctionObject *)function)->func_name)
                       : PyCFunction_Check(function) ? ((PyCFunctionObject *)function)->m_ml->ml_name
                                                     : "";
    if (name == NULL) {
        PyErr_Clear();
        return 0;
    }
    return strcmp(name, "send") == 0 || strcmp(name, "throw") == 0;
}

/* A builtin function that belongs to an object, not to a module. */
static inline int
is_builtin_method(PyObject *value)
{
    if (Py_TYPE(value) != &PyCFunction_Type)
        return 0;
    PyObject *bound = PyCFunction_GET_SELF(value);
    return bound != NULL && !PyModule_Check(bound);
}

/* Steals `method`. */
static inline PyObject *
method_comes_out(PyObject *self, PyObject *method)
{
    owned_region *region = owned_wrapper_membrane(self);
    if (OWNED_LIKELY(region != NULL))
        return owned_wrap_method(method, region,
                                 drives(self, method) ? owned_method_call_driven : owned_wrapper_method_call);
    Py_DECREF(method);
    return NULL;
}

/* What dict.items() gives, and most other tuples: told without asking their types. */
static inline int
holds_scalars(PyObject *values)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++)
        if (!owned_is_scalar(PyTuple_GET_ITEM(values, i)))
            return 0;
    return 1;
}

PyObject *
owned_come_out(PyObject *self, PyObject *result)
{
    if (result == NULL)
        return NULL;
    PyTypeObject *type = Py_TYPE(result);
    if (result == Py_None || type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBool_Type || type == &PyFloat_Type ||
        (type == &PyTuple_Type && holds_scalars(result)))
        return result;
    if (type == &PyMethod_Type || is_builtin_method(result))
        return method_comes_out(self, result);
    return owned_wrap(self, result);
}

void
owned_stop_value_comes_out(PyObject *self)
{
    PyObject *stop = PyErr_GetRaisedException();
    PyObject *value = PyObject_TypeCheck(stop, (PyTypeObject *)PyExc_StopIteration) ? ((PyStopIterationObject *)stop)->value : NULL;
    if (value == NULL || value == Py_None) {
        PyErr_SetRaisedException(stop);
        return;
    }
    PyObject *outside = owned_come_out(self, Py_NewRef(value));
    PyObject *replaced = outside == NULL ? NULL : PyObject_CallOneArg(PyExc_StopIteration, outside);
    if (replaced != NULL)
        PyErr_SetRaisedException(replaced);
    Py_XDECREF(outside);
    Py_DECREF(stop);
}

/* ---- attributes -------------------------------------------------------------------------------------------- */

/* How copies and pickles are made is the wrapper's business, and copy looks on the instance. */
static int
is_of_the_wrapper(PyObject *name)
{
    static const char *const names[] = {"__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__"};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++)
        if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0)
            return 1;
    return 0;
}

static int
is_special_name(PyObject *name)
{
    return PyUnicode_Check(name) && PyUnicode_IS_ASCII(name) && PyUnicode_GET_LENGTH(name) > 4 &&
           memcmp(PyUnicode_DATA(name), "__", 2) == 0;
}

/* A cached_property that has no value yet keeps one in the instance: under the read side of an RWLock that is a write. What
 * else is found by the attribute's name (a property, __getattr__) counts as reading, whatever it runs. */
static const owned_access *
how_to_get(PyObject *self, PyObject *name)
{
    static const owned_access caching = {OWNED_ATTRIBUTE, "compute and cache", NULL, WRITES};
    if (OWNED_LIKELY(owned_this_thread.reads_used == 0) || owned_wrapper_is_mine(self))
        return &owned_attr_read;
    PyObject *inside = owned_wrapper_inside(self);
    PyObject *found = inside == NULL ? NULL : owned_type_lookup(Py_TYPE(inside), name);
    int caches = 0;
    if (found != NULL && PyObject_TypeCheck(found, (PyTypeObject *)owned_the_state->cached_property)) {
        PyObject *dict = PyObject_GenericGetDict(inside, NULL);
        caches = dict != NULL && PyDict_Contains(dict, name) == 0 && !owned_is_frozen_instance(inside);
        Py_XDECREF(dict);
    }
    PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(inside);
    return caches ? &caching : &owned_attr_read;
}

static PyObject *
wrapper_getattro(PyObject *self, PyObject *name)
{
    owned_wrapper *w = (owned_wrapper *)self;
    int special = is_special_name(name);
    if (special && PyUnicode_CompareWithASCIIString(name, "__class__") == 0) {
        /* isinstance() is never checked, and runs nothing of an object that is not ours */
        PyObject *inside = owned_wrapper_inside(self);
        PyObject *type = Py_NewRef((PyObject *)(inside == NULL ? Py_TYPE(self) : Py_TYPE(inside)));
        int looks = inside != NULL && owned_may_look(self, &w->region);
        Py_XDECREF(inside);
        if (!looks)
            return type;
        Py_DECREF(type);
    }
    PyObject *inside = owned_wrapper_enter(self, how_to_get(self, name), name);
    if (inside == NULL)
        return NULL;
    PyObject *result;
    if (special && is_of_the_wrapper(name))
        result = PyObject_GenericGetAttr(self, name);
    else
        result = owned_come_out(self, PyObject_GetAttr(inside, name));
    Py_DECREF(inside);
    return result;
}

/* owned_settle() of a value, or NULL, that is about to be stored behind the membrane: what is guarded and private joins
 * what is shared, anything else stays as it is and is wrapped when it comes out. */
static int
settle_behind(owned_settling *settling, PyObject *self, PyObject *value)
{
    if (value == NULL || owned_is_scalar(value) || owned_carried(value) == NULL) {
        owned_settle_as_is(settling, value);
        return 0;
    }
    owned_region *region = owned_region_of(self, &((owned_wrapper *)self)->region);
    int result = owned_settle_slow(settling, value, region);
    Py_DECREF((PyObject *)region);
    return result;
}

static int
wrapper_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    PyObject *inside = owned_wrapper_enter(self, value != NULL ? &owned_attr_write : &owned_attr_delete, name);
    if (inside == NULL)
        return -1;
    owned_settling settling;
    int result = settle_behind(&settling, self, value);
    if (result == 0)
        result = owned_settled(&settling, PyObject_SetAttr(inside, name, settling.value));
    Py_DECREF(inside);
    return result;
}

static PyObject *
wrapper_descr_get(PyObject *self, PyObject *obj, PyObject *type)
{
    static const owned_access how = OPERATION("__get__", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return NULL;
    descrgetfunc get = Py_TYPE(inside)->tp_descr_get;
    PyObject *result = get == NULL ? Py_NewRef(self) : owned_come_out(self, get(inside, obj, type));
    Py_DECREF(inside);
    return result;
}

static int
wrapper_descr_set(PyObject *self, PyObject *obj, PyObject *value)
{
    static const owned_access how = OPERATION("__set__", WRITES);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return -1;
    descrsetfunc set = Py_TYPE(inside)->tp_descr_set;
    int result = -1;
    if (set != NULL)
        result = set(inside, obj, value);
    else
        PyErr_SetString(PyExc_AttributeError, "__set__");
    Py_DECREF(inside);
    return result;
}

/* ---- items ------------------------------------------------------------------------------------------------- */

/* Looking for a key that a defaultdict does not have enters it. */
static const owned_access *
how_to_look_up(PyObject *self, PyObject *key)
{
    static const owned_access entering = {OWNED_ITEM, "read and enter", NULL, WRITES};
    PyObject *inside = owned_wrapper_is_mine(self) ? NULL : owned_wrapper_inside(self);
    int enters = 0;
    if (inside != NULL && owned_reading_inserts(inside) && owned_may_look(self, &((owned_wrapper *)self)->region)) {
        enters = PyDict_Contains(inside, key) == 0;
        PyErr_Clear();
    }
    Py_XDECREF(inside);
    return enters ? &entering : &owned_item_read;
}

static PyObject *
wrapper_subscript(PyObject *self, PyObject *key)
{
    PyObject *inside = owned_wrapper_enter(self, how_to_look_up(self, key), key);
    if (inside == NULL)
        return NULL;
    PyObject *result = owned_come_out(self, PyObject_GetItem(inside, key));
    Py_DECREF(inside);
    return result;
}

static int
wrapper_ass_subscript(PyObject *self, PyObject *key, PyObject *value)
{
    PyObject *inside = owned_wrapper_enter(self, value != NULL ? &owned_item_write : &owned_item_delete, key);
    if (inside == NULL)
        return -1;
    owned_settling settling;
    int result = settle_behind(&settling, self, value);
    if (result == 0)
        result = owned_settled(&settling, value == NULL ? PyObject_DelItem(inside, key)
                                                        : PyObject_SetItem(inside, key, settling.value));
    Py_DECREF(inside);
    return result;
}

/* PySequence_GetItem() has already added the length to a negative index: past this slot it must not be added again. */
static PyObject *
wrapper_sq_item(PyObject *self, Py_ssize_t index)
{
    PyObject *inside = owned_wrapper_enter(self, &owned_item_read, NULL);
    if (inside == NULL)
        return NULL;
    PySequenceMethods *sequence = Py_TYPE(inside)->tp_as_sequence;
    PyObject *result = NULL;
    if (sequence != NULL && sequence->sq_item != NULL)
        result = owned_come_out(self, sequence->sq_item(inside, index));
    else
        PyErr_Format(PyExc_TypeError, "'%.200s' object does not support indexing", Py_TYPE(inside)->tp_name);
    Py_DECREF(inside);
    return result;
}

static int
wrapper_sq_ass_item(PyObject *self, Py_ssize_t index, PyObject *value)
{
    PyObject *inside = owned_wrapper_enter(self, value != NULL ? &owned_item_write : &owned_item_delete, NULL);
    if (inside == NULL)
        return -1;
    PySequenceMethods *sequence = Py_TYPE(inside)->tp_as_sequence;
    owned_settling settling;
    int result = -1;
    if (sequence == NULL || sequence->sq_ass_item == NULL)
        PyErr_Format(PyExc_TypeError, "'%.200s' object does not support item assignment", Py_TYPE(inside)->tp_name);
    else if (settle_behind(&settling, self, value) == 0)
        result = owned_settled(&settling, sequence->sq_ass_item(inside, index, settling.value));
    Py_DECREF(inside);
    return result;
}

static int
wrapper_contains(PyObject *self, PyObject *value)
{
    static const owned_access how = OPERATION("in", READS);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return -1;
    int result = PySequence_Contains(inside, value);
    Py_DECREF(inside);
    return result;
}

/* ---- iteration and await ----------------------------------------------------------------------------------- */

static const owned_access iterating = {OWNED_OPERATION, "iterate over", NULL, READS};
static const owned_access advancing = {OWNED_OPERATION, "iterate over", NULL, WRITES};

static PyObject *
wrapper_iter(PyObject *self)
{
    PyObject *inside = owned_wrapper_enter(self, &iterating, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = owned_come_out(self, PyObject_GetIter(inside));
    Py_DECREF(inside);
    return result;
}

/* An iterator over a builtin container, which has nothing but its place in it to change. */
static int
walks_container(PyTypeObject *type)
{
    static const char *const names[] = {
        "list_iterator", "list_reverseiterator", "tuple_iterator", "set_iterator", "str_iterator", "str_ascii_iterator",
        "bytes_iterator", "bytearray_iterator", "range_iterator", "longrange_iterator", "dict_keyiterator",
        "dict_valueiterator", "dict_itemiterator", "dict_reversekeyiterator", "dict_reversevalueiterator",
        "dict_reverseitemiterator", "odict_iterator", "reversed", "array.arrayiterator", "collections._deque_iterator",
        "_collections._deque_iterator", "collections._deque_reverse_iterator", "_collections._deque_reverse_iterator",
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++)
        if (strcmp(type->tp_name, names[i]) == 0)
            return 1;
    return 0;
}

/* A step of an iterator written in C only moves the iterator; a generator or a class of Python's may do anything. Under the
 * read side of an RWLock others may be at it: only a place in a container is moved there. */
static OWNED_COLD const owned_access *
how_to_step(PyObject *self)
{
    PyObject *inside = owned_wrapper_inside(self);
    if (inside == NULL)
        return &iterating;
    PyTypeObject *type = Py_TYPE(inside);
    int runs_python = PyGen_Check(inside) || PyCoro_CheckExact(inside) || type->tp_as_async != NULL ||
                      (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE));
    if (walks_container(type)) /* before: a type made from a spec has room for asynchronous methods, and may have none */
        runs_python = 0;
    else if (!runs_python) {
        owned_region *region = owned_region_of(self, &((owned_wrapper *)self)->region);
        runs_python = region != NULL && owned_rwlock_i_read(region);
        Py_XDECREF((PyObject *)region);
    }
    Py_DECREF(inside);
    return runs_python ? &advancing : &iterating;
}

/* The iterator after a check: a new reference, NULL with an error set. */
static inline PyObject *
enter_step(PyObject *self)
{
    PyObject *inside;
    if (OWNED_LIKELY(owned_wrapper_is_mine(self) && (inside = ((owned_wrapper *)self)->wrapped) != NULL))
        return Py_NewRef(inside);
    return owned_wrapper_enter(self, how_to_step(self), NULL);
}

static inline PyObject *
step(PyObject *self)
{
    PyObject *inside = enter_step(self);
    if (inside == NULL)
        return NULL;
    iternextfunc next = Py_TYPE(inside)->tp_iternext;
    PyObject *result = NULL;
    if (next == NULL)
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an iterator", Py_TYPE(inside)->tp_name);
    else
        result = next(inside);
    if (result == NULL && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_StopIteration))
        owned_stop_value_comes_out(self);
    Py_DECREF(inside);
    return result;
}

static PyObject *
wrapper_next(PyObject *self)
{
    return owned_come_out(self, step(self));
}

/* What an awaitable yields is between it and the event loop, which must see its futures as they are. */
static PyObject *
wrapper_next_bare(PyObject *self)
{
    return step(self);
}

static PySendResult
send(PyObject *self, PyObject *value, PyObject **result, int bare)
{
    *result = NULL;
    PyObject *inside = enter_step(self);
    if (inside == NULL)
        return PYGEN_ERROR;
    PySendResult how = PyIter_Send(inside, value, result);
    Py_DECREF(inside);
    if (how == PYGEN_ERROR || (how == PYGEN_NEXT && bare))
        return how;
    *result = owned_come_out(self, *result);
    return *result == NULL ? PYGEN_ERROR : how;
}

static PySendResult
wrapper_send(PyObject *self, PyObject *value, PyObject **result)
{
    return send(self, value, result, 0);
}

static PySendResult
wrapper_send_bare(PyObject *self, PyObject *value, PyObject **result)
{
    return send(self, value, result, 1);
}

static PyObject *
wrapper_await(PyObject *self)
{
    static const owned_access how = OPERATION("await", WRITES);
    PyObject *inside = owned_wrapper_enter(self, &how, NULL);
    if (inside == NULL)
        return NULL;
    PyAsyncMethods *async = Py_TYPE(inside)->tp_as_async;
    PyObject *iterator = NULL, *outside = NULL;
    if (async != NULL && async->am_await != NULL)
        iterator = async->am_await(inside);
    else
        PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression", Py_TYPE(inside)->tp_name);
    if (iterator == inside && Py_TYPE(self)->tp_iternext == wrapper_next_bare)
        outside = Py_NewRef(self);
    else if (iterator != NULL) {
        owned_region *region = owned_wrapper_membrane(self);
        outside = region == NULL ? NULL : owned_wrap_awaiting(iterator, region);
        Py_XDECREF((PyObject *)region);
    }
    Py_XDECREF(iterator);
    Py_DECREF(inside);
    return outside;
}

static PyObject *
wrapper_anext(PyObject *self)
{
    PyObject *inside = owned_wrapper_enter(self, &advancing, NULL);
    if (inside == NULL)
        return NULL;
    PyAsyncMethods *async = Py_TYPE(inside)->tp_as_async;
    PyObject *result = NULL;
    if (async != NULL && async->am_anext != NULL)
        result = owned_come_out(self, async->am_anext(inside));
    else
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not an async iterator", Py_TYPE(inside)->tp_name);
    Py_DECREF(inside);
    return result;
}

/* ---- calls and special methods ----------------------------------------------------------------------------- */

/* Whether it is around an instance that was frozen in place: whatever runs, what it would write refuses by itself. */
static int
is_frozen(PyObject *self)
{
    PyObject *inside = owned_wrapper_is_mine(self) ? NULL : owned_wrapper_inside(self);
    int frozen = inside != NULL && owned_is_frozen_instance(inside);
    Py_XDECREF(inside);
    return frozen;
}

static PyObject *
wrapper_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const owned_access reading = {OWNED_OPERATION, "call", NULL, READS};
    static const owned_access writing = {OWNED_OPERATION, "call", NULL, WRITES};
    PyObject *inside = owned_wrapper_enter(self, is_frozen(self) ? &reading : &writing, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = PyObject_Call(inside, args, kwargs);
    Py_DECREF(inside);
    return owned_come_out(self, result);
}

/* The special method `which` of the inside, as the interpreter looks it up: on the type, bound to the object. */
static PyObject *
special(PyObject *self, int which, const owned_access *how, PyObject *const *args, Py_ssize_t count)
{
    const owned_access reading = {how->form, how->verb, how->name, READS};
    PyObject *inside = owned_wrapper_enter(self, how->writes && is_frozen(self) ? &reading : how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *name = PyTuple_GET_ITEM(owned_the_state->wrapper_names, which);
    PyObject *result = NULL, *method = owned_type_lookup(Py_TYPE(inside), name);
    if (method == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_AttributeError, name);
    if (method != NULL && Py_TYPE(method)->tp_descr_get != NULL)
        Py_SETREF(method, Py_TYPE(method)->tp_descr_get(method, inside, (PyObject *)Py_TYPE(inside)));
    if (method != NULL)
        result = PyObject_Vectorcall(method, args, (size_t)count, NULL);
    Py_XDECREF(method);
    Py_DECREF(inside);
    return owned_come_out(self, result);
}

/* ---- operators --------------------------------------------------------------------------------------------- */

/* Whether the type does the in-place operator at `offset` in PyNumberMethods in a way of its own. */
static int
has_inplace(PyTypeObject *type, size_t offset)
{
    if (type->tp_as_number != NULL && *(binaryfunc *)((char *)type->tp_as_number + offset) != NULL)
        return 1;
    if (type->tp_as_sequence == NULL)
        return 0;
    if (offset == offsetof(PyNumberMethods, nb_inplace_add))
        return type->tp_as_sequence->sq_inplace_concat != NULL;
    return offset == offsetof(PyNumberMethods, nb_inplace_multiply) && type->tp_as_sequence->sq_inplace_repeat != NULL;
}

/* `left + w` and `left += w` reach a wrapper on the right in the same way. Where `left` would be changed in place by the second,
 * making a new object of it would lose the change for everybody else who has `left`, so the wrapper does not answer: the
 * left side's own code goes on (list += w works), or it is a TypeError. A dict never leaves |= to its right side. */
static int
may_be_inplace(PyObject *left, size_t offset)
{
    return offset != 0 && !owned_is_wrapper(left) && !PyDict_CheckExact(left) && has_inplace(Py_TYPE(left), offset);
}

static PyObject *
binary(PyObject *left, PyObject *right, binaryfunc delegate, const owned_access *how, size_t inplace_offset)
{
    PyObject *result = NULL, *r = NULL;
    PyObject *l = owned_wrapper_enter_operand(left, how);
    if (l == NULL)
        return NULL;
    r = owned_wrapper_enter_operand(right, how);
    if (r == NULL)
        goto done;
    if (may_be_inplace(left, inplace_offset)) {
        result = Py_NewRef(Py_NotImplemented);
        goto done;
    }
    result = owned_come_out(owned_is_wrapper(left) ? left : right, delegate(l, r));
done:
    Py_XDECREF(r);
    Py_DECREF(l);
    return result;
}

/* hows: of the operator, of the in-place operator */
static PyObject *
inplace(PyObject *self, PyObject *other, binaryfunc delegate, const owned_access hows[2], size_t offset)
{
    PyObject *inside = owned_wrapper_inside(self);
    int writes = inside != NULL && has_inplace(Py_TYPE(inside), offset);
    Py_XDECREF(inside);
    PyObject *l = owned_wrapper_enter(self, &hows[writes], NULL);
    if (l == NULL)
        return NULL;
    PyObject *result = NULL, *r = owned_wrapper_enter_operand(other, &hows[0]);
    if (r != NULL)
        result = owned_come_out(self, delegate(l, r));
    Py_XDECREF(r);
    Py_DECREF(l);
    return result;
}

static PyObject *
power(PyObject *base, PyObject *exponent, PyObject *modulus, ternaryfunc delegate, const owned_access *how_base,
      const owned_access *how)
{
    PyObject *e = NULL, *m = NULL, *result = NULL;
    PyObject *b = owned_is_wrapper(base) ? owned_wrapper_enter(base, how_base, NULL) : Py_NewRef(base);
    if (b == NULL)
        return NULL;
    if ((e = owned_wrapper_enter_operand(exponent, how)) == NULL || (m = owned_wrapper_enter_operand(modulus, how)) == NULL)
        goto done;
    PyObject *self = owned_is_wrapper(base) ? base : owned_is_wrapper(exponent) ? exponent : modulus;
    result = owned_come_out(self, delegate(b, e, m));
done:
    Py_XDECREF(m);
    Py_XDECREF(e);
    Py_DECREF(b);
    return result;
}

static PyObject *
wrapper_power(PyObject *base, PyObject *exponent, PyObject *modulus)
{
    static const owned_access how = OPERATION("**", READS);
    if (may_be_inplace(base, offsetof(PyNumberMethods, nb_inplace_power)))
        Py_RETURN_NOTIMPLEMENTED;
    return power(base, exponent, modulus, PyNumber_Power, &how, &how);
}

static PyObject *
wrapper_inplace_power(PyObject *base, PyObject *exponent, PyObject *modulus)
{
    static const owned_access hows[2] = {OPERATION("**", READS), OPERATION("**=", WRITES)};
    PyObject *inside = owned_is_wrapper(base) ? owned_wrapper_inside(base) : NULL;
    int writes = inside != NULL && has_inplace(Py_TYPE(inside), offsetof(PyNumberMethods, nb_inplace_power));
    Py_XDECREF(inside);
    return power(base, exponent, modulus, PyNumber_InPlacePower, &hows[writes], &hows[0]);
}

static PyObject *
unary(PyObject *self, unaryfunc delegate, const owned_access *how)
{
    PyObject *inside = owned_wrapper_enter(self, how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = owned_come_out(self, delegate(inside));
    Py_DECREF(inside);
    return result;
}

static PyObject *
convert(PyObject *self, unaryfunc delegate, const owned_access *how)
{
    PyObject *inside = owned_wrapper_enter(self, how, NULL);
    if (inside == NULL)
        return NULL;
    PyObject *result = delegate(inside);
    Py_DECREF(inside);
    return result;
}

static Py_ssize_t
length(PyObject *self, lenfunc delegate, const owned_access *how)
{
    PyObject *inside = owned_wrapper_enter(self, how, NULL);
    if (inside == NULL)
        return -1;
    Py_ssize_t result = delegate(inside);
    Py_DECREF(inside);
    return result;
}

/* ---- the table --------------------------------------------------------------------------------------------- */

static struct PyMemberDef weakref_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, sizeof(owned_wrapper), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static struct PyMemberDef vectorcall_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(owned_method_wrapper, vectorcall), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

#define DEFINE_operator(slot, delegate, operation)                                                                      \
    static PyObject *wrapper_##slot(PyObject *left, PyObject *right)                                                    \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, READS);                                                    \
        return binary(left, right, PyNumber_##delegate, &how, offsetof(PyNumberMethods, nb_inplace_##slot));            \
    }                                                                                                                   \
    static PyObject *wrapper_inplace_##slot(PyObject *self, PyObject *other)                                            \
    {                                                                                                                   \
        static const owned_access hows[2] = {OPERATION(operation, READS), OPERATION(operation "=", WRITES)};            \
        return inplace(self, other, PyNumber_InPlace##delegate, hows, offsetof(PyNumberMethods, nb_inplace_##slot));    \
    }
#define DEFINE_binary(slot, delegate, operation)                                                                        \
    static PyObject *wrapper_##slot(PyObject *left, PyObject *right)                                                    \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, READS);                                                    \
        return binary(left, right, delegate, &how, 0);                                                                  \
    }
#define DEFINE_unary(slot, delegate, operation)                                                                         \
    static PyObject *wrapper_##slot(PyObject *self)                                                                     \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, READS);                                                    \
        return unary(self, delegate, &how);                                                                             \
    }
#define DEFINE_convert(slot, delegate, operation)                                                                       \
    static PyObject *wrapper_##slot(PyObject *self)                                                                     \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, READS);                                                    \
        return convert(self, delegate, &how);                                                                           \
    }
#define DEFINE_length(slot, delegate, operation)                                                                        \
    static Py_ssize_t wrapper_##slot(PyObject *self)                                                                    \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, READS);                                                    \
        return length(self, delegate, &how);                                                                            \
    }
#define DEFINE_special(slot, writes, operation)                                                                         \
    static PyObject *wrapper_##slot(PyObject *self, PyObject *const *args, Py_ssize_t count)                            \
    {                                                                                                                   \
        static const owned_access how = OPERATION(operation, writes);                                                   \
        return special(self, OWNED_CAN_##slot, &how, args, count);                                                      \
    }
#define DEFINE_written(slot, delegate, operation)
#define DEFINE_method(slot, delegate, operation)
#define X(kind, slot, delegate, operation, capability) DEFINE_##kind(slot, delegate, operation)
OWNED_WRAPPER_SLOTS(X)
#undef X

#define SLOT(capability, slot, function) {OWNED_CAN_##capability, slot, (void *)(function), {NULL, NULL, 0, NULL}},
#define METHOD(name, function, convention)                                                                              \
    {OWNED_CAN_##name, 0, NULL, {#name, (PyCFunction)(void (*)(void))(function), convention, NULL}},
#define ROW_operator(slot, delegate, capability)                                                                        \
    SLOT(capability, Py_nb_##slot, wrapper_##slot) SLOT(capability, Py_nb_inplace_##slot, wrapper_inplace_##slot)
#define ROW_binary(slot, delegate, capability) SLOT(capability, Py_##slot, wrapper_##slot)
#define ROW_unary(slot, delegate, capability) SLOT(capability, Py_##slot, wrapper_##slot)
#define ROW_convert(slot, delegate, capability) SLOT(capability, Py_##slot, wrapper_##slot)
#define ROW_length(slot, delegate, capability) SLOT(capability, Py_##slot, wrapper_##slot)
#define ROW_written(slot, delegate, capability) SLOT(capability, Py_##slot, delegate)
#define ROW_special(slot, writes, capability) METHOD(slot, wrapper_##slot, METH_FASTCALL)
#define ROW_method(slot, delegate, convention) METHOD(slot, delegate, convention)
#define X(kind, slot, delegate, operation, capability) ROW_##kind(slot, delegate, capability)

const owned_wrapper_row owned_wrapper_rows[] = {
    OWNED_WRAPPER_SLOTS(X)
    {-1, 0, NULL, {NULL, NULL, 0, NULL}},
};
#undef X
