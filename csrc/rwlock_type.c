/* owned.RWLock as Python sees it: the lock, and its sides as objects. What they do is in rwlock.c. */
// SPDX-License-Identifier: MIT
#include "compound_lock.h"
#include "lock_type.h"
#include "rwlock.h"
#include "timeout.h"

/* ---- a lock or a side -------------------------------------------------------------------------------------------- */

/* What `self` is, in a method of the lock or of a side. */
static inline owned_rwlock *
lock_in(PyObject *self)
{
    return owned_rwlock_is_side(self) ? ((owned_rwlock_side *)self)->lock : (owned_rwlock *)self;
}

static inline owned_side
side_in(PyObject *self)
{
    return owned_rwlock_is_side(self) ? ((owned_rwlock_side *)self)->side : OWNED_WRITE_SIDE;
}

int
owned_rwlock_of(PyObject *obj, owned_rwlock **lock, owned_side *side)
{
    if (!owned_rwlock_is_side(obj) && !owned_rwlock_check(obj))
        return 0;
    *lock = lock_in(obj);
    *side = side_in(obj);
    return 1;
}

PyObject *
owned_rwlock_side_object(owned_rwlock *lock, owned_side side)
{
    PyTypeObject *type = side == OWNED_READ_SIDE ? owned_the_state->ReadSide : owned_the_state->WriteSide;
    owned_rwlock_side *self = PyObject_GC_New(owned_rwlock_side, type);
    if (self == NULL)
        return NULL;
    self->lock = (owned_rwlock *)Py_NewRef((PyObject *)lock);
    self->side = side;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* ---- methods of both --------------------------------------------------------------------------------------------- */

static PyObject *
acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    int64_t timeout;
    if (owned_timeout_parse_acquire(args, nargs, names, &timeout) < 0)
        return NULL;
    return owned_lock_answer(owned_rwlock_take(lock_in(self), side_in(self), timeout, 1, 1));
}

static PyObject *
enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return owned_lock_answer(owned_rwlock_take(lock_in(self), side_in(self), OWNED_FOR_EVER, 1, 1));
}

