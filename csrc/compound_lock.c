/* CompoundLock: what `a + b + c` makes, several locks taken in one order whichever way they are written.
 *
 * Every lock has a number of its own, given when it is first needed and never again to another one (held.h). A compound
 * lock holds its locks sorted by that number, each once, and takes them in this order: two threads that take all
 * their locks by compound locks cannot wait for each other in a circle, since who waits for a lock holds only locks with
 * smaller numbers. Nothing else is in it: it does not change after it is made, it knows of no thread, and so one may be
 * used by many threads at once, and again and again.
 *
 * It is taken wholly or not at all: when one of its locks is not to be had in time, or the wait ends with an error, those
 * that were taken are given back, the last one first. The time limit is for all of them together. */
// SPDX-License-Identifier: MIT
#include "compound_lock.h"

#include "condition.h"
#include "rwlock.h"
#include "timeout.h"

int owned_compound_lock_add(PyObject *module);

typedef struct {
    PyObject_HEAD
    PyObject *locks; /* strong: a tuple, sorted by ordinal; never changed */
    PyObject *weakrefs;
} compound;

static int
is_compound(PyObject *obj)
{
    return Py_IS_TYPE(obj, owned_the_state->CompoundLock);
}

/* ---- what stands for which lock ---------------------------------------------------------------------------------- */

/* TypeError for what is no lock of ours. */
static void
refuse_foreign(PyObject *obj, const char *call)
{
    PyObject *error = PyObject_CallFunction(owned_the_state->foreign_lock_refusal, "Os", obj, call);
    if (error == NULL)
        return;
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
}

PyObject *
owned_lock_behind(PyObject *obj, const char *call)
{
    if (owned_lock_check(obj))
        return Py_NewRef(obj);
    if (PyObject_TypeCheck(obj, owned_the_state->Condition))
        return Py_XNewRef(owned_condition_lock_borrowed(obj));
    if (Py_IS_TYPE(obj, owned_the_state->WriteSide))
        return Py_NewRef((PyObject *)((owned_rwlock_side *)obj)->lock);
    refuse_foreign(obj, call);
    return NULL;
}

static int
is_read_side(PyObject *lock)
{
    return Py_IS_TYPE(lock, owned_the_state->ReadSide);
}

static owned_rwlock *
rwlock_of_side(PyObject *side)
{
    return ((owned_rwlock_side *)side)->lock;
}

/* Has this thread taken the lock, so that it can give it back? */
static int
has_taken(PyObject *lock)
{
    return is_read_side(lock) ? owned_rwlock_my_read(rwlock_of_side(lock)) != NULL : owned_lock_is_held(lock);
}

/* The writer may read. */
int
owned_lock_is_held(PyObject *lock)
{
    if (owned_rwlock_is_side(lock))
        return owned_rwlock_i_write(rwlock_of_side(lock)) || (is_read_side(lock) && has_taken(lock));
    if (owned_lock_check(lock))
        return owned_load_u64(&((owned_region *)lock)->holder) == owned_this_thread.id;
    if (is_compound(lock)) {
        PyObject *locks = ((compound *)lock)->locks;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(locks); i++)
            if (!owned_lock_is_held(PyTuple_GET_ITEM(locks, i)))
                return 0;
        return 1;
    }
    if (PyObject_TypeCheck(lock, owned_the_state->Condition)) {
        PyObject *behind = owned_condition_lock_borrowed(lock);
        if (behind != NULL)
            return owned_lock_is_held(behind);
        PyErr_Clear();
    }
    return 0;
}

static uint64_t
ordinal_of(PyObject *lock)
{
    if (is_read_side(lock))
        return owned_rwlock_ordinal(rwlock_of_side(lock));
    return owned_lock_tag_ordinal(&((owned_lock_head *)lock)->tag);
}

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* By ordinal; the two sides of an RWLock have one, and the write side, which is the lock itself, goes first. */
static int
compare(const void *left, const void *right)
{
    PyObject *l = *(PyObject *const *)left, *r = *(PyObject *const *)right;
    uint64_t a = ordinal_of(l), b = ordinal_of(r);
    return a != b ? (a < b ? -1 : 1) : is_read_side(l) - is_read_side(r);
}

