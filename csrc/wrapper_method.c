/* Bound methods that came out of a membrane: checked when they are called, not only when they are fetched.
 *
 * Where only reading is allowed, a method passes if it is known to read: those of immutable builtin types and of frozen
 * instances, and the ones listed here. A method nobody knows may do anything, so it counts as a write. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "membrane.h"
#include "wrapper.h"

static const struct {
    const char *type; /* its own name or a base's; methods written in C only */
    const char *reads; /* NULL: all of them */
} readers[] = {
    {"str", NULL},
    {"bytes", NULL},
    {"int", NULL},
    {"float", NULL},
    {"complex", NULL},
    {"tuple", NULL},
    {"frozenset", NULL},
    {"range", NULL},
    {"slice", NULL},
    {"mappingproxy", NULL},
    {"re.Match", NULL},
    {"list", " copy count index "},
    {"dict", " copy get items keys values "},
    {"dict_keys", NULL},
    {"dict_values", NULL},
    {"dict_items", NULL},
    {"set", " copy difference intersection isdisjoint issubset issuperset symmetric_difference union "},
    {"collections.deque", " copy count index "},
    {"array.array", " count index tobytes tolist tounicode "},
    {"bytearray",
     " capitalize center copy count decode endswith expandtabs find hex index isalnum isalpha isascii isdigit islower "
     "isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust "
     "rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper zfill "},
    /* special methods, of whatever type written in C */
    {"object",
     " __abs__ __add__ __and__ __bool__ __bytes__ __ceil__ __class_getitem__ __contains__ __copy__ __deepcopy__ __dir__ "
     "__divmod__ __eq__ __float__ __floor__ __floordiv__ __format__ __ge__ __getattribute__ __getitem__ __getnewargs__ "
     "__getstate__ __gt__ __hash__ __index__ __int__ __invert__ __iter__ __le__ __len__ __length_hint__ __lshift__ __lt__ "
     "__matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pos__ __pow__ __radd__ __rand__ __rdivmod__ __reduce__ "
     "__reduce_ex__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ __round__ "
     "__rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __sizeof__ __str__ __sub__ __truediv__ __trunc__ "
     "__xor__ "},
};

/* The object a bound method is bound to, for methods written in C: a new reference, NULL without an error for others. */
static PyObject *
bound_to(PyObject *method)
{
    if (PyCFunction_Check(method))
        return Py_XNewRef(PyCFunction_GET_SELF(method));
    if (PyMethod_Check(method))
        return NULL;
    PyObject *self = PyObject_GetAttrString(method, "__self__");
    if (self == NULL)
        PyErr_Clear();
    return self;
}

/* The name of a bound method, without running code of anybody's: a new reference, NULL without an error if it has none. */
static PyObject *
name_of(PyObject *method)
{
    PyObject *name = NULL;
    if (PyMethod_Check(method)) {
        PyObject *function = PyMethod_GET_FUNCTION(method);
        if (PyFunction_Check(function))
            name = PyObject_GetAttrString(function, "__name__");
    }
    else
        name = PyObject_GetAttrString(method, "__name__");
    if (name == NULL)
        PyErr_Clear();
    return name;
}

static int
is_listed(const char *list, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (text == NULL) {
        PyErr_Clear();
        return 0;
    }
    size_t length = strlen(text);
    for (const char *hit = strstr(list, text); hit != NULL && length > 0; hit = strstr(hit + 1, text))
        if (hit[-1] == ' ' && hit[length] == ' ')
            return 1;
    return 0;
}

static int
only_reads(PyObject *method, PyObject *name)
{
    if (PyMethod_Check(method) && owned_is_frozen_instance(PyMethod_GET_SELF(method)))
        return 1; /* what it would write refuses by itself */
    PyObject *self = name == NULL ? NULL : bound_to(method);
    if (self == NULL)
        return 0;
    int reads = 0;
    for (PyTypeObject *type = Py_TYPE(self); type != NULL && !reads; type = type->tp_base) {
        if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE))
            continue; /* a Python class, whatever its name */
        for (size_t i = 0; i < Py_ARRAY_LENGTH(readers) && !reads; i++)
            if (strcmp(type->tp_name, readers[i].type) == 0)
                reads = readers[i].reads == NULL || is_listed(readers[i].reads, name);
    }
    Py_DECREF(self);
    return reads;
}

static OWNED_COLD int
check_call_slow(PyObject *self)
{
    static const owned_access reading = {OWNED_METHOD, "call", NULL, 0};
    static const owned_access writing = {OWNED_METHOD, "call", NULL, 1};
    PyObject *method = owned_wrapper_inside(self);
    PyObject *name = method == NULL ? NULL : name_of(method);
    const owned_access *how = method != NULL && only_reads(method, name) ? &reading : &writing;
    int answer = owned_check_slow(self, &((owned_wrapper *)self)->region, how, name);
    Py_XDECREF(name);
    Py_XDECREF(method);
    return answer;
}

/* The bound method after a check: a new reference, NULL with an error set. */
static inline PyObject *
enter_call(PyObject *self)
{
    PyObject *method;
    if (owned_wrapper_is_mine(self))
        method = Py_XNewRef(((owned_wrapper *)self)->wrapped);
    else if (check_call_slow(self) < 0)
        return NULL;
    else
        method = owned_wrapper_inside(self);
    if (method == NULL)
        owned_wrapper_set_cleared();
    return method;
}

static inline PyObject *
call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names, int driven)
{
    PyObject *method = enter_call(self);
    if (method == NULL)
        return NULL;
    PyObject *result = PyObject_Vectorcall(method, args, nargsf, names);
    Py_DECREF(method);
    if (result == NULL) {
        if (PyErr_ExceptionMatches(PyExc_StopIteration))
            owned_stop_value_comes_out(self);
        return NULL;
    }
    return driven ? result : owned_come_out(self, result);
}

PyObject *
owned_wrapper_method_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    return call(self, args, nargsf, names, 0);
}

PyObject *
owned_method_call_driven(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    return call(self, args, nargsf, names, 1);
}