static PyObject *
release(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (owned_rwlock_give_back(lock_in(self), side_in(self)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
locked(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(owned_rwlock_is_locked(lock_in(self), side_in(self)));
}

/* May this thread do what the side is for? The writer may read. */
static PyObject *
is_owned(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_rwlock *lock = lock_in(self);
    owned_side side = side_in(self);
    if (owned_thread_id() == 0)
        return NULL;
    return PyBool_FromLong(owned_rwlock_i_write(lock) ||
                           (side == OWNED_READ_SIDE && owned_rwlock_my_read(lock) != NULL));
}

static PyObject *
recursion_count(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_rwlock *lock = lock_in(self);
    owned_side side = side_in(self);
    if (owned_thread_id() == 0)
        return NULL;
    owned_read_hold *hold = side == OWNED_READ_SIDE ? owned_rwlock_my_read(lock) : NULL;
    uint64_t count = hold != NULL                                            ? hold->depth
                     : side == OWNED_WRITE_SIDE && owned_rwlock_i_write(lock) ? owned_load_u64(&lock->depth)
                                                                             : 0;
    return PyLong_FromUnsignedLongLong(count);
}

static PyObject *
release_save(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    uint64_t depth = owned_rwlock_release_save(lock_in(self));
    return depth == 0 ? NULL : PyLong_FromUnsignedLongLong(depth);
}

static PyObject *
acquire_restore(PyObject *self, PyObject *state)
{
    uint64_t depth = owned_lock_parse_depth(state);
    if (depth == 0 || owned_rwlock_acquire_restore(lock_in(self), depth) < 0)
        return NULL;
    Py_RETURN_NONE;
}

#ifdef HAVE_FORK
static PyObject *
at_fork_reinit(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_rwlock_reinit((owned_rwlock *)self);
    Py_RETURN_NONE;
}
#endif

/* ---- the lock ---------------------------------------------------------------------------------------------------- */

static PyObject *
get_side(PyObject *self, void *side)
{
    return owned_rwlock_side_object((owned_rwlock *)self, side == NULL ? OWNED_READ_SIDE : OWNED_WRITE_SIDE);
}

/* "'reader-1', 'reader-2' (ended)" */
static PyObject *
names_of(PyObject *infos)
{
    PyObject *text = PyUnicode_FromString("");
    for (Py_ssize_t i = 0; text != NULL && i < PyList_GET_SIZE(infos); i++) {
        owned_thread_info *info = (owned_thread_info *)PyList_GET_ITEM(infos, i);
        Py_SETREF(text, PyUnicode_FromFormat("%U%s%R%s", text, i == 0 ? "" : ", ", info->name,
                                             owned_load_u64(&info->finished) ? " (ended)" : ""));
    }
    return text;
}

static PyObject *
repr(PyObject *op)
{
    owned_rwlock *self = (owned_rwlock *)op;
    const char *kind = Py_TYPE(op)->tp_name;
    PyObject *text = NULL, *names = NULL, *infos = owned_rwlock_readers(self);
    uint64_t holder = owned_load_u64(&self->head.region.holder);
    PyObject *writer = holder == OWNED_NOBODY || owned_the_state->threads == NULL ? Py_NewRef(Py_None)
                                                                                  : owned_thread_info_of(holder);
    if (infos == NULL || writer == NULL || (names = names_of(infos)) == NULL)
        goto done;
    if (writer != Py_None)
        text = PyUnicode_FromFormat("<write-locked %s object owner=%R%s count=%llu at %p>", kind,
                                    ((owned_thread_info *)writer)->name,
                                    owned_load_u64(&((owned_thread_info *)writer)->finished) ? " (ended)" : "",
                                    (unsigned long long)owned_load_u64(&self->depth), op);
    else if (PyList_GET_SIZE(infos) != 0)
        text = PyUnicode_FromFormat("<read-locked %s object readers=%U at %p>", kind, names, op);
    else
        text = PyUnicode_FromFormat("<unlocked %s object at %p>", kind, op);
done:
    Py_XDECREF(names);
    Py_XDECREF(infos);
    Py_XDECREF(writer);
    return text;
}

static PyObject *
new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    owned_rwlock *self = (owned_rwlock *)owned_lock_alloc(type, args, kwargs);
    if (self != NULL)
        owned_lock_tag_ordinal(&self->head.tag);
    return (PyObject *)self;
}

static void
dealloc(PyObject *op)
{
    PyObject_GC_UnTrack(op); /* a callback may run the collector */
    owned_rwlock_clear((owned_rwlock *)op);
    owned_region_dealloc_lock(op);
}

/* ---- a side ------------------------------------------------------------------------------------------------------ */

static PyObject *
side_repr(PyObject *self)
{
    owned_rwlock *lock = lock_in(self);
    owned_side side = side_in(self);
    return PyUnicode_FromFormat("<%s side of %R>", side == OWNED_READ_SIDE ? "read" : "write", lock);
}

static PyObject *
side_richcompare(PyObject *self, PyObject *other, int operation)
{
    if ((operation != Py_EQ && operation != Py_NE) || Py_TYPE(self) != Py_TYPE(other))
        Py_RETURN_NOTIMPLEMENTED;
    int same = ((owned_rwlock_side *)self)->lock == ((owned_rwlock_side *)other)->lock;
    return PyBool_FromLong(operation == Py_EQ ? same : !same);
}

static Py_hash_t
side_hash(PyObject *self)
{
    Py_hash_t hash = (Py_hash_t)((uintptr_t)((owned_rwlock_side *)self)->lock >> 4) * 2 +
                     (Py_hash_t)((owned_rwlock_side *)self)->side;
    return hash == -1 ? -2 : hash;
}

/* No tp_clear: what it holds never changes, and a cycle through it goes through its lock, or what holds both. */
static int
side_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((owned_rwlock_side *)self)->lock);
    return 0;
}

static void
side_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_DECREF((PyObject *)((owned_rwlock_side *)self)->lock);
    PyObject_GC_Del(self);
    Py_DECREF((PyObject *)type);
}

/* ---- the types --------------------------------------------------------------------------------------------------- */

