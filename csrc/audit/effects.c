/* The table of effects, and the callables that stand for what is in it while it is called.
 *
 * A builtin function or method is known by its PyMethodDef, which all bound and unbound forms of it share; types, slot
 * wrappers and Python functions are known by their address, and kept alive. Entries are only ever added, and are found without a
 * lock.
 *
 * An effect is written as steps, separated by spaces, each a letter and the numbers of the arguments it is about (a method's object
 * is argument 0; "*" means this one and all after it). A letter's case says nothing:
 *
 *     L0   the structure is read             G0   an indivisible update that leaves other items as they are
 *     A0   all of it is read                 U0   an indivisible update of any items
 *     I0   it is iterated over later on      W0   all of it is written, step by step
 *     r01  item 1 of 0 is read               w01  it is written            x01  it is updated indivisibly
 *     d01  it is deleted                     p01  item 1, or the last one if there is none, is taken out of a sequence
 *     u01  argument 1 is put into mapping 0
 *     >0   releases before the call          <0   acquires after it
 *     g01  attribute 1 of 0 is read          s01  it is written            v0   all attributes are looked at
 */
// SPDX-License-Identifier: MIT
#include "effects.h"
#include "classify.h"

#define STEPS_MOST 6

typedef struct {
    char letter;
    uint8_t arg, key, star;
} step;

typedef struct {
    unsigned operation;
    int is_method; /* bound ones have their object in front of the arguments */
    uint8_t used;
    uint8_t lazy; /* there is an I */
    step steps[STEPS_MOST];
} effect;

/* ---- the table ---------------------------------------------------------------------------------------------- */

#define TABLE_SIZE 4096

static struct {
    const void *key; /* atomic: set after the effect */
    effect *what;
} table[TABLE_SIZE];
static unsigned table_used;

static const effect *
find(const void *key)
{
    for (size_t i = audit_mix((uintptr_t)key >> 4) % TABLE_SIZE;; i = (i + 1) % TABLE_SIZE) {
        const void *at = owned_load_ptr(&table[i].key);
        if (at == key)
            return table[i].what;
        if (at == NULL)
            return NULL;
    }
}

/* What a callable is known by, NULL: it is of no kind that is. *self: what it is bound to, borrowed, or NULL. */
static const void *
identify(PyObject *callable, PyObject **self)
{
    PyTypeObject *type = Py_TYPE(callable);
    *self = NULL;
    if (type == &PyCFunction_Type) {
        *self = PyCFunction_GET_SELF(callable);
        return ((PyCFunctionObject *)callable)->m_ml;
    }
    if (type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type)
        return ((PyMethodDescrObject *)callable)->d_method;
    if (type == &PyMethod_Type) {
        *self = PyMethod_GET_SELF(callable);
        return PyMethod_GET_FUNCTION(callable);
    }
    if (PyType_Check(callable) || type == &PyFunction_Type || type == &PyWrapperDescr_Type)
        return callable;
    return NULL;
}

static int
parse(const char *text, effect *what)
{
    for (const char *at = text; *at;) {
        if (*at == ' ') {
            at++;
            continue;
        }
        if (what->used == STEPS_MOST || strchr("LAIGUWrwxdpu><gsv", *at) == NULL || at[1] < '0' || at[1] > '9')
            goto wrong;
        step *s = &what->steps[what->used++];
        s->letter = *at++;
        s->arg = (uint8_t)(*at++ - '0');
        if (*at >= '0' && *at <= '9')
            s->key = (uint8_t)(*at++ - '0');
        else if (*at == '*') {
            s->star = 1;
            at++;
        }
        what->lazy |= s->letter == 'I';
        if (*at != ' ' && *at != 0)
            goto wrong;
    }
    return 0;
wrong:
    PyErr_Format(PyExc_ValueError, "not an effect: %s", text);
    return -1;
}

