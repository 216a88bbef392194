/* The slow path of the check: everything behind the failed compare, in the order of the states.
 *
 *     no region yet      born now, here                                   ALONE
 *     FORWARDED          re-point, look again
 *     mine               (it was forwarded, or this thread is new)        ALONE
 *     unchecked()        let through                                      ALLOWED
 *     guard              reads                                            ALLOWED
 *     off                all but writes to what is frozen                 ALLOWED
 *     PRIVATE to a task  ask who runs                                     ALONE       another: WrongTaskError
 *     PRIVATE, inherited held from now on by this thread, see adopt()     ALONE
 *     IN_TRANSIT, left   held from now on by this thread, the first       ALONE
 *     FROZEN             reads                                            ALLOWED     writes: FrozenError
 *     SHARED, RWLock     reads, if this thread holds the read side        ALLOWED     others may read at the same time
 *     SHARED, foreign    ask the lock                                     ALONE       not held: LockNotHeldError
 *     SHARED, without    what owned/_shared_by.py lets through            ALLOWED
 *     else               WrongThreadError, LockNotHeldError, MovedError, OrphanedError
 *
 * What is refused becomes an error, or passes after all if the policy says so (owned/_policy.py): ALLOWED. */
// SPDX-License-Identifier: MIT
#include "carrier.h"
#include "check.h"
#include "life.h"
#include "mode.h"
#include "object.h"
#include "rwlock.h"

int owned_check_add(PyObject *module);

const owned_access owned_attr_read = {OWNED_ATTRIBUTE, "read", NULL, 0};
const owned_access owned_attr_write = {OWNED_ATTRIBUTE, "write", NULL, 1};
const owned_access owned_attr_delete = {OWNED_ATTRIBUTE, "delete", NULL, 1};
const owned_access owned_item_read = {OWNED_ITEM, "read", NULL, 0};
const owned_access owned_item_write = {OWNED_ITEM, "write", NULL, 1};
const owned_access owned_item_delete = {OWNED_ITEM, "delete", NULL, 1};

/* Give an object that has no region one: a class whose allocation went around ours (see object.c). The first thread to
 * touch it is the one that made it. */
static int
give_birth(PyObject *obj, owned_region **where)
{
    owned_region *home = owned_birth_region();
    if (home == NULL || (PyObject_TypeCheck(obj, owned_the_state->Owned) && owned_object_prepare(Py_TYPE(obj)) < 0))
        return -1;
    int is_born;
    OWNED_BEGIN_CRITICAL(obj);
    is_born = owned_load_ptr(where) == NULL;
    if (is_born)
        owned_store_ptr(where, (owned_region *)Py_NewRef((PyObject *)home));
    OWNED_END_CRITICAL();
    if (is_born)
        owned_life_made(obj);
    return 0;
}

/* 1 if the calling thread holds the foreign lock of this region, 0 if not, -1 with an error set. */
static int
foreign_is_held(owned_region *r)
{
    PyObject *is_held;
    OWNED_BEGIN_CRITICAL((PyObject *)r);
    is_held = Py_XNewRef(r->foreign_is_held);
    OWNED_END_CRITICAL();
    if (is_held == NULL)
        return 0;
    PyObject *answer = PyObject_CallNoArgs(is_held);
    Py_DECREF(is_held);
    if (answer == NULL)
        return -1;
    int held = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return held;
}

/* What this thread may do in a resolved region: an answer, or REFUSED without an error; -2 with an error set. */
static int
judge(owned_region *r, int writes)
{
    if (owned_load_u64(&r->holder) == owned_this_thread.id)
        return OWNED_ALONE;
    if (owned_this_thread.unchecked)
        return OWNED_ALLOWED;
    owned_mode mode = owned_mode_now();
    if (mode == OWNED_MODE_GUARD && !writes)
        return OWNED_ALLOWED;
    owned_region_state state = owned_region_state_of(r);
    if (mode == OWNED_MODE_OFF && state != OWNED_FORWARDED && state != OWNED_FROZEN)
        return OWNED_ALLOWED;
    switch (state) {
    case OWNED_FROZEN:
        return writes ? OWNED_REFUSED : OWNED_ALLOWED;
    case OWNED_SHARED: {
        if (!writes && owned_rwlock_i_read(r))
            return OWNED_ALLOWED;
        int held = foreign_is_held(r);
        return held < 0 ? -2 : held ? OWNED_ALONE : OWNED_REFUSED;
    }
    case OWNED_PRIVATE: {
        owned_task_info *task = owned_region_task(r);
        if (task != NULL) {
            int is_current = owned_task_info_is_current(task);
            Py_DECREF((PyObject *)task);
            return is_current < 0 ? -2 : is_current ? OWNED_ALONE : OWNED_REFUSED;
        }
        return owned_region_inherit(r) ? OWNED_ALONE : OWNED_REFUSED;
    }
    case OWNED_IN_TRANSIT:
        return owned_region_take(r) ? OWNED_ALONE : OWNED_REFUSED;
    default:
        return OWNED_REFUSED;
    }
}