PyDoc_STRVAR(rwlock_doc,
"RWLock()\n--\n\n"
"A lock for many readers or one writer, which objects can be shared under.\n\n"
"``with rw.read:`` lets any number of threads read what is shared under it at the same time; ``with rw.write:`` (or just\n"
"``with rw:``) lets one thread in alone, to change it. Each access is verified: reading needs either side, anything\n"
"that may write needs the write side.\n\n"
"Phase-fair, so that nobody starves: a reader that holds nothing waits while a writer waits, and when a writer leaves, the\n"
"readers that waited go in before the next writer (Brandenburg and Anderson, ECRTS 2009). Both sides are\n"
"reentrant, also while others wait, and the writer may take the read side and give the write side back first. The\n"
"other way round, taking the write side while holding only the read side, would wait for itself for ever and is refused at\n"
"once. The lock itself acts as its write side, so it serves where a ``threading.RLock`` does.\n\n"
"Attributes:\n"
"    read: the read side, an object with ``acquire``, ``release``, ``locked`` and ``with``.\n"
"    write: the write side, the same.\n\n"
"Raises:\n"
"    LockNotHeldError: release() of a side by a thread that does not hold it.\n"
"    LockOrderError: acquire() of the write side by a thread that holds the read side only; in strict mode also an order\n"
"        with other locks that contradicts the one they were taken in before, for both sides alike.\n"
"    OrphanedError: acquire() when a thread that would have to release has ended; adopt(rw) takes the write side over, or\n"
"        lets go of what readers held.\n\n"
"Threads:\n"
"    Every method may be called by any thread at any time. Not checked: an object that is changed by being read, as\n"
"    with a cache inside a plain class.");

PyDoc_STRVAR(side_doc, "One side of an RWLock: rw.read or rw.write.\n\nThreads:\n    As with the RWLock.");

PyDoc_STRVAR(acquire_doc,
"acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
"Take the side (of the lock itself: the write side), waiting until it is to be had, and return True.\n\n"
"Args:\n"
"    blocking: False: do not wait.\n"
"    timeout: wait so many seconds at most; -1: for ever.\n\n"
"Returns:\n"
"    True if this thread holds the side now, False if it was not to be had in time.\n\n"
"Raises:\n"
"    LockOrderError: it is the write side, and this thread holds the read side only, whatever the timeout; or, in strict\n"
"        mode and without a timeout, it holds another lock that was taken after this one before.\n"
"    OrphanedError: a thread that holds it has ended, or ends while we wait (noticed within half a second).\n"
"    ValueError, OverflowError, TypeError: for the arguments threading.RLock refuses.\n\n"
"Threads:\n"
"    Any thread. Other threads run while it waits, and a signal handler that raises ends the wait.");

PyDoc_STRVAR(release_doc,
"release($self, /)\n--\n\n"
"Give the side back; one that was acquired several times is given back after as many releases.\n\n"
"Raises:\n"
"    LockNotHeldError: this thread does not hold it.\n\n"
"Threads:\n"
"    Whoever holds it.");

PyDoc_STRVAR(locked_doc,
"locked($self, /)\n--\n\n"
"Would a thread that holds nothing have to wait? For the write side (and the lock itself): does any thread hold\n"
"either side? For the read side: does a thread write, or wait to?");
PyDoc_STRVAR(read_doc, "The read side: for any number of threads at the same time.");
PyDoc_STRVAR(write_doc, "The write side: for one thread alone.");
PyDoc_STRVAR(is_owned_doc,
"_is_owned($self, /)\n--\n\nDoes the calling thread hold the side? The writer may read. For threading.Condition.");
PyDoc_STRVAR(release_save_doc, "_release_save($self, /)\n--\n\nGive the write side back entirely. For a Condition.");
PyDoc_STRVAR(acquire_restore_doc,
"_acquire_restore($self, state, /)\n--\n\nTake the write side as it was before _release_save(). For a Condition.");
PyDoc_STRVAR(recursion_count_doc,
"_recursion_count($self, /)\n--\n\nHow often the calling thread has acquired the side.");

#define COMMON_METHODS                                                                                                  \
    {"acquire", (PyCFunction)(void (*)(void))acquire, METH_FASTCALL | METH_KEYWORDS, acquire_doc},                      \
    {"release", release, METH_NOARGS, release_doc},                                                                     \
    {"locked", locked, METH_NOARGS, locked_doc},                                                                        \
    {"__enter__", enter, METH_NOARGS, OWNED_LOCK_ENTER_DOC},                                                            \
    {"__exit__", release, METH_VARARGS, OWNED_LOCK_EXIT_DOC},                                                           \
    OWNED_LOCK_REDUCE_METHOD                                                                                            \
    {"_is_owned", is_owned, METH_NOARGS, is_owned_doc},                                                                 \
    {"_recursion_count", recursion_count, METH_NOARGS, recursion_count_doc},

#define CONDITION_METHODS                                                                                               \
    {"_release_save", release_save, METH_NOARGS, release_save_doc},                                                     \
    {"_acquire_restore", acquire_restore, METH_O, acquire_restore_doc},

