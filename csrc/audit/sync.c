/* What the patches of synchronisation call: tokens of threads, variables that put into order, locks. */
// SPDX-License-Identifier: MIT
#include "shadow.h"
#include "sync.h"
#include "classify.h"
#include "frames.h"

/* ---- threads ------------------------------------------------------------------------------------------------ */

typedef struct {
    PyObject_HEAD
    audit_life life;
} token_object;

static void
token_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    audit_life *life = &((token_object *)self)->life;
    if (audit_life_given_up(life) < 0)
        PyErr_WriteUnraisable(NULL);
    audit_relay_clear(&life->clocks);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
token_number(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLong(((token_object *)self)->life.number);
}

static PyObject *
token_name(PyObject *self, void *Py_UNUSED(closure))
{
    return audit_thread_name(((token_object *)self)->life.number);
}

static PyGetSetDef token_getset[] = {
    {"number", token_number, NULL, PyDoc_STR("The thread's number in races() and variables(); 0 if no run goes on."), NULL},
    {"name", token_name, NULL, PyDoc_STR("The name given to begin()."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot token_slots[] = {
    {Py_tp_doc, (char *)PyDoc_STR("A thread on its way from fork() to joined().")},
    {Py_tp_dealloc, token_dealloc},
    {Py_tp_getset, token_getset},
    {0, NULL},
};

static PyType_Spec token_spec = {
    .name = "owned._audit._detector.ThreadToken",
    .basicsize = sizeof(token_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = token_slots,
};

static PyObject *
fork_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    PyTypeObject *type = audit_the_state->ThreadToken;
    token_object *token = (token_object *)type->tp_alloc(type, 0);
    if (token != NULL && audit_life_fork(&token->life) < 0)
        Py_CLEAR(token);
    return (PyObject *)token;
}

static audit_life *
life_of(PyObject *arg)
{
    if (Py_IS_TYPE(arg, audit_the_state->ThreadToken))
        return &((token_object *)arg)->life;
    PyErr_Format(PyExc_TypeError, "expected a ThreadToken, got %.200s", Py_TYPE(arg)->tp_name);
    return NULL;
}

static PyObject *
begin_impl(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyUnicode_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "begin() takes a ThreadToken and a str");
    audit_life *life = life_of(args[0]);
    if (life == NULL)
        return NULL;
    audit_life_begin(life, args[1]);
    Py_RETURN_NONE;
}

static PyObject *
end_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    audit_life *life = life_of(arg);
    if (life == NULL)
        return NULL;
    audit_life_end(life);
    Py_RETURN_NONE;
}

static PyObject *
joined_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    audit_life *life = life_of(arg);
    if (life == NULL || audit_life_joined(life) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
after_fork_in_child_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    if (audit_threads_forked() < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- Sync --------------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    owned_mutex mutex; /* for the relay */
    audit_relay relay;
    uint8_t via;
} sync_object;

static PyObject *
sync_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"kind", "obj", NULL};
    const char *kind = "";
    PyObject *obj = NULL; /* for the caller's own convenience: it is not kept */
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|sO:Sync", names, &kind, &obj))
        return NULL;
    sync_object *self = (sync_object *)type->tp_alloc(type, 0);
    if (self != NULL)
        self->via = audit_via(*kind == 0 ? "sync" : kind);
    return (PyObject *)self;
}

static void
sync_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (PyType_IS_GC(type))
        PyObject_GC_UnTrack(self);
    audit_relay_clear(&((sync_object *)self)->relay);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
sync_release(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sync_object *self = (sync_object *)op;
    audit_thread *thread = audit_is_on() ? audit_here() : NULL;
    if (thread != NULL) {
        owned_mutex_lock(&self->mutex);
        audit_relay_release(&self->relay, thread);
        owned_mutex_unlock(&self->mutex);
    }
    Py_RETURN_NONE;
}