int
owned_check_slow(PyObject *obj, owned_region **where, const owned_access *how, PyObject *detail)
{
    if (owned_thread_id() == 0)
        return OWNED_REFUSED;
    owned_region *r = owned_region_of(obj, where);
    if (r == NULL) {
        if (give_birth(obj, where) < 0)
            return OWNED_REFUSED;
        r = owned_region_of(obj, where);
    }
    int answer;
    while ((answer = judge(r, how->writes)) == OWNED_REFUSED && owned_region_state_of(r) == OWNED_FORWARDED) {
        owned_region *now = owned_region_resolve(r); /* forwarded while we looked */
        Py_DECREF((PyObject *)r);
        r = now;
    }
    if (answer == OWNED_REFUSED && detail != NULL && owned_region_state_of(r) == OWNED_SHARED &&
        (how == &owned_attr_read || how == &owned_attr_write)) {
        int needs_no_lock = owned_object_needs_no_lock(obj, detail, how->writes);
        if (needs_no_lock != 0)
            answer = needs_no_lock < 0 ? -2 : OWNED_ALLOWED;
    }
    if (answer == OWNED_REFUSED)
        answer = owned_violation(obj, r, how, detail);
    Py_DECREF((PyObject *)r);
    return answer < 0 ? OWNED_REFUSED : answer;
}

int
owned_may_look(PyObject *obj, owned_region **where)
{
    if (owned_thread_id() == 0) {
        PyErr_Clear();
        return 0;
    }
    owned_region *r = owned_region_of(obj, where);
    if (r == NULL)
        return 1;
    int answer = judge(r, 0);
    Py_DECREF((PyObject *)r);
    if (answer == -2)
        PyErr_Clear();
    return answer >= 0;
}

/* ---- unchecked() ------------------------------------------------------------------------------------------- */

typedef struct { PyObject_HEAD } unchecked;

static PyObject *
unchecked_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if (owned_thread_id() == 0)
        return NULL;
    owned_this_thread.unchecked++;
    return Py_NewRef(self);
}

static PyObject *
unchecked_exit(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(args))
{
    if (owned_this_thread.unchecked == 0) {
        PyErr_SetString(PyExc_RuntimeError, "this thread is in no `with unchecked()` block");
        return NULL;
    }
    owned_this_thread.unchecked--;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(unchecked_doc,
"unchecked()\n--\n\n"
"A context manager for debuggers and tools: no checks on this thread while the block is open.\n\n"
"Blocks nest, and one object may open many. What this thread does inside is not checked and may race with the owner:\n"
"it goes through CPython's own accessors, so on free-threaded builds it is as safe as code without owned, and no\n"
"safer. A frozen instance stays frozen: its class refuses, and there is no check to leave out.\n\n"
"Raises:\n"
"    RuntimeError: a block is closed on a thread that has none open.\n\n"
"Threads:\n"
"    Any thread; only the calling thread goes unchecked. Do not ``await`` or ``yield`` inside the block: what else\n"
"    runs on this thread meanwhile would go unchecked too.");

static PyMethodDef unchecked_methods[] = {
    {"__enter__", unchecked_enter, METH_NOARGS, PyDoc_STR("__enter__($self, /)\n--\n\nStop checking this thread.")},
    {"__exit__", unchecked_exit, METH_VARARGS, PyDoc_STR("__exit__($self, /, *exc_info)\n--\n\nCheck this thread again.")},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot unchecked_slots[] = {
    {Py_tp_doc, (void *)unchecked_doc},
    {Py_tp_methods, unchecked_methods},
    {0, NULL},
};

static PyType_Spec unchecked_spec = {
    .name = "owned._core.unchecked",
    .basicsize = sizeof(unchecked),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = unchecked_slots,
};

int
owned_check_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Unchecked, &unchecked_spec, NULL, "unchecked");
}