/* A CompoundLock of these locks of ours, which it takes over: sorts them and drops what is there twice. Of both sides of an
 * RWLock the write side stays, under which its holder may read as well. */
static PyObject *
make(PyObject **locks, size_t count)
{
    qsort(locks, count, sizeof(*locks), compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ordinal_of(locks[kept - 1]) == ordinal_of(locks[i]))
            Py_DECREF(locks[i]);
        else
            locks[kept++] = locks[i];
    }
    PyObject *tuple = PyTuple_New((Py_ssize_t)kept);
    if (tuple == NULL) {
        for (size_t i = 0; i < kept; i++)
            Py_DECREF(locks[i]);
        return NULL;
    }
    for (size_t i = 0; i < kept; i++)
        PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, locks[i]);
    compound *self = (compound *)owned_the_state->CompoundLock->tp_alloc(owned_the_state->CompoundLock, 0);
    if (self == NULL)
        Py_DECREF(tuple);
    else
        self->locks = tuple;
    return (PyObject *)self;
}

/* How many locks `obj` stands for. */
static size_t
width_of(PyObject *obj)
{
    return is_compound(obj) ? (size_t)PyTuple_GET_SIZE(((compound *)obj)->locks) : 1;
}

/* A CompoundLock of all that these stand for. */
static PyObject *
combine(PyObject *const *operands, size_t count, const char *call)
{
    PyObject *few[8], **locks = few, *result = NULL;
    size_t width = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        width += width_of(operands[i]);
    if (width > Py_ARRAY_LENGTH(few) && (locks = PyMem_New(PyObject *, width)) == NULL)
        return PyErr_NoMemory();
    for (size_t i = 0; i < count; i++) {
        if (is_compound(operands[i])) {
            PyObject *inner = ((compound *)operands[i])->locks;
            for (Py_ssize_t j = 0; j < PyTuple_GET_SIZE(inner); j++)
                locks[used++] = Py_NewRef(PyTuple_GET_ITEM(inner, j));
        }
        else {
            locks[used] = is_read_side(operands[i]) ? Py_NewRef(operands[i]) : owned_lock_behind(operands[i], call);
            if (locks[used] == NULL)
                goto done;
            used++;
        }
    }
    result = make(locks, used);
    used = 0;
done:
    while (used > 0)
        Py_DECREF(locks[--used]);
    if (locks != few)
        PyMem_Free(locks);
    return result;
}

/* Has it acquire() and release()? It is told what to use instead then. */
static int
looks_like_lock(PyObject *obj)
{
    if (owned_lock_check(obj) || is_compound(obj))
        return 1;
    for (int i = 0; i < 2; i++) {
        PyObject *method = PyObject_GetAttr(obj, i == 0 ? owned_the_state->str_acquire : owned_the_state->str_release);
        if (method == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_AttributeError))
                return -1;
            PyErr_Clear();
            return 0;
        }
        Py_DECREF(method);
    }
    return 1;
}

PyObject *
owned_compound_add(PyObject *left, PyObject *right)
{
    PyObject *operands[] = {left, right};
    for (int i = 0; i < 2; i++) {
        int is_lock = looks_like_lock(operands[i]);
        if (is_lock <= 0)
            return is_lock < 0 ? NULL : Py_NewRef(Py_NotImplemented);
    }
    return combine(operands, 2, "only locks of owned's can be added");
}

static PyObject *
compound_new(PyTypeObject *Py_UNUSED(type), PyObject *args, PyObject *kwargs)
{
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "CompoundLock() takes no keyword arguments");
        return NULL;
    }
    if (PyTuple_GET_SIZE(args) == 0) {
        PyErr_SetString(PyExc_TypeError, "CompoundLock() takes one lock at least");
        return NULL;
    }
    return combine(&PyTuple_GET_ITEM(args, 0), (size_t)PyTuple_GET_SIZE(args), "CompoundLock() takes locks of owned's");
}

/* ---- taking and giving back ------------------------------------------------------------------------------------------ */

/* Give the first `count` locks back, the last one first. All of them, whatever goes wrong: 0, or -1 with the first error,
 * which has the error that was set before, if any, as its context. */