static int
learn_one(PyObject *callable, PyObject *text, const char *name, int is_method)
{
    PyObject *self;
    const void *key = identify(callable, &self);
    const char *steps = PyUnicode_AsUTF8(text);
    if (steps == NULL)
        return -1;
    if (key == NULL) {
        PyErr_Format(PyExc_TypeError, "calls of a %.200s cannot be told of", Py_TYPE(callable)->tp_name);
        return -1;
    }
    if (find(key) != NULL)
        return 0;
    if (table_used >= TABLE_SIZE / 2) {
        PyErr_SetString(PyExc_ValueError, "too many effects");
        return -1;
    }
    effect what = {.operation = audit_operation(name), .is_method = is_method}, *kept;
    if (parse(steps, &what) < 0 || PyList_Append(audit_the_state->known, callable) < 0)
        return -1;
    if ((kept = PyMem_RawMalloc(sizeof(effect))) == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *kept = what;
    size_t i = audit_mix((uintptr_t)key >> 4) % TABLE_SIZE;
    while (table[i].key != NULL)
        i = (i + 1) % TABLE_SIZE;
    table[i].what = kept;
    owned_store_ptr(&table[i].key, key);
    table_used++;
    return 0;
}

static PyObject *
learn_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyDict_Check(args[0]) || !PyDict_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "learn() takes two dicts");
    Py_ssize_t position = 0;
    PyObject *key, *text;
    while (PyDict_Next(args[0], &position, &key, &text)) {
        PyObject *type, *name;
        if (!PyArg_ParseTuple(key, "O!U:learn", &PyType_Type, &type, &name))
            return NULL;
        PyObject *method = PyObject_GetAttr(type, name);
        const char *called = PyUnicode_AsUTF8(name);
        int result = method == NULL || called == NULL ? -1 : learn_one(method, text, called, 1);
        Py_XDECREF(method);
        if (result < 0)
            return NULL;
    }
    position = 0;
    while (PyDict_Next(args[1], &position, &key, &text)) {
        PyObject *name = PyObject_GetAttr(key, audit_the_state->str_name);
        const char *called = name == NULL ? NULL : PyUnicode_AsUTF8(name);
        int result = called == NULL ? -1 : learn_one(key, text, called, 0);
        Py_XDECREF(name);
        if (result < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- before and after a call ---------------------------------------------------------------------------------- */

static void
put_all(audit_thread *self, PyObject *mapping, PyObject *from, unsigned operation)
{
    audit_touch_container(self, from, AUDIT_ALL, operation);
    audit_touch_container(self, mapping, AUDIT_GROW, operation);
    if (!PyDict_CheckExact(from) || PyDict_GET_SIZE(from) > 16)
        return;
    PyObject *keys = PyDict_Keys(from); /* a copy: keys are looked at with no lock */
    if (keys == NULL) {
        PyErr_Clear();
        return;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys); i++)
        audit_touch_item(self, mapping, PyList_GET_ITEM(keys, i), AUDIT_ATOMIC, operation);
    Py_DECREF(keys);
}

static void
take_out(audit_thread *self, PyObject *sequence, PyObject *index, unsigned operation)
{
    int is_last = index == NULL || (PyLong_Check(index) && PyLong_AsLong(index) == -1);
    if (PyErr_Occurred())
        PyErr_Clear(); /* an index that fits nowhere */
    audit_touch_container(self, sequence, is_last ? AUDIT_GROW : AUDIT_CHANGE, operation);
    PyObject *last = is_last ? PyLong_FromLong(-1) : NULL;
    if (last != NULL)
        audit_touch_item(self, sequence, last, AUDIT_ATOMIC, operation);
    else if (is_last)
        PyErr_Clear();
    Py_XDECREF(last);
}

static void
tell_step(audit_thread *self, const step *s, unsigned operation, PyObject *obj, PyObject *key)
{
    switch (s->letter) {
    case 'L':
        audit_touch_container(self, obj, AUDIT_LENGTH, operation);
        break;
    case 'A':
        audit_touch_container(self, obj, AUDIT_ALL, operation);
        break;
    case 'G':
        audit_touch_container(self, obj, AUDIT_GROW, operation);
        break;
    case 'U':
        audit_touch_container(self, obj, AUDIT_CHANGE, operation);
        break;
    case 'W':
        audit_touch_container(self, obj, AUDIT_REWRITE, operation);
        break;
    case 'p':
        take_out(self, obj, key, operation);
        break;
    case '>':
        audit_container_release(self, obj);
        break;
    case 'v':
        audit_note_dict(self, obj);
        break;
    default:
        if (key == NULL)
            break;
        if (s->letter == 'r')
            audit_touch_item(self, obj, key, AUDIT_READ, operation);
        else if (s->letter == 'w')
            audit_touch_item(self, obj, key, AUDIT_WRITE, operation);
        else if (s->letter == 'x')
            audit_touch_item(self, obj, key, AUDIT_ATOMIC, operation);
        else if (s->letter == 'd')
            audit_delete_item(self, obj, key, operation);
        else if (s->letter == 'u')
            put_all(self, obj, key, operation);
        else if (PyUnicode_Check(key) && s->letter == 'g')
            audit_read_attribute(self, obj, key, operation);
        else if (PyUnicode_Check(key) && s->letter == 's')
            audit_write_attribute(self, obj, key, 0, operation);
    }
}

static PyObject *
argument(PyObject *bound, PyObject *const *args, Py_ssize_t nargs, Py_ssize_t i)
{
    if (bound != NULL && i-- == 0)
        return bound;
    return i < nargs ? args[i] : NULL;
}

static void
tell_before(audit_thread *self, const effect *what, PyObject *bound, PyObject *const *args, Py_ssize_t nargs)
{
    for (uint8_t i = 0; i < what->used; i++) {
        const step *s = &what->steps[i];
        PyObject *obj;
        for (Py_ssize_t at = s->arg; s->letter != '<' && (obj = argument(bound, args, nargs, at)) != NULL; at++) {
            tell_step(self, s, what->operation, obj, s->key == 0 ? NULL : argument(bound, args, nargs, s->key));
            if (!s->star)
                break;
        }
    }
}

static void
tell_after(audit_thread *self, const effect *what, PyObject *bound, PyObject *const *args, Py_ssize_t nargs)
{
    for (uint8_t i = 0; i < what->used; i++) {
        PyObject *obj = what->steps[i].letter == '<' ? argument(bound, args, nargs, what->steps[i].arg) : NULL;
        if (obj != NULL)
            audit_container_acquire(self, obj);
    }
}

/* ---- the callables that tell ------------------------------------------------------------------------------------ */

/* Made where something is called, and called at once: nothing of the program's ever holds one for longer, so the collector need not
 * know of it. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *callable; /* strong */
    PyObject *bound;    /* strong, or NULL: argument 0 of its effect */
    const effect *what;
} teller_object;

