/* Threads: ids, ThreadInfo, and the Tenure that ends with the Python thread state.
 *
 *     thread-state dict --strong--> Tenure --strong--> home region --strong--> ThreadInfo
 *     owned_this_thread.birth  ------borrowed-------->  (home, or the innermost open `with Region()`)
 *
 * The dict of a thread state is cleared when a thread ends, before join() returns: that drops the Tenure, whose
 * deallocation marks the ThreadInfo finished. From then on every PRIVATE region the thread holds is orphaned, without
 * a walk: no thread will ever have its id again. A C thread that attaches anew gets a new Tenure but keeps its id, and
 * with it what it made and the locks it took before (unless somebody adopted them meanwhile). The table of the read
 * sides it holds waits for it in the ThreadInfo, and is freed with that where it does not come back.
 *
 * A thread that ends with locks of ours in its hands stays in the dict of threads, so that they can say whose they were.
 * It goes when the last of them dies, is adopted or is made anew. Their number may be too high, as a lock that dies on
 * another thread while its holder lives is not counted down: such a thread stays. */
// SPDX-License-Identifier: MIT
#include "field.h"
#include "held.h"
#include "park.h"
#include "rwlock.h"
#include "state.h"

OWNED_THREAD_LOCAL owned_thread_locals owned_this_thread;

static uint64_t last_id; /* atomic; of the process, so that interpreters and reloads never share an id */

typedef struct {
    PyObject_HEAD
    owned_region *home;
    owned_thread_info *info;
} tenure;

int owned_thread_add(PyObject *module);

/* ---- ThreadInfo -------------------------------------------------------------------------------------------- */

static void
info_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    owned_thread_info *info = (owned_thread_info *)self;
    owned_held_free(info, 0);
    PyMem_RawFree(info->reads);
    Py_XDECREF(info->name);
    Py_XDECREF(info->ended_by);
    Py_XDECREF((PyObject *)info->heir);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
info_repr(PyObject *self)
{
    owned_thread_info *info = (owned_thread_info *)self;
    return PyUnicode_FromFormat("<ThreadInfo %llu %R%s>", (unsigned long long)info->id, info->name,
                                owned_load_u64(&info->finished) ? " finished" : "");
}

static PyObject *
info_get_finished(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(owned_load_u64(&((owned_thread_info *)self)->finished) != 0);
}

static PyObject *
info_get_ended_by(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *ended_by = owned_load_ptr(&((owned_thread_info *)self)->ended_by);
    return Py_NewRef(ended_by == NULL ? Py_None : ended_by);
}

