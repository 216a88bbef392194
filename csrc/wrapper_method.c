/* Bound methods that came out of a membrane: checked when they are called, not only when they are fetched.
 *
 * Where only reading is allowed (what is frozen, the read side of an RWLock), a method passes if it is known to read: those
 * of immutable builtin types and of frozen instances, methods with @reads, and the ones listed here. A method nobody knows
 * may do anything, so it counts as a write. */
// SPDX-License-Identifier: MIT
#include "frozen.h"
#include "membrane.h"
#include "method.h"
#include "wrapper.h"

#define TEXT                                                                                                            \
    " capitalize center count decode endswith expandtabs find hex index isalnum isalpha isascii isdigit islower isspace "  \
    "istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition "   \
    "rsplit rstrip split splitlines startswith strip swapcase title translate upper zfill "

/* The nearest type that lists a name has the say. What is in neither list counts as a write. */
static const struct {
    const char *type;   /* its own name or a base's; methods written in C only, unless there is a module */
    const char *reads;  /* NULL: all of them */
    const char *writes;
    const char *module; /* of a class that is written in Python */
} known_methods[] = {
    {"str", NULL, NULL, NULL},
    {"bytes", NULL, NULL, NULL},
    {"int", NULL, NULL, NULL},
    {"float", NULL, NULL, NULL},
    {"complex", NULL, NULL, NULL},
    {"tuple", NULL, NULL, NULL},
    {"frozenset", NULL, NULL, NULL},
    {"range", NULL, NULL, NULL},
    {"slice", NULL, NULL, NULL},
    {"mappingproxy", NULL, NULL, NULL},
    {"re.Match", NULL, NULL, NULL},
    {"list", " copy count index ", " append clear extend insert pop remove reverse sort ", NULL},
    {"dict", " copy get items keys values ", " clear pop popitem setdefault update ", NULL},
    {"dict_keys", NULL, NULL, NULL},
    {"dict_values", NULL, NULL, NULL},
    {"dict_items", NULL, NULL, NULL},
    {"set", " copy difference intersection isdisjoint issubset issuperset symmetric_difference union ",
     " add clear difference_update discard intersection_update pop remove symmetric_difference_update update ", NULL},
    {"collections.OrderedDict", " ", " move_to_end ", NULL},
    {"collections.defaultdict", " ", " __missing__ ", NULL}, /* for __getitem__ see owned_reading_inserts() */
    {"Counter",
     " __add__ __and__ __eq__ __ge__ __gt__ __le__ __lt__ __missing__ __ne__ __neg__ __or__ __pos__ __reduce__ __repr__ "
     "__sub__ __xor__ copy most_common total ",
     /* elements() gives an iterator that looks inside by itself */
     " __delitem__ __iadd__ __iand__ __init__ __ior__ __isub__ __ixor__ _keep_positive elements subtract update ",
     "collections"},
    {"collections.deque", " copy count index ",
     " append appendleft clear extend extendleft insert pop popleft remove reverse rotate ", NULL},
    {"array.array", " count index tobytes tofile tolist tounicode ",
     /* buffer_info() tells the address of the inside */
     " append buffer_info byteswap clear extend frombytes fromfile fromlist fromunicode insert pop remove reverse ", NULL},
    {"bytearray", TEXT " __alloc__ copy ", " append clear extend insert pop remove resize reverse take_bytes ", NULL},
    /* special methods, of whatever type written in C */
    {"object",
     " __abs__ __add__ __and__ __bool__ __bytes__ __ceil__ __class_getitem__ __contains__ __copy__ __deepcopy__ __dir__ "
     "__divmod__ __eq__ __float__ __floor__ __floordiv__ __format__ __ge__ __getattribute__ __getitem__ __getnewargs__ "
     "__getstate__ __gt__ __hash__ __index__ __int__ __invert__ __iter__ __le__ __len__ __length_hint__ __lshift__ __lt__ "
     "__matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pos__ __pow__ __radd__ __rand__ __rdivmod__ __reduce__ "
     "__reduce_ex__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__ __rmul__ __ror__ __round__ "
     "__rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __sizeof__ __str__ __sub__ __truediv__ __trunc__ "
     "__xor__ ",
     " __buffer__ __delattr__ __delitem__ __iadd__ __iand__ __imul__ __init__ __ior__ __isub__ __ixor__ __release_buffer__ "
     "__setattr__ __setitem__ __setstate__ ",
     NULL},
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

/* What a list says of the name: 1 it reads, 0 it writes, -1 nothing. */
static int
listed(size_t row, PyObject *name)
{
    if (known_methods[row].reads == NULL || is_listed(known_methods[row].reads, name))
        return 1;
    return is_listed(known_methods[row].writes, name) ? 0 : -1;
}

int
owned_reading_inserts(PyObject *inside)
{
    if (!PyDict_Check(inside) || PyDict_CheckExact(inside))
        return 0;
    PyObject *missing = owned_type_lookup(Py_TYPE(inside), owned_the_state->str___missing__);
    if (missing == NULL) {
        PyErr_Clear();
        return 0;
    }
    PyTypeObject *counter = (PyTypeObject *)owned_find_known_type("collections", "Counter");
    PyObject *harmless = counter == NULL ? NULL : owned_type_lookup(counter, owned_the_state->str___missing__);
    PyErr_Clear();
    int inserts = missing != harmless;
    Py_XDECREF(harmless);
    Py_XDECREF((PyObject *)counter);
    Py_DECREF(missing);
    return inserts;
}

/* Is `function` the one that a class written in Python, and listed, has under this name? The answer as in listed(). */
static int
listed_python(PyObject *self, PyObject *function, PyObject *name)
{
    int answer = -1;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(known_methods) && answer < 0; i++) {
        if (known_methods[i].module == NULL)
            continue;
        PyObject *type = owned_find_known_type(known_methods[i].module, known_methods[i].type);
        PyObject *known = NULL;
        if (type != NULL && PyObject_TypeCheck(self, (PyTypeObject *)type))
            known = owned_type_lookup((PyTypeObject *)type, name);
        PyErr_Clear();
        if (known != NULL && known == function)
            answer = listed(i, name);
        Py_XDECREF(known);
        Py_XDECREF(type);
    }
    return answer;
}

