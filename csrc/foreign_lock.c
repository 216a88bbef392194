/* The regions of locks that are not ours.
 *
 * A foreign lock's region is SHARED and held by nobody, so every access takes the slow path, which asks the lock whether
 * the calling thread holds it. One region per lock: `foreign_regions` maps the lock's address to a weak reference to the
 * region. The region keeps the lock alive, so while an entry's region lives its address names that lock and no other; an
 * entry whose region has died is taken out by the weak reference's callback, or replaced if a new one is faster.
 *
 * The dict is only used under foreign_mutex (with the GIL: between two calls that cannot release it). Its keys are ints
 * and its values weak references, so nothing under the mutex runs Python code. */
// SPDX-License-Identifier: MIT
#include "rwlock.h"

#include "carrier.h"
#include "condition.h"

/* The region an entry's weak reference stands for, or NULL if it has died; never an error. New reference. */
static owned_region *
region_behind(PyObject *ref)
{
    PyObject *region;
    return PyWeakref_GetRef(ref, &region) > 0 ? (owned_region *)region : NULL;
}

/* 1 and the living region of the lock at this address, 0 if there is none, -1 with an error set. */
static int
find(PyObject *key, owned_region **region)
{
    owned_state *state = owned_the_state;
    PyObject *ref = NULL;
    *region = NULL;
    owned_mutex_lock(&state->foreign_mutex);
    int found = PyDict_GetItemRef(state->foreign_regions, key, &ref);
    owned_mutex_unlock(&state->foreign_mutex);
    if (found > 0)
        *region = region_behind(ref);
    Py_XDECREF(ref);
    return found < 0 ? -1 : *region != NULL;
}

/* Enter `ref` unless a living region is there already, which is then *other: 1, 0 or -1 with an error set. */
static int
enter(PyObject *key, PyObject *ref, owned_region **other)
{
    owned_state *state = owned_the_state;
    PyObject *old = NULL;
    *other = NULL;
    owned_mutex_lock(&state->foreign_mutex);
    int result = PyDict_GetItemRef(state->foreign_regions, key, &old);
    if (result > 0)
        *other = region_behind(old);
    if (result >= 0 && *other == NULL)
        result = PyDict_SetItem(state->foreign_regions, key, ref);
    owned_mutex_unlock(&state->foreign_mutex);
    Py_XDECREF(old);
    return result < 0 ? -1 : *other == NULL;
}

/* Called with the weak reference of a region that has died. */
static PyObject *
forget(PyObject *key, PyObject *ref)
{
    owned_state *state = owned_the_state;
    if (state == NULL || state->foreign_regions == NULL)
        Py_RETURN_NONE;
    PyObject *now = NULL;
    owned_mutex_lock(&state->foreign_mutex);
    int result = PyDict_GetItemRef(state->foreign_regions, key, &now);
    if (result > 0 && now == ref)
        result = PyDict_DelItem(state->foreign_regions, key);
    owned_mutex_unlock(&state->foreign_mutex);
    Py_XDECREF(now);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef forget_def = {"forget", forget, METH_O, NULL};

/* A new region for `lock`, entered in the table, or the one another thread entered meanwhile. */
static owned_region *
make(PyObject *lock, PyObject *key, PyObject *is_held)
{
    owned_region *result = NULL, *other = NULL;
    PyObject *callback = NULL, *ref = NULL;
    owned_region *region = owned_region_new(OWNED_SHARED, NULL, lock, is_held);
    if (region == NULL || (callback = PyCFunction_New(&forget_def, key)) == NULL ||
        (ref = PyWeakref_NewRef((PyObject *)region, callback)) == NULL)
        goto done;
    int entered = enter(key, ref, &other);
    if (entered > 0)
        result = (owned_region *)Py_NewRef((PyObject *)region);
    else if (entered == 0)
        result = other;
done:
    Py_XDECREF(ref);
    Py_XDECREF(callback);
    Py_XDECREF((PyObject *)region);
    return result;
}

/* A Condition over one of our locks, or over one of its sides, stands for that lock: the answer is then the lock's or
 * the side's own bound method. */
static PyObject *
our_lock_behind_borrowed(PyObject *is_held)
{
    owned_rwlock *rw;
    owned_side side;
    PyObject *self = PyCFunction_Check(is_held) ? PyCFunction_GET_SELF(is_held) : NULL;
    if (self != NULL && owned_rwlock_of(self, &rw, &side))
        return (PyObject *)rw;
    return self != NULL && owned_lock_check(self) ? self : NULL;
}

owned_region *
owned_lock_region(PyObject *lock)
{
    if (owned_lock_check(lock))
        return (owned_region *)Py_NewRef(lock);
    if (owned_rwlock_is_side(lock)) {
        PyErr_Format(PyExc_TypeError,
                     "`lock` must be a lock, got one side of an RWLock: share under the lock itself, `lock=rw`, which is read "
                     "under rw.read and written under rw.write");
        return NULL;
    }
    if (PyObject_TypeCheck(lock, owned_the_state->Condition))
        return (owned_region *)Py_XNewRef(owned_condition_lock_borrowed(lock));
    if (owned_carried(lock) != NULL) {
        PyErr_Format(PyExc_TypeError, "`lock` must be a lock, got a guarded object, %.200s: a lock belongs to no thread",
                     Py_TYPE(lock)->tp_name);
        return NULL;
    }
    owned_region *region = NULL;
    PyObject *is_held = NULL;
    PyObject *key = PyLong_FromVoidPtr(lock);
    if (key == NULL || find(key, &region) != 0)
        goto done;
    is_held = PyObject_CallOneArg(owned_the_state->foreign_lock_probe, lock);
    if (is_held == NULL)
        goto done;
    PyObject *ours = our_lock_behind_borrowed(is_held);
    region = ours != NULL ? (owned_region *)Py_NewRef(ours) : make(lock, key, is_held);
done:
    Py_XDECREF(is_held);
    Py_XDECREF(key);
    return region;
}