static PyMemberDef info_members[] = {
    {"id", Py_T_ULONGLONG, offsetof(owned_thread_info, id), Py_READONLY,
     PyDoc_STR("The thread's number, given out once per process and never reused.")},
    {"name", Py_T_OBJECT_EX, offsetof(owned_thread_info, name), Py_READONLY,
     PyDoc_STR("The thread's name when it first met owned.")},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef info_getset[] = {
    {"finished", info_get_finished, NULL, PyDoc_STR("True once the thread has ended."), NULL},
    {"ended_by", info_get_ended_by, NULL,
     PyDoc_STR("The exception that ended it, in words: type, message and place; None where there was none."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot info_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR(
        "What is remembered of a thread: its id, its name, and whether it has ended.\n\n"
        "Threads:\n"
        "    Any thread may read it; ``finished`` may have changed by the time it is used.")},
    {Py_tp_dealloc, info_dealloc},
    {Py_tp_repr, info_repr},
    {Py_tp_members, info_members},
    {Py_tp_getset, info_getset},
    {0, NULL},
};

static PyType_Spec info_spec = {
    .name = "owned._core.ThreadInfo",
    .basicsize = sizeof(owned_thread_info),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = info_slots,
};

/* ---- who is remembered -------------------------------------------------------------------------------------- */

/* Remember `info` of the thread with this id, or nothing if it is NULL. */
static void
set_known(uint64_t id, owned_thread_info *info)
{
    if (owned_the_state == NULL || owned_the_state->threads == NULL)
        return;
    PyObject *error = PyErr_GetRaisedException();
    PyObject *key = PyLong_FromUnsignedLongLong(id);
    PyObject *threads = owned_the_state->threads;
    if (key == NULL ||
        (info == NULL ? PyDict_DelItem(threads, key) : PyDict_SetItem(threads, key, (PyObject *)info)) < 0)
        PyErr_Clear();
    Py_XDECREF(key);
    PyErr_SetRaisedException(error);
}

/* Count down the locks that a finished thread left. Was it the last one? */
static int
was_last_left(owned_thread_info *info)
{
    uint64_t left;
    do {
        left = owned_load_u64(&info->finished) ? owned_load_u64(&info->locks_left) : 0;
    } while (left != 0 && !owned_cas_u64(&info->locks_left, left, left - 1));
    return left == 1;
}

void
owned_thread_lost_lock(uint64_t id)
{
    if (id == OWNED_NOBODY || owned_the_state == NULL || owned_the_state->threads == NULL)
        return;
    PyObject *error = PyErr_GetRaisedException();
    PyObject *info = owned_thread_info_of(id);
    if (info == NULL)
        PyErr_Clear();
    else if (info != Py_None && was_last_left((owned_thread_info *)info))
        set_known(id, NULL);
    Py_XDECREF(info);
    PyErr_SetRaisedException(error);
}

/* ---- Tenure ------------------------------------------------------------------------------------------------ */

static int
tenure_traverse(PyObject *self, visitproc visit, void *arg)
{
    tenure *t = (tenure *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(t->home);
    Py_VISIT(t->info);
    return 0;
}

static void
tenure_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    tenure *t = (tenure *)self;
    PyObject_GC_UnTrack(self);
    if (t->info != NULL) {
        /* If another thread clears up (the child of a fork, or the interpreter's end), nobody knows what it held. */
        int held = 1, own = owned_this_thread.id == t->info->id;
        if (own) {
            if (owned_this_thread.birth != NULL)
                owned_region_close_blocks(owned_this_thread.birth, t->home);
            owned_this_thread.birth = NULL;
            owned_this_thread.info = NULL;
            held = owned_this_thread.locks_held != 0;
            owned_this_thread.listed = 0;
            owned_park_thread_ends();
            owned_rwlock_thread_ends(t->info);
            owned_field_thread_ends();
            owned_held_free(t->info, held);
            owned_store_u64(&t->info->locks_left, owned_this_thread.locks_held);
            owned_this_thread.locks_held = 0;
        }
        owned_store_u64(&t->info->finished, 1);
        /* A thread that ends with a lock of ours stays known, so that the lock can say whose it was. It may have been
         * forgotten, if it attached anew just when another thread did away with the last lock it had left before. */
        if (own)
            set_known(t->info->id, held ? t->info : NULL);
    }
    Py_XDECREF(t->home);
    Py_XDECREF(t->info);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot tenure_slots[] = {
    {Py_tp_dealloc, tenure_dealloc},
    {Py_tp_traverse, tenure_traverse},
    {0, NULL},
};

static PyType_Spec tenure_spec = {
    .name = "owned._core.Tenure",
    .basicsize = sizeof(tenure),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = tenure_slots,
};

/* ---- registration ------------------------------------------------------------------------------------------ */

static owned_thread_info *
info_new(uint64_t id)
{
    owned_thread_info *info = PyObject_New(owned_thread_info, owned_the_state->ThreadInfo);
    if (info == NULL)
        return NULL;
    info->id = id;
    info->finished = 0;
    info->held = NULL;
    info->ended_by = NULL;
    info->heir = NULL;
    info->locks_left = 0;
    info->reads = NULL;
    info->reads_used = 0;
    info->name = PyUnicode_FromFormat("thread-%llu", (unsigned long long)id);
    if (info->name == NULL)
        Py_CLEAR(info);
    return info;
}

/* Learn the thread's name and remember its home for adopt(thread). Best effort: late in the interpreter's life the threading
 * module is gone, and the placeholder name has to do. Only what is no Exception (Ctrl-C) gets out. */
static int
describe(owned_thread_info *info, owned_region *home)
{
    PyObject *name = PyObject_CallOneArg(owned_the_state->describe_thread, (PyObject *)home);
    if (name == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_Exception))
            return -1;
        PyErr_Clear();
        return 0;
    }
    Py_SETREF(info->name, name);
    return 0;
}

/* This thread attaches anew: what was kept in its ThreadInfo of before is its again. */
static void
take_back(owned_thread_info *before)
{
    owned_rwlock_thread_is_back(before);
    owned_this_thread.locks_held += (unsigned)owned_swap_u64(&before->locks_left, 0);
}

/* The Tenure exists, and births are possible, before the thread is described: describing runs Python code (and perhaps
 * the collector, and finalizers that touch guarded objects), which then finds the thread registered. */
int
owned_thread_register(void)
{
    owned_state *state = owned_the_state;
    if (state == NULL || state->Tenure == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "owned is shut down");
        return -1;
    }
    PyObject *tstate_dict = PyThreadState_GetDict();
    if (tstate_dict == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread has no Python thread state");
        return -1;
    }
    if (owned_this_thread.id == 0)
        owned_this_thread.id = owned_add_u64(&last_id, 1) + 1;

    int result = -1;
    PyObject *key = PyLong_FromUnsignedLongLong(owned_this_thread.id);
    PyObject *before = key == NULL ? NULL : owned_thread_info_of(owned_this_thread.id);
    owned_thread_info *info = before == NULL ? NULL : info_new(owned_this_thread.id);
    owned_region *home = info == NULL ? NULL : owned_region_new_held(info);
    tenure *t = home == NULL ? NULL : PyObject_GC_New(tenure, state->Tenure);
    if (t == NULL)
        goto done;
    home->home = 1;
    t->home = (owned_region *)Py_NewRef((PyObject *)home);
    t->info = (owned_thread_info *)Py_NewRef((PyObject *)info);
    PyObject_GC_Track((PyObject *)t);
    if (PyDict_SetItem(tstate_dict, state->tenure_key, (PyObject *)t) < 0)
        goto done;
    owned_this_thread.info = info;
    owned_this_thread.birth = home;
    if (before != Py_None)
        take_back((owned_thread_info *)before);
    result = describe(info, home);
    if (result == 0)
        result = PyDict_SetItem(state->threads, key, (PyObject *)info);
    if (result < 0) { /* registered as a whole or not at all */
        PyObject *error = PyErr_GetRaisedException();
        if (PyDict_DelItem(tstate_dict, state->tenure_key) < 0)
            PyErr_Clear();
        PyErr_SetRaisedException(error);
    }
done:
    Py_XDECREF((PyObject *)t);
    Py_XDECREF((PyObject *)home);
    Py_XDECREF((PyObject *)info);
    Py_XDECREF(before);
    Py_XDECREF(key);
    return result;
}

