/* GuardedMethod: what @synchronized, @reads and @requires make of a plain function.
 *
 * It is called as the function is and stands for it in everything else: attributes are the function's, it binds as a
 * function does (the interpreter calls it as a method without making a bound method), and its `__class__` is the
 * function's. Calling it is the function's own call behind one compare:
 *
 *     the region of the first argument is held by this thread: private to it, or shared and locked   call the function
 *     synchronized   shared     take its lock, call, give it back
 *                    frozen     call
 *     reads          the same, with the read side of an RWLock; another lock is taken whole
 *     requires       ask owned/_requires.py, which raises or lets it pass; call
 *
 * A method with a lock of its own, or the name of an attribute that has it, takes or asks that lock instead.
 *
 * A thread that holds the lock already takes nothing: the call is over before it can give the lock back. So a Lock, which
 * may be taken once only, serves methods that call one another. The lock is looked up at the call, never when the
 * method is fetched: a bound method that was fetched before share() locks after it. */
// SPDX-License-Identifier: MIT
#include "method.h"

#include "carrier.h"
#include "compound_lock.h"
#include "frozen.h"
#include "rwlock.h"

int owned_method_add(PyObject *module);

typedef enum { SYNCHRONIZED, READS, REQUIRES } method_kind;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *function;
    PyObject *name; /* the function's, when it was decorated: for messages */
    PyObject *lock; /* a lock, the name of the attribute of the first argument that has it; NULL: the first argument's own */
    PyObject *weakrefs;
    int kind;
} guarded_method;

/* ---- the call ------------------------------------------------------------------------------------------------ */

static const owned_access method_call = {OWNED_METHOD, "call", NULL, 1};

static inline int
is_mine(owned_region *r)
{
    return r != NULL && owned_load_u64(&r->holder) == owned_this_thread.id;
}

/* The lock in an attribute, read without a check: looking for the lock of an object comes before holding it. */
static PyObject *
attribute_lock(PyObject *first, PyObject *name)
{
    if (owned_thread_id() == 0)
        return NULL;
    owned_this_thread.unchecked++;
    PyObject *lock = PyObject_GetAttr(first, name);
    owned_this_thread.unchecked--;
    return lock;
}

static int
refuse_call(guarded_method *self, PyObject *first)
{
    const char *what = self->kind == READS ? "reads" : "synchronized";
    PyObject *name = PyObject_GetAttr(self->function, owned_the_state->str___qualname__);
    if (name == NULL)
        return -1;
    if (first == NULL || first == Py_None)
        PyErr_Format(PyExc_TypeError,
                     "%S() was called without its first argument, whose lock @%s takes: a function that is no method "
                     "needs a lock of its own, @synchronized(lock)",
                     name, what);
    else if (PyType_Check(first))
        PyErr_Format(PyExc_TypeError,
                     "%S() is @%s and was called with the class %.200s, which belongs to no thread: give it a lock of its "
                     "own, @synchronized(lock)",
                     name, what, ((PyTypeObject *)first)->tp_name);
    else
        PyErr_Format(PyExc_TypeError,
                     "%S() is @%s, and its first argument must be a guarded object, got %.200s: decorate that class with "
                     "@owned, or give the method a lock, @synchronized(lock)",
                     name, what, Py_TYPE(first)->tp_name);
    Py_DECREF(name);
    return -1;
}

/* What guards the call: 1 and the lock, 0 where none is needed, -1 with an error set. */
static int
lock_of_call(guarded_method *self, PyObject *first, PyObject **lock)
{
    *lock = NULL;
    if (self->lock != NULL) {
        if (!PyUnicode_Check(self->lock))
            *lock = Py_NewRef(self->lock);
        else if (first == NULL)
            return refuse_call(self, NULL);
        else
            *lock = attribute_lock(first, self->lock);
    }
    else if (first != NULL && owned_carried(first) != NULL)
        *lock = owned_lock_to_take(first, &method_call, self->name);
    else if (first == NULL || !owned_is_frozen_instance(first))
        return refuse_call(self, first);
    else
        return 0;
    if (*lock == NULL)
        return -1;
    if (*lock == Py_None || owned_lock_is_held(*lock) ||
        (self->kind == READS && owned_lock_check(*lock) && owned_rwlock_i_read((owned_region *)*lock))) {
        Py_CLEAR(*lock);
        return 0;
    }
    return 1;
}