static PyMethodDef rwlock_methods[] = {
    COMMON_METHODS
    CONDITION_METHODS
    OWNED_LOCK_PROTECT_METHOD
    OWNED_LOCK_AT_FORK_METHOD(at_fork_reinit)
    {NULL, NULL, 0, NULL},
};

static PyMethodDef read_methods[] = {
    COMMON_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMethodDef write_methods[] = {
    COMMON_METHODS
    CONDITION_METHODS
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(owned_rwlock, head.region.weakrefs), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"read", get_side, NULL, read_doc, NULL},
    {"write", get_side, NULL, write_doc, "write"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot rwlock_slots[] = {
    {Py_tp_doc, (void *)rwlock_doc},
    {Py_tp_new, new},
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, owned_region_traverse},
    {Py_tp_clear, owned_region_clear},
    {Py_tp_repr, repr},
    {Py_tp_methods, rwlock_methods},
    {Py_tp_members, members},
    {Py_tp_getset, getset},
    {Py_nb_add, owned_compound_add},
    {0, NULL},
};

#define SIDE_SLOTS(methods)                                                                                             \
    {Py_tp_doc, (void *)side_doc}, {Py_tp_dealloc, side_dealloc}, {Py_tp_traverse, side_traverse},                      \
        {Py_tp_repr, side_repr}, {Py_tp_hash, side_hash}, {Py_tp_richcompare, side_richcompare},                        \
        {Py_tp_methods, methods}, {Py_nb_add, owned_compound_add}, {0, NULL},

static PyType_Slot read_slots[] = {SIDE_SLOTS(read_methods)};
static PyType_Slot write_slots[] = {SIDE_SLOTS(write_methods)};

static PyType_Spec rwlock_spec = {
    .name = "owned.RWLock",
    .basicsize = sizeof(owned_rwlock),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = rwlock_slots,
};

#define SIDE_FLAGS                                                                                                      \
    (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION)

static PyType_Spec read_spec = {
    .name = "owned._core.ReadSide",
    .basicsize = sizeof(owned_rwlock_side),
    .flags = SIDE_FLAGS,
    .slots = read_slots,
};

static PyType_Spec write_spec = {
    .name = "owned._core.WriteSide",
    .basicsize = sizeof(owned_rwlock_side),
    .flags = SIDE_FLAGS,
    .slots = write_slots,
};

/* ---- for messages ------------------------------------------------------------------------------------------------ */

static PyObject *
rwlock_readers_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    if (owned_rwlock_check(obj))
        return owned_rwlock_readers((owned_rwlock *)obj);
    PyErr_Format(PyExc_TypeError, "rwlock_readers() takes an RWLock, got %.200s", Py_TYPE(obj)->tp_name);
    return NULL;
}

static PyObject *
rwlock_waiting_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    size_t readers, writers;
    if (!owned_rwlock_check(obj))
        return PyErr_Format(PyExc_TypeError, "rwlock_waiting() takes an RWLock, got %.200s", Py_TYPE(obj)->tp_name);
    owned_rwlock_count_waiting((owned_rwlock *)obj, &readers, &writers);
    return Py_BuildValue("nn", (Py_ssize_t)readers, (Py_ssize_t)writers);
}

static PyObject *
rwlock_of_side_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    return Py_NewRef(owned_rwlock_is_side(obj) ? (PyObject *)((owned_rwlock_side *)obj)->lock : Py_None);
}

static PyMethodDef functions[] = {
    {"rwlock_readers", rwlock_readers_impl, METH_O,
     PyDoc_STR("rwlock_readers(lock, /)\n--\n\nThe ThreadInfos of the threads that hold the read side of an RWLock.")},
    {"rwlock_waiting", rwlock_waiting_impl, METH_O,
     PyDoc_STR("rwlock_waiting(lock, /)\n--\n\nHow many threads stand in line for the read side, and for the write side.")},
    {"rwlock_of_side", rwlock_of_side_impl, METH_O,
     PyDoc_STR("rwlock_of_side(side, /)\n--\n\nThe RWLock that an object is a side of, or None.")},
    {NULL, NULL, 0, NULL},
};

int
owned_rwlock_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->RWLock, &rwlock_spec, NULL, "RWLock") < 0 ||
        owned_state_add_type(module, &state->ReadSide, &read_spec, NULL, "ReadSide") < 0 ||
        owned_state_add_type(module, &state->WriteSide, &write_spec, NULL, "WriteSide") < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