/* With those arguments that are iterated over later on replaced by what tells of each step. */
static PyObject *
call_lazily(teller_object *teller, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names), total = nargs + named, first = nargs;
    for (uint8_t i = 0; i < teller->what->used; i++)
        if (teller->what->steps[i].letter == 'I')
            first = Py_MIN(first, teller->what->steps[i].arg);
    PyObject **own = PyMem_Malloc(((size_t)total + 1) * sizeof(PyObject *)), *result = NULL;
    if (own == NULL)
        return PyErr_NoMemory();
    own++; /* room in front for the callee */
    Py_ssize_t made = 0;
    for (; made < nargs; made++) {
        own[made] = made >= first ? audit_steps(args[made], teller->what->operation) : Py_NewRef(args[made]);
        if (own[made] == NULL)
            goto done;
    }
    for (; made < total; made++)
        own[made] = Py_NewRef(args[made]);
    result = PyObject_Vectorcall(teller->callable, own, (size_t)nargs | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
done:
    while (made > 0)
        Py_DECREF(own[--made]);
    PyMem_Free(own - 1);
    return result;
}

static PyObject *
teller_call(PyObject *op, PyObject *const *args, size_t nargsf, PyObject *names)
{
    teller_object *teller = (teller_object *)op;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    audit_thread *self = audit_is_on() ? audit_here() : NULL;
    if (self == NULL)
        return PyObject_Vectorcall(teller->callable, args, nargsf, names);
    tell_before(self, teller->what, teller->bound, args, nargs);
    PyObject *result = teller->what->lazy ? call_lazily(teller, args, nargs, names)
                                          : PyObject_Vectorcall(teller->callable, args, nargsf, names);
    self = audit_is_on() ? audit_here() : NULL; /* the call may have ended the run */
    if (self != NULL)
        tell_after(self, teller->what, teller->bound, args, nargs);
    return result;
}