/* The side of a lock that the method takes. New reference. */
static PyObject *
side_of(guarded_method *self, PyObject *lock)
{
    if (self->kind == READS && owned_rwlock_check(lock))
        return owned_rwlock_side_object((owned_rwlock *)lock, OWNED_READ_SIDE);
    return Py_NewRef(lock);
}

/* Take what guards the call: 1 and what has to be given back, 0 where nothing is needed, -1 with an error set. What guards
 * the object may change while we wait, so we look again. */
static int
take(guarded_method *self, PyObject *first, PyObject **side)
{
    PyObject *lock;
    *side = NULL;
    int needed = lock_of_call(self, first, &lock);
    while (needed > 0) {
        *side = side_of(self, lock);
        if (*side == NULL || owned_lock_enter(*side) < 0) {
            Py_CLEAR(*side);
            needed = -1;
            break;
        }
        PyObject *now = NULL;
        if (self->lock == NULL)
            now = owned_lock_to_take(first, &method_call, self->name);
        else
            now = Py_NewRef(lock);
        if (now == lock) {
            Py_DECREF(now);
            break;
        }
        PyObject *error = PyErr_GetRaisedException();
        int left = owned_lock_leave(*side);
        Py_CLEAR(*side);
        if (error != NULL)
            PyErr_SetRaisedException(error);
        Py_SETREF(lock, now);
        needed = now == NULL || left < 0 ? -1 : now != Py_None;
    }
    Py_XDECREF(lock);
    return needed;
}

/* Give the lock back, whatever became of the call. Steals both. */
static PyObject *
give_back(PyObject *side, PyObject *result)
{
    PyObject *error = result == NULL ? PyErr_GetRaisedException() : NULL;
    int left = owned_lock_leave(side);
    Py_DECREF(side);
    if (left == 0) {
        if (error != NULL)
            PyErr_SetRaisedException(error);
        return result;
    }
    Py_XDECREF(result);
    if (error != NULL) { /* the call released the lock itself, and raised: show both */
        PyObject *refused = PyErr_GetRaisedException();
        PyException_SetContext(refused, error);
        PyErr_SetRaisedException(refused);
    }
    return NULL;
}

static int
verify(guarded_method *self, PyObject *first)
{
    if (self->lock != NULL && owned_lock_is_held(self->lock))
        return 0;
    PyObject *done = PyObject_CallFunctionObjArgs(owned_the_state->verify_held, self->function,
                                                  self->lock == NULL ? Py_None : self->lock,
                                                  first == NULL ? Py_None : first, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static OWNED_COLD PyObject *
call_slow(guarded_method *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    PyObject *first = PyVectorcall_NARGS(nargsf) > 0 ? args[0] : NULL;
    PyObject *side = NULL;
    int taken = self->kind == REQUIRES ? verify(self, first) : take(self, first, &side);
    if (taken < 0)
        return NULL;
    PyObject *result = PyObject_Vectorcall(self->function, args, nargsf, names);
    return taken ? give_back(side, result) : result;
}

static PyObject *
call(PyObject *op, PyObject *const *args, size_t nargsf, PyObject *names)
{
    guarded_method *self = (guarded_method *)op;
    if (OWNED_LIKELY(self->lock == NULL && PyVectorcall_NARGS(nargsf) > 0)) {
        owned_region **where = owned_carried(args[0]);
        if (OWNED_LIKELY(where != NULL && is_mine(owned_load_ptr(where))))
            return PyObject_Vectorcall(self->function, args, nargsf, names);
    }
    return call_slow(self, args, nargsf, names);
}

PyObject *
owned_method_that_reads(PyObject *method)
{
    PyObject *function = PyMethod_Check(method) ? PyMethod_GET_FUNCTION(method) : NULL;
    if (function == NULL || !Py_IS_TYPE(function, owned_the_state->GuardedMethod))
        return NULL;
    guarded_method *self = (guarded_method *)function;
    return self->kind == READS && self->lock == NULL ? self->function : NULL;
}

/* ---- standing for the function ------------------------------------------------------------------------------- */

static PyObject *
method_get(PyObject *self, PyObject *obj, PyObject *Py_UNUSED(type))
{
    return obj == NULL || obj == Py_None ? Py_NewRef(self) : PyMethod_New(self, obj);
}

static PyObject *
method_getattro(PyObject *self, PyObject *name)
{
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return value;
    PyErr_Clear();
    return PyObject_GetAttr(((guarded_method *)self)->function, name);
}

static int
method_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    return PyObject_SetAttr(((guarded_method *)self)->function, name, value);
}

/* An attribute that the type has too, and that must be the function's. */
static PyObject *
forwarded(PyObject *self, void *name)
{
    return PyObject_GetAttrString(((guarded_method *)self)->function, name);
}

static PyObject *
method_lock(PyObject *op, void *Py_UNUSED(closure))
{
    guarded_method *self = (guarded_method *)op;
    return Py_NewRef(self->lock == NULL ? Py_None : self->lock);
}

static PyObject *
method_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    return PyObject_GetAttr(((guarded_method *)self)->function, owned_the_state->str___qualname__);
}

