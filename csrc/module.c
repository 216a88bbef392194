/* owned._core: the module itself. What it holds is in the files that its `parts` come from. */
// SPDX-License-Identifier: MIT
#include "state.h"

int owned_mode_add(PyObject *module);
int owned_watch_add(PyObject *module);
int owned_stats_add(PyObject *module);
int owned_thread_add(PyObject *module);
int owned_region_add(PyObject *module);
int owned_task_private_add(PyObject *module);
int owned_slot_add(PyObject *module);
int owned_object_add(PyObject *module);
int owned_finalize_add(PyObject *module);
int owned_life_add(PyObject *module);
int owned_containers_add(PyObject *module);
int owned_wrapper_add(PyObject *module);
int owned_held_add_functions(PyObject *module);
int owned_park_add(PyObject *module);
int owned_passing_add(PyObject *module);
int owned_lock_order_add(PyObject *module);
int owned_lock_add(PyObject *module);
int owned_rwlock_add(PyObject *module);
int owned_atomic_add(PyObject *module);
int owned_once_add(PyObject *module);
int owned_condition_add(PyObject *module);
int owned_semaphore_add(PyObject *module);
int owned_compound_lock_add(PyObject *module);
int owned_method_add(PyObject *module);
int owned_check_add(PyObject *module);
int owned_share_add(PyObject *module);
int owned_move_add(PyObject *module);
int owned_task_add(PyObject *module);
int owned_adopt_add(PyObject *module);
int owned_freeze_add(PyObject *module);
int owned_immortal_add(PyObject *module);
int owned_look_add(PyObject *module);
int owned_channel_add(PyObject *module);
int owned_select_add(PyObject *module);

static int (*const parts[])(PyObject *) = {
    owned_mode_add,
    owned_watch_add,
    owned_stats_add,
    owned_thread_add,
    owned_region_add,
    owned_task_private_add,
    owned_slot_add,
    owned_object_add,
    owned_finalize_add,
    owned_life_add,
    owned_containers_add,
    owned_wrapper_add,
    owned_held_add_functions,
    owned_park_add,
    owned_passing_add,
    owned_lock_order_add,
    owned_lock_add,
    owned_rwlock_add,
    owned_atomic_add,
    owned_once_add,
    owned_condition_add,
    owned_semaphore_add,
    owned_compound_lock_add,
    owned_method_add,
    owned_check_add,
    owned_share_add,
    owned_move_add,
    owned_task_add,
    owned_adopt_add,
    owned_freeze_add,
    owned_immortal_add,
    owned_look_add,
    owned_channel_add,
    owned_select_add,
};

static int
module_exec(PyObject *module)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError,
                        "owned cannot be imported in a subinterpreter: an object belongs to a thread of the process, and "
                        "only the main interpreter keeps the books");
        return -1;
    }
    if (owned_the_state != NULL) {
        PyErr_SetString(PyExc_ImportError, "owned._core is loaded once per process: it cannot be imported again");
        return -1;
    }
    owned_state *state = PyModule_GetState(module);
    owned_the_state = state;
    if (owned_state_init(state) < 0)
        return -1;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(parts); i++)
        if (parts[i](module) < 0)
            return -1;
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    owned_state *state = PyModule_GetState(module);
    return state == NULL ? 0 : owned_state_traverse(state, visit, arg);
}

/* Objects of ours may outlive the module at shutdown, and their deallocation and checks go through the state: it is
 * let go with the module's memory only, in module_free. */
static void
module_free(void *module)
{
    owned_state *state = PyModule_GetState((PyObject *)module);
    if (state == NULL || state != owned_the_state)
        return;
    owned_the_state = NULL;
    owned_state_clear(state);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_mod_gil
    /* A region's holder is atomic, its other fields and every region pointer change under critical sections, the
     * fast paths touch an object only where the check has shown that this thread is alone with it, and every other
     * path goes through CPython's own accessors. */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "owned._core",
    .m_doc = "Regions, checks and guarded objects of owned, in C.",
    .m_size = sizeof(owned_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&module_def);
}