/* What is known of a method written in C that is bound to `self`: as in listed(). */
static int
listed_builtin(PyObject *self, PyObject *name)
{
    if (PyType_Check(self))
        return 1; /* a class method: the instance is not in it */
    if (owned_reading_inserts(self) && PyUnicode_CompareWithASCIIString(name, "__getitem__") == 0)
        return 0;
    int answer = -1;
    for (PyTypeObject *type = Py_TYPE(self); type != NULL && answer < 0; type = type->tp_base) {
        if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE))
            continue; /* a Python class, whatever its name */
        for (size_t i = 0; i < Py_ARRAY_LENGTH(known_methods) && answer < 0; i++)
            if (known_methods[i].module == NULL && strcmp(type->tp_name, known_methods[i].type) == 0)
                answer = listed(i, name);
    }
    return answer;
}

/* What is known of a bound method: as in listed(). */
static int
known_of(PyObject *method, PyObject *name)
{
    if (PyMethod_Check(method)) {
        if (owned_is_frozen_instance(PyMethod_GET_SELF(method)) || owned_method_that_reads(method) != NULL)
            return 1; /* of a frozen instance: what it would write refuses by itself */
        return name == NULL ? -1 : listed_python(PyMethod_GET_SELF(method), PyMethod_GET_FUNCTION(method), name);
    }
    if (PyCFunction_Check(method) && PyCFunction_GET_SELF(method) == NULL)
        return 1; /* a static method */
    PyObject *self = name == NULL ? NULL : bound_to(method);
    int answer = self == NULL ? -1 : listed_builtin(self, name);
    Py_XDECREF(self);
    return answer;
}

static PyObject *
method_writes_impl(PyObject *Py_UNUSED(module), PyObject *method)
{
    PyObject *name = name_of(method);
    int known = known_of(method, name);
    Py_XDECREF(name);
    return known < 0 ? Py_NewRef(Py_None) : PyBool_FromLong(!known);
}

static OWNED_COLD int
check_call_slow(PyObject *self)
{
    static const owned_access reading = {OWNED_METHOD, "call", NULL, 0};
    static const owned_access writing = {OWNED_METHOD, "call", NULL, 1};
    PyObject *method = owned_wrapper_inside(self);
    PyObject *name = method == NULL ? NULL : name_of(method);
    const owned_access *how = method != NULL && known_of(method, name) > 0 ? &reading : &writing;
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
    else if (PyMethod_Check(method) && !PyFunction_Check(PyMethod_GET_FUNCTION(method))) {
        PyObject *function = owned_method_that_reads(method); /* it cannot look for the lock of what is not guarded */
        if (function != NULL)
            Py_SETREF(method, PyMethod_New(function, PyMethod_GET_SELF(method)));
    }
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

static PyMethodDef functions[] = {
    {"method_writes", method_writes_impl, METH_O,
     PyDoc_STR("method_writes(method, /)\n--\n\n"
               "Is a bound method known to write to what it is bound to? None where nothing is known of it.")},
    {NULL, NULL, 0, NULL},
};

int
owned_wrapper_method_add(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