static PyObject *
method_repr(PyObject *op)
{
    static const char *const kinds[] = {"synchronized", "reads", "requires"};
    guarded_method *self = (guarded_method *)op;
    return PyUnicode_FromFormat("<%s %R>", kinds[self->kind], self->function);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static PyObject *
method_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"", "kind", "lock", NULL};
    PyObject *function, *lock = Py_None;
    int kind;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Oi|O:GuardedMethod", keywords, &function, &kind, &lock))
        return NULL;
    if (kind < SYNCHRONIZED || kind > REQUIRES || !PyFunction_Check(function)) {
        PyErr_SetString(PyExc_TypeError, "GuardedMethod() takes a function and 0, 1 or 2");
        return NULL;
    }
    PyObject *name = PyObject_GetAttr(function, owned_the_state->str___name__);
    guarded_method *self = name == NULL ? NULL : (guarded_method *)type->tp_alloc(type, 0);
    if (self == NULL) {
        Py_XDECREF(name);
        return NULL;
    }
    self->vectorcall = call;
    self->name = name;
    self->function = Py_NewRef(function);
    self->lock = lock == Py_None ? NULL : Py_NewRef(lock);
    self->kind = kind;
    return (PyObject *)self;
}

/* No tp_clear: what it holds never changes, and every cycle through it goes through a dict that can be cleared. */
static int
method_traverse(PyObject *op, visitproc visit, void *arg)
{
    guarded_method *self = (guarded_method *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->function);
    Py_VISIT(self->lock);
    return 0;
}

static void
method_dealloc(PyObject *op)
{
    guarded_method *self = (guarded_method *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (self->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    Py_XDECREF(self->function);
    Py_XDECREF(self->name);
    Py_XDECREF(self->lock);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"__reduce_ex__", method_reduce_ex, METH_O,
     PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nIt is pickled by its name, as a function is.")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(guarded_method, weakrefs), Py_READONLY, NULL},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(guarded_method, vectorcall), Py_READONLY, NULL},
    {"__wrapped__", Py_T_OBJECT_EX, offsetof(guarded_method, function), Py_READONLY, NULL},
    {"_owned_kind", Py_T_INT, offsetof(guarded_method, kind), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"__class__", forwarded, NULL, NULL, "__class__"},
    {"__doc__", forwarded, NULL, NULL, "__doc__"},
    {"__module__", forwarded, NULL, NULL, "__module__"},
    {"__dict__", forwarded, NULL, NULL, "__dict__"},
    {"_owned_lock", method_lock, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, method_new},
    {Py_tp_dealloc, method_dealloc},
    {Py_tp_traverse, method_traverse},
    {Py_tp_repr, method_repr},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, method_get},
    {Py_tp_getattro, method_getattro},
    {Py_tp_setattro, method_setattro},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_tp_getset, getset},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "owned._core.GuardedMethod",
    .basicsize = sizeof(guarded_method),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = slots,
};

/* wrapt takes its time to import, so that its wrapper joins when it is first needed. */
static PyObject *
set_wrapped_method_impl(PyObject *Py_UNUSED(module), PyObject *type)
{
    if (!PyType_Check(type)) {
        PyErr_SetString(PyExc_TypeError, "set_wrapped_method() takes a type");
        return NULL;
    }
    if (owned_the_state->WrappedMethod == NULL)
        owned_store_ptr(&owned_the_state->WrappedMethod, (PyTypeObject *)Py_NewRef(type));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"set_wrapped_method", set_wrapped_method_impl, METH_O,
     PyDoc_STR("set_wrapped_method(cls, /)\n--\n\nTell the type of the methods that wrapt guards. Once.")},
    {NULL, NULL, 0, NULL},
};

int
owned_method_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->GuardedMethod, &spec, NULL, "GuardedMethod") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