static PyObject *
sync_acquire(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sync_object *self = (sync_object *)op;
    audit_thread *thread = audit_is_on() ? audit_here() : NULL;
    if (thread != NULL) {
        owned_mutex_lock(&self->mutex);
        audit_relay_acquire(&self->relay, thread, self->via);
        owned_mutex_unlock(&self->mutex);
    }
    Py_RETURN_NONE;
}

static PyObject *
sync_kind(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(audit_via_name(((sync_object *)self)->via));
}

static PyGetSetDef sync_getset[] = {
    {"kind", sync_kind, NULL, PyDoc_STR("As Exposure.ordered_by shows it."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef sync_methods[] = {
    {"release", sync_release, METH_NOARGS,
     PyDoc_STR("release($self, /)\n--\n\nWhat this thread did is ordered before what a thread does after an acquire().")},
    {"acquire", sync_acquire, METH_NOARGS,
     PyDoc_STR("acquire($self, /)\n--\n\nWhat this thread does is ordered after what was done before each release().")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot sync_slots[] = {
    {Py_tp_doc, (char *)PyDoc_STR("Sync(kind='', obj=None)\n--\n\nSomething that puts threads into order, whatever happens by chance.")},
    {Py_tp_new, sync_new},
    {Py_tp_dealloc, sync_dealloc},
    {Py_tp_getset, sync_getset},
    {Py_tp_methods, sync_methods},
    {0, NULL},
};

static PyType_Spec sync_spec = {
    .name = "owned._audit._detector.Sync",
    .basicsize = sizeof(sync_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = sync_slots,
};

/* ---- locks -------------------------------------------------------------------------------------------------- */

/* What is told of a lock, which stays when it is gone. */
typedef struct lock_use {
    char *kind, *name;
    const audit_stack *made;
    uint64_t run, takings, protected, counted; /* counted: at the moment, of variables that live */
    audit_numbers threads;
} lock_use;

#define USES_MOST 1048576

static lock_use *uses; /* by number - 1 */
static uint32_t uses_used, uses_size;
static owned_mutex uses_mutex; /* for these */
static int counting;

typedef struct {
    PyObject_HEAD
    owned_mutex mutex; /* for what follows */
    audit_relay writers, readers, signals;
    uint64_t run;
    uint32_t number;
    uint32_t holder; /* the thread that holds it for writing; 0: none */
    int is_signal;   /* one thread takes it and another gives it back: it puts them into order */
    PyObject *kind, *name;
} lock_object;

static char *
copy_text(PyObject *text)
{
    Py_ssize_t length;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &length);
    char *copy = utf8 == NULL ? NULL : PyMem_RawMalloc((size_t)length + 1);
    if (copy != NULL)
        memcpy(copy, utf8, (size_t)length + 1);
    else if (utf8 != NULL)
        PyErr_NoMemory();
    return copy;
}

/* A number for a lock, which is known in this run from now on. -1 with an error. */
static int
enlist(lock_object *self, uint64_t run)
{
    lock_use use = {.kind = copy_text(self->kind), .name = copy_text(self->name), .run = run};
    int result = -1;
    if (use.kind == NULL || use.name == NULL)
        goto done;
    audit_thread *maker = audit_here();
    use.made = maker == NULL ? NULL : audit_stack_here(maker, 0, AUDIT_DEPTH);
    owned_mutex_lock(&uses_mutex);
    if (uses_used == uses_size && uses_size < USES_MOST) {
        uint32_t size = uses_size == 0 ? 64 : uses_size * 2;
        lock_use *longer = PyMem_RawRealloc(uses, size * sizeof(lock_use));
        if (longer != NULL) {
            uses = longer;
            uses_size = size;
        }
    }
    if (uses_used < uses_size) {
        uses[uses_used++] = use;
        self->number = uses_used;
        self->run = run;
        result = 0;
    }
    owned_mutex_unlock(&uses_mutex);
    if (result < 0)
        PyErr_NoMemory();
done:
    if (result < 0) {
        PyMem_RawFree(use.kind);
        PyMem_RawFree(use.name);
    }
    return result;
}

static PyObject *
lock_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"kind", "name", NULL};
    PyObject *kind, *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U|U:LockInfo", names, &kind, &name))
        return NULL;
    lock_object *self = (lock_object *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->kind = Py_NewRef(kind);
    self->name = name == NULL ? PyUnicode_FromString("") : Py_NewRef(name);
    uint64_t run = owned_load_u64(&audit_running);
    if (self->name == NULL || (run != 0 && enlist(self, run) < 0))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void
lock_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    lock_object *self = (lock_object *)op;
    if (PyType_IS_GC(type))
        PyObject_GC_UnTrack(op);
    audit_relay_clear(&self->writers);
    audit_relay_clear(&self->readers);
    audit_relay_clear(&self->signals);
    Py_XDECREF(self->kind);
    Py_XDECREF(self->name);
    type->tp_free(op);
    Py_DECREF(type);
}

static int
parse_read(const char *function, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    if (nargs + named > 1 || (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "read") != 0)) {
        PyErr_Format(PyExc_TypeError, "%s() takes nothing but `read`", function);
        return -1;
    }
    return nargs + named == 0 ? 0 : PyObject_IsTrue(args[0]);
}

static void
count_taking(uint32_t number, uint32_t thread)
{
    owned_mutex_lock(&uses_mutex);
    if (number <= uses_used) {
        uses[number - 1].takings++;
        audit_numbers_add(&uses[number - 1].threads, thread);
    }
    owned_mutex_unlock(&uses_mutex);
}

/* Who took a lock that another thread has given back: the last few. Whoever looks too late keeps a lock too many, which
 * can hide a race that is only possible. */
#define GIVEN_BACK_KEPT 256
uint64_t audit_given_back;
static struct {
    uint32_t thread, lock;
} given_back[GIVEN_BACK_KEPT]; /* under uses_mutex */

static void
give_back_for(uint32_t thread, uint32_t lock)
{
    owned_mutex_lock(&uses_mutex);
    uint64_t count = audit_given_back;
    given_back[count % GIVEN_BACK_KEPT].thread = thread;
    given_back[count % GIVEN_BACK_KEPT].lock = lock;
    owned_store_u64(&audit_given_back, count + 1);
    owned_mutex_unlock(&uses_mutex);
}

void
audit_take_off(audit_thread *self)
{
    owned_mutex_lock(&uses_mutex);
    uint64_t count = audit_given_back, first = self->given_back;
    if (count - first > GIVEN_BACK_KEPT)
        first = count - GIVEN_BACK_KEPT;
    const audit_lockset *locks = self->locks;
    for (; first < count; first++)
        if (given_back[first % GIVEN_BACK_KEPT].thread == self->number)
            locks = audit_lockset_without(locks, given_back[first % GIVEN_BACK_KEPT].lock);
    self->given_back = count;
    owned_mutex_unlock(&uses_mutex);
    if (locks != self->locks)
        audit_set_locks(self, locks);
}

static PyObject *
lock_acquired(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    lock_object *self = (lock_object *)op;
    int read = parse_read("acquired", args, nargs, names);
    if (read < 0)
        return NULL;
    audit_thread *thread = audit_here();
    if (thread == NULL)
        Py_RETURN_NONE;
    if (self->run != thread->run && enlist(self, thread->run) < 0)
        return NULL;
    if (thread->given_back != owned_load_u64(&audit_given_back))
        audit_take_off(thread); /* before it may be the same lock that it has again */
    count_taking(self->number, thread->number);
    owned_mutex_lock(&self->mutex);
    audit_order_acquire(&self->writers, thread);
    if (!read) {
        audit_order_acquire(&self->readers, thread);
        self->holder = thread->number;
    }
    int is_signal = self->is_signal;
    if (is_signal)
        audit_relay_acquire(&self->signals, thread, AUDIT_VIA_LOCK);
    owned_mutex_unlock(&self->mutex);
    audit_set_locks(thread, is_signal ? thread->locks : audit_lockset_with(thread->locks, self->number, read));
    Py_RETURN_NONE;
}

static PyObject *
lock_released(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    lock_object *self = (lock_object *)op;
    int read = parse_read("released", args, nargs, names);
    if (read < 0)
        return NULL;
    audit_thread *thread = audit_here();
    if (thread == NULL || self->run != thread->run)
        Py_RETURN_NONE;
    owned_mutex_lock(&self->mutex);
    uint32_t other = !read && self->holder != thread->number ? self->holder : 0;
    if (other != 0)
        self->is_signal = 1;
    if (self->is_signal)
        audit_relay_release(&self->signals, thread);
    audit_order_release(read ? &self->readers : &self->writers, thread);
    if (!read)
        self->holder = 0;
    owned_mutex_unlock(&self->mutex);
    if (other != 0)
        give_back_for(other, self->number);
    audit_set_locks(thread, audit_lockset_without(thread->locks, self->number));
    Py_RETURN_NONE;
}

static PyObject *
lock_number(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLong(((lock_object *)op)->number);
}

static PyObject *
lock_kind(PyObject *op, void *Py_UNUSED(closure))
{
    return Py_NewRef(((lock_object *)op)->kind);
}

static PyGetSetDef lock_getset[] = {
    {"number", lock_number, NULL, PyDoc_STR("As in races(); 0 while no run has known it. Another one in each run."), NULL},
    {"kind", lock_kind, NULL, PyDoc_STR("What sort of lock it is."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

#define CALLED_FAST(function) (PyCFunction)(void (*)(void))function

static PyMethodDef lock_methods[] = {
    {"acquired", CALLED_FAST(lock_acquired), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("acquired($self, /, read=False)\n--\n\nThis thread has just taken it, for the first time if it can be taken again.")},
    {"released", CALLED_FAST(lock_released), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("released($self, /, read=False)\n--\n\nThis thread is just about to give it back.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lock_slots[] = {
    {Py_tp_doc, (char *)PyDoc_STR("LockInfo(kind, name='')\n--\n\nA lock of the program's, made where this is called.")},
    {Py_tp_new, lock_new},
    {Py_tp_dealloc, lock_dealloc},
    {Py_tp_getset, lock_getset},
    {Py_tp_methods, lock_methods},
    {0, NULL},
};

static PyType_Spec lock_spec = {
    .name = "owned._audit._detector.LockInfo",
    .basicsize = sizeof(lock_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = lock_slots,
};

void
audit_lock_protects(const audit_lockset *set)
{
    owned_mutex_lock(&uses_mutex);
    for (uint32_t i = 0; i < set->used; i++)
        if (set->locks[i] >> 1 <= uses_used)
            *(counting ? &uses[(set->locks[i] >> 1) - 1].counted : &uses[(set->locks[i] >> 1) - 1].protected) += 1;
    owned_mutex_unlock(&uses_mutex);
}

/* One LockUse, of a copy. Its texts live until the next run begins. */
static PyObject *
use_told(const lock_use *use, uint32_t number, const uint32_t *threads, uint32_t threads_used)
{
    PyObject *made = audit_stack_told(use->made);
    PyObject *told = made == NULL ? NULL : audit_numbers_told(threads, threads_used);
    if (told == NULL) {
        Py_XDECREF(made);
        return NULL;
    }
    return Py_BuildValue("(kssNKNK)", (unsigned long)number, use->kind, use->name, made, (unsigned long long)use->takings, told,
                         (unsigned long long)(use->protected + use->counted));
}

PyObject *
audit_locks_told(void)
{
    owned_mutex_lock(&uses_mutex);
    for (uint32_t i = 0; i < uses_used; i++)
        uses[i].counted = 0;
    counting = 1;
    owned_mutex_unlock(&uses_mutex);
    audit_shadows_count_locks();
    owned_mutex_lock(&uses_mutex);
    counting = 0;
    owned_mutex_unlock(&uses_mutex);
    PyObject *told = PyList_New(0);
    for (uint32_t i = 0; told != NULL; i++) {
        lock_use use;
        uint32_t threads[AUDIT_NUMBERS_MOST];
        owned_mutex_lock(&uses_mutex);
        int is_last = i >= uses_used;
        if (!is_last) {
            use = uses[i];
            for (uint32_t j = 0; j < use.threads.used; j++)
                threads[j] = use.threads.at[j];
        }
        owned_mutex_unlock(&uses_mutex);
        if (is_last)
            break;
        PyObject *one = use_told(&use, i + 1, threads, use.threads.used);
        if (one == NULL || PyList_Append(told, one) < 0)
            Py_CLEAR(told);
        Py_XDECREF(one);
    }
    return told;
}

void
audit_locks_clear(void)
{
    for (uint32_t i = 0; i < uses_used; i++) {
        PyMem_RawFree(uses[i].kind);
        PyMem_RawFree(uses[i].name);
        audit_numbers_release(&uses[i].threads);
    }
    PyMem_RawFree(uses);
    uses = NULL;
    uses_used = uses_size = 0;
}

/* ---- scopes ------------------------------------------------------------------------------------------------- */

/* The collector's header keeps it apart: before 3.13 the end of a block of memory is the end of what may begin up to four pointers
 * behind its start (deaths.c), and that is the next block's start where blocks are as small as a scope without a header. */
typedef struct {
    PyObject_HEAD
    PyObject *code; /* strong: of the function whose variables these are */
} scope_object;

static int
scope_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((scope_object *)self)->code);
    return 0;
}

static void
scope_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    audit_address_changes((uintptr_t)self);
    Py_XDECREF(((scope_object *)self)->code);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot scope_slots[] = {
    {Py_tp_doc, (char *)PyDoc_STR("One call of a function, whose variables inner functions share.")},
    {Py_tp_dealloc, scope_dealloc},
    {Py_tp_traverse, scope_traverse},
    {0, NULL},
};

static PyType_Spec scope_spec = {
    .name = "owned._audit._detector.Scope",
    .basicsize = sizeof(scope_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = scope_slots,
};

PyObject *
audit_scope_new(void)
{
    PyTypeObject *type = audit_the_state->Scope;
    scope_object *scope = (scope_object *)type->tp_alloc(type, 0);
    PyFrameObject *frame = scope == NULL ? NULL : PyEval_GetFrame();
    if (frame != NULL)
        scope->code = (PyObject *)PyFrame_GetCode(frame);
    return (PyObject *)scope;
}

int
audit_is_scope(PyObject *obj)
{
    return Py_IS_TYPE(obj, audit_the_state->Scope);
}

PyObject *
audit_scope_code_borrowed(PyObject *scope)
{
    return ((scope_object *)scope)->code;
}

/* ---- */

static PyMethodDef functions[] = {
    {"fork", fork_impl, METH_NOARGS,
     PyDoc_STR("fork()\n--\n\nThis thread is about to start another one: what it did is ordered before all that the other does.")},
    {"begin", CALLED_FAST(begin_impl), METH_FASTCALL,
     PyDoc_STR("begin(token, name, /)\n--\n\nThis is the thread that fork() was called for.")},
    {"end", end_impl, METH_O, PyDoc_STR("end(token, /)\n--\n\nThis thread is over; whatever it does still is not recorded.")},
    {"joined", joined_impl, METH_O,
     PyDoc_STR("joined(token, /)\n--\n\nThis thread has seen that the other one is over, or was never started.")},
    {"after_fork_in_child", after_fork_in_child_impl, METH_NOARGS,
     PyDoc_STR("after_fork_in_child()\n--\n\nThis is the only thread of a new process.")},
    {NULL, NULL, 0, NULL},
};

int
audit_sync_add(PyObject *module)
{
    audit_state *state = audit_the_state;
    if (audit_add_type(module, &state->ThreadToken, &token_spec, 1) < 0 || audit_add_type(module, &state->Sync, &sync_spec, 1) < 0 ||
        audit_add_type(module, &state->LockInfo, &lock_spec, 1) < 0 || audit_add_type(module, &state->Scope, &scope_spec, 1) < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