owned_region *
owned_thread_set_birth(owned_region *region)
{
    owned_region *before = owned_this_thread.birth;
    owned_this_thread.birth = region;
    return before;
}

int
owned_thread_set_heir(owned_thread_info *info, owned_thread_info *heir)
{
    int first;
    OWNED_BEGIN_CRITICAL((PyObject *)info);
    first = info->heir == NULL;
    if (first)
        owned_store_ptr(&info->heir, (owned_thread_info *)Py_NewRef((PyObject *)heir));
    OWNED_END_CRITICAL();
    return first ? 0 : -1;
}

PyObject *
owned_thread_info_of(uint64_t id)
{
    PyObject *key = PyLong_FromUnsignedLongLong(id);
    if (key == NULL)
        return NULL;
    PyObject *info;
    int found = PyDict_GetItemRef(owned_the_state->threads, key, &info);
    Py_DECREF(key);
    return found < 0 ? NULL : found ? info : Py_NewRef(Py_None);
}

static PyObject *
thread_id_impl(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    uint64_t id = owned_thread_id();
    return id == 0 ? NULL : PyLong_FromUnsignedLongLong(id);
}

static PyObject *
thread_info_impl(PyObject *Py_UNUSED(module), PyObject *arg)
{
    uint64_t id = PyLong_AsUnsignedLongLong(arg);
    return id == (uint64_t)-1 && PyErr_Occurred() ? NULL : owned_thread_info_of(id);
}

static PyObject *
thread_ends_by_impl(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_CheckExact(text))
        return PyErr_Format(PyExc_TypeError, "`text` must be a str, got %.200s", Py_TYPE(text)->tp_name);
    if (owned_thread_id() == 0)
        return NULL;
    if (owned_this_thread.info->ended_by == NULL) /* this thread alone writes it */
        owned_store_ptr(&owned_this_thread.info->ended_by, Py_NewRef(text));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"thread_ends_by", thread_ends_by_impl, METH_O,
     PyDoc_STR("thread_ends_by(text, /)\n--\n\nRemember which exception is about to end the calling thread.")},
    {"thread_id", thread_id_impl, METH_NOARGS,
     PyDoc_STR("thread_id()\n--\n\nThe calling thread's number: given out once per process, never reused.")},
    {"thread_info", thread_info_impl, METH_O,
     PyDoc_STR("thread_info(id, /)\n--\n\nThe ThreadInfo with this id, or None where nothing is remembered of it.")},
    {NULL, NULL, 0, NULL},
};

int
owned_thread_add(PyObject *module)
{
    owned_state *state = owned_the_state;
    if (owned_state_add_type(module, &state->ThreadInfo, &info_spec, NULL, "ThreadInfo") < 0 ||
        owned_state_add_type(module, &state->Tenure, &tenure_spec, NULL, NULL) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