static void
teller_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    Py_XDECREF(((teller_object *)op)->callable);
    Py_XDECREF(((teller_object *)op)->bound);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMemberDef teller_members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(teller_object, call), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot teller_slots[] = {
    {Py_tp_dealloc, teller_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, teller_members},
    {0, NULL},
};

static PyType_Spec teller_spec = {
    .name = "owned._audit._detector.Teller",
    .basicsize = sizeof(teller_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = teller_slots,
};

/* A slot's method that is bound, as super().__setitem__ is: what its class has under this name. *self is strong. */
static const effect *
find_bound_slot(PyObject *callable, PyObject **self)
{
    PyObject *name = PyObject_GetAttr(callable, audit_the_state->str_name);
    PyObject *owner = name == NULL ? NULL : PyObject_GetAttrString(callable, "__objclass__");
    PyObject *dict = owner == NULL || !PyType_Check(owner) ? NULL : PyType_GetDict((PyTypeObject *)owner);
    PyObject *descriptor = NULL;
    const effect *what = NULL;
    if (dict != NULL && PyDict_GetItemRef(dict, name, &descriptor) > 0 && (what = find(descriptor)) != NULL)
        *self = PyObject_GetAttr(callable, audit_the_state->str_self);
    if (PyErr_Occurred())
        PyErr_Clear();
    Py_XDECREF(name);
    Py_XDECREF(owner);
    Py_XDECREF(dict);
    Py_XDECREF(descriptor);
    return what != NULL && *self != NULL ? what : NULL;
}

PyObject *
audit_told_of(PyObject *callable)
{
    if (callable == NULL)
        return NULL;
    PyObject *bound = NULL;
    const effect *what;
    const void *key = identify(callable, &bound);
    if (key != NULL) {
        what = find(key);
        bound = what != NULL && what->is_method ? Py_XNewRef(bound) : NULL;
    }
    else
        what = strcmp(Py_TYPE(callable)->tp_name, "method-wrapper") == 0 ? find_bound_slot(callable, &bound) : NULL;
    if (what == NULL)
        return callable;
    PyTypeObject *type = audit_the_state->Teller;
    teller_object *teller = (teller_object *)type->tp_alloc(type, 0);
    if (teller == NULL) {
        PyErr_Clear(); /* untold, but called */
        Py_XDECREF(bound);
        return callable;
    }
    teller->call = teller_call;
    teller->callable = callable;
    teller->bound = bound;
    teller->what = what;
    return (PyObject *)teller;
}

static PyMethodDef functions[] = {
    {"learn", (PyCFunction)(void (*)(void))learn_impl, METH_FASTCALL,
     PyDoc_STR("learn(methods, functions, /)\n--\n\nWhat calls do to the containers they are given: see owned/_audit/_effects.py.")},
    {NULL, NULL, 0, NULL},
};

int
audit_effects_add(PyObject *module)
{
    return audit_add_type(module, &audit_the_state->Teller, &teller_spec, 0) < 0 ? -1 : PyModule_AddFunctions(module, functions);
}
