// SPDX-License-Identifier: MIT
#include "lock.h"
#include "state.h"
/* scaffold until the locks land */
int owned_lock_add(PyObject *module);
static PyObject *
lock_new(PyTypeObject *type, PyObject *a, PyObject *k)
{
    (void)a, (void)k;
    PyObject *self = type->tp_alloc(type, 0);
    if (self != NULL)
        owned_region_init_lock((owned_region *)self);
    return self;
}
static PyObject *
lock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_store_u64(&((owned_region *)self)->holder, owned_thread_id());
    return Py_NewRef(self);
}
static PyObject *
lock_exit(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    owned_store_u64(&((owned_region *)self)->holder, OWNED_NOBODY);
    Py_RETURN_NONE;
}
static PyMethodDef lock_methods[] = {{"__enter__", lock_enter, METH_NOARGS, NULL}, {"__exit__", lock_exit, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_new, lock_new}, {Py_tp_methods, lock_methods}, {Py_tp_dealloc, owned_region_dealloc_lock}, {Py_tp_traverse, owned_region_traverse}, {Py_tp_clear, owned_region_clear}, {0, NULL}};
static PyType_Spec lock_spec = {"owned.Lock", sizeof(owned_region), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
static PyType_Spec rlock_spec = {"owned.RLock", sizeof(owned_region), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
owned_region *
owned_lock_region(PyObject *lock)
{
    if (Py_IS_TYPE(lock, owned_the_state->Lock) || Py_IS_TYPE(lock, owned_the_state->RLock))
        return (owned_region *)Py_NewRef(lock);
    PyErr_SetString(PyExc_TypeError, "no lock");
    return NULL;
}
int
owned_lock_adopt(PyObject *lock)
{
    (void)lock;
    return 0;
}
int
owned_lock_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Lock, &lock_spec, NULL, "Lock") < 0 ? -1 : owned_state_add_type(module, &owned_the_state->RLock, &rlock_spec, NULL, "RLock");
}