static int
give_back(compound *self, Py_ssize_t count)
{
    PyObject *error = PyErr_GetRaisedException();
    int result = 0;
    while (count > 0) {
        if (owned_lock_leave(PyTuple_GET_ITEM(self->locks, --count)) == 0)
            continue;
        if (result < 0) {
            PyErr_Clear();
            continue;
        }
        PyObject *failed = PyErr_GetRaisedException();
        if (error != NULL)
            PyException_SetContext(failed, error);
        error = failed;
        result = -1;
    }
    if (error != NULL)
        PyErr_SetRaisedException(error);
    return result;
}

/* 1: all are taken, 0: not in time, -1: an error is set; then none is. */
static int
take(compound *self, int64_t timeout)
{
    int64_t deadline = owned_timeout_deadline(timeout);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->locks); i++) {
        int64_t left = timeout <= 0 || deadline == INT64_MAX ? timeout : owned_timeout_left(deadline);
        int taken = owned_lock_take(PyTuple_GET_ITEM(self->locks, i), left);
        if (taken <= 0)
            return give_back(self, i) < 0 ? -1 : taken;
    }
    return 1;
}

static PyObject *
compound_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    int taken = take((compound *)self, timeout);
    return taken < 0 ? NULL : PyBool_FromLong(taken);
}

static PyObject *
compound_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return take((compound *)self, OWNED_FOR_EVER) < 0 ? NULL : Py_NewRef(Py_True);
}

/* A lock that this thread does not hold says so itself, before any other is given back. */
static PyObject *
compound_release(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    compound *self = (compound *)op;
    if (owned_thread_id() == 0)
        return NULL;
    for (Py_ssize_t i = PyTuple_GET_SIZE(self->locks); i > 0; i--) {
        PyObject *lock = PyTuple_GET_ITEM(self->locks, i - 1);
        if (!has_taken(lock) && owned_lock_leave(lock) < 0)
            return NULL;
    }
    return give_back(self, PyTuple_GET_SIZE(self->locks)) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
compound_exit(PyObject *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs))
{
    return compound_release(self, NULL);
}

static PyObject *
compound_locked(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *locks = ((compound *)op)->locks;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(locks); i++) {
        PyObject *answer = PyObject_CallMethodNoArgs(PyTuple_GET_ITEM(locks, i), owned_the_state->str_locked);
        int locked = answer == NULL ? -1 : PyObject_IsTrue(answer);
        Py_XDECREF(answer);
        if (locked != 0)
            return locked < 0 ? NULL : Py_NewRef(Py_True);
    }
    Py_RETURN_FALSE;
}

static PyObject *
compound_is_owned(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_lock_is_held(self));
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------- */

static PyObject *
compound_repr(PyObject *op)
{
    PyObject *locks = ((compound *)op)->locks;
    PyObject *text = PyUnicode_FromFormat("<%s of", Py_TYPE(op)->tp_name);
    for (Py_ssize_t i = 0; text != NULL && i < PyTuple_GET_SIZE(locks); i++)
        Py_SETREF(text, PyUnicode_FromFormat("%U%s %R", text, i == 0 ? "" : " +", PyTuple_GET_ITEM(locks, i)));
    if (text != NULL)
        Py_SETREF(text, PyUnicode_FromFormat("%U>", text));
    return text;
}

static PyObject *
compound_richcompare(PyObject *left, PyObject *right, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !is_compound(left) || !is_compound(right))
        Py_RETURN_NOTIMPLEMENTED;
    return PyObject_RichCompare(((compound *)left)->locks, ((compound *)right)->locks, op);
}

static Py_hash_t
compound_hash(PyObject *op)
{
    return PyObject_Hash(((compound *)op)->locks);
}

static PyObject *
compound_reduce_ex(PyObject *op, PyObject *Py_UNUSED(protocol))
{
    return PyObject_CallOneArg(owned_the_state->refuse_pickling_lock, op); /* it raises */
}

/* No tp_clear: a tuple that never changes needs none, and every cycle through it goes through what can be cleared. */
static int
compound_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((compound *)op)->locks);
    return 0;
}

static void
compound_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (((compound *)op)->weakrefs != NULL)
        PyObject_ClearWeakRefs(op);
    Py_XDECREF(((compound *)op)->locks);
    type->tp_free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(compound_doc,
"CompoundLock(*locks)\n--\n\n"
"Several locks that are taken as one: ``a + b + c``, or ``CompoundLock(*locks)`` for any number of them.\n\n"
"The locks are taken in one order for the whole process, whichever way they are written, and given back in reverse. So\n"
"``with a + b:`` on one thread and ``with b + a:`` on another cannot wait for each other for ever. All are taken, or\n"
"none: a time limit is for all together, and a wait that fails gives back what it had. Two compound locks of the same\n"
"locks are equal.\n\n"
"Args:\n"
"    locks: each an ``owned.Lock``, ``RLock`` or ``RWLock``, or a side of one, a ``Condition``, which stands for its lock,\n"
"        or another CompoundLock. One that is given several times is taken once.\n\n"
"Raises:\n"
"    TypeError: no lock is given, or one that is none of ours.\n"
"    LockOrderError: ``acquire`` without a timeout, when this thread holds one of them already that is no reentrant\n"
"        lock; in strict mode also when it holds others that were taken after one of these before.\n"
"    OrphanedError: the thread that holds one of them has ended.\n"
"    LockNotHeldError: ``release`` by a thread that does not hold them all; then none is given back.\n\n"
"Threads:\n"
"    Any thread, any number of them at once, and again and again: it knows of no thread. The order holds among compound\n"
"    locks. A thread that takes one while it holds other locks, or takes the single ones one after the other, makes an\n"
"    order of its own, which strict mode watches.");

PyDoc_STRVAR(acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take all the locks, waiting until each is free, and return True; or none of them.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most, for all of them together; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds them all now, False if they were not to be had in time: then it has taken none.\n\n"
"Raises:\n"
"    LockOrderError, OrphanedError: as the locks themselves; then it has taken none.\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.Lock refuses.\n\n"
"Threads:\n"
"    Any thread. A signal handler that raises ends the wait, and what was taken is given back.");

PyDoc_STRVAR(release_doc,
"release($self, /)\n--\n\n"
"Give all the locks back, the one that was taken last first.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold one of them; none has been given back.\n\n"
"Threads:\n"
"    The thread that holds them.");

PyDoc_STRVAR(locked_doc,
"locked($self, /)\n--\n\nWould another thread have to wait? So it is where any of the locks is held: of an RWLock's read side,\n"
"by a writer.");
PyDoc_STRVAR(enter_doc, "__enter__($self, /)\n--\n\nacquire()");
PyDoc_STRVAR(exit_doc, "__exit__($self, /, *exc_info)\n--\n\nrelease()");
PyDoc_STRVAR(is_owned_doc, "_is_owned($self, /)\n--\n\nDoes the calling thread hold all the locks?");
PyDoc_STRVAR(reduce_doc, "__reduce_ex__($self, protocol, /)\n--\n\nA lock cannot be pickled or copied: TypeError.");

#define WITH_FASTCALL(f) (PyCFunction)(void (*)(void))(f)

static PyMethodDef methods[] = {
    {"acquire", WITH_FASTCALL(compound_acquire), METH_FASTCALL | METH_KEYWORDS, acquire_doc},
    {"release", compound_release, METH_NOARGS, release_doc},
    {"locked", compound_locked, METH_NOARGS, locked_doc},
    {"__enter__", compound_enter, METH_NOARGS, enter_doc},
    {"__exit__", WITH_FASTCALL(compound_exit), METH_FASTCALL, exit_doc},
    {"__reduce_ex__", compound_reduce_ex, METH_O, reduce_doc},
    {"_is_owned", compound_is_owned, METH_NOARGS, is_owned_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(compound, weakrefs), Py_READONLY, NULL},
    {"locks", Py_T_OBJECT_EX, offsetof(compound, locks), Py_READONLY,
     PyDoc_STR("The locks, in the order in which they are taken.")},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)compound_doc},
    {Py_tp_new, compound_new},
    {Py_tp_dealloc, compound_dealloc},
    {Py_tp_traverse, compound_traverse},
    {Py_tp_repr, compound_repr},
    {Py_tp_richcompare, compound_richcompare},
    {Py_tp_hash, compound_hash},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "owned.CompoundLock",
    .basicsize = sizeof(compound),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

int
owned_compound_lock_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->CompoundLock, &spec, NULL, "CompoundLock");
}
