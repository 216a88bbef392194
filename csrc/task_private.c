/* TaskInfo, and the verb task_private(obj): PRIVATE to a thread -> PRIVATE to one of its tasks.
 *
 * What the walk takes goes into one region that is bound to the task; membranes and a Region() are bound as they are. From
 * then on is_mine (region.h) is true for the task alone, so that share, freeze and move treat its objects as they treat a
 * thread's. */
// SPDX-License-Identifier: MIT
#include "task_private.h"

#include "graph.h"
#include "life.h"
#include "mode.h"
#include "state.h"
#include "verbs.h"

int owned_task_private_add(PyObject *module);

static const owned_access making_private = {OWNED_VERB, "make private to a task", NULL, 1};

/* ---- TaskInfo ---------------------------------------------------------------------------------------------- */

static owned_task_info *
task_info_now(void)
{
    owned_task_info *info = NULL;
    PyObject *ask, *task, *name, *ref, *now = PyObject_CallNoArgs(owned_the_state->task_now);
    if (now == NULL || !PyArg_ParseTuple(now, "OOO:now", &ask, &task, &name) ||
        (ref = PyWeakref_NewRef(task, NULL)) == NULL)
        goto done;
    info = PyObject_GC_New(owned_task_info, owned_the_state->TaskInfo);
    if (info != NULL) {
        info->ask = Py_NewRef(ask);
        info->ref = Py_NewRef(ref);
        info->name = Py_NewRef(name);
        info->finished = 0;
        PyObject_GC_Track((PyObject *)info);
    }
    Py_DECREF(ref);
done:
    Py_XDECREF(now);
    return info;
}

static PyObject *
task_behind(owned_task_info *info)
{
    PyObject *task;
    return PyWeakref_GetRef(info->ref, &task) > 0 ? task : NULL;
}

int
owned_task_info_is_current(owned_task_info *info)
{
    PyObject *now = PyObject_CallNoArgs(info->ask);
    if (now == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_RuntimeError))
            return -1;
        PyErr_Clear();
        return 0;
    }
    PyObject *task = task_behind(info);
    int is_current = task != NULL && now == task;
    Py_XDECREF(task);
    Py_DECREF(now);
    return is_current;
}

int
owned_task_info_has_ended(owned_task_info *info)
{
    if (owned_load_u64(&info->finished))
        return 1;
    PyObject *task = task_behind(info);
    int ended = task == NULL;
    if (!ended) {
        PyObject *error = PyErr_GetRaisedException();
        PyObject *answer = PyObject_CallOneArg(owned_the_state->task_has_ended, task);
        ended = answer == Py_True;
        if (answer == NULL)
            PyErr_WriteUnraisable(task);
        Py_XDECREF(answer);
        Py_DECREF(task);
        PyErr_SetRaisedException(error);
    }
    if (ended)
        owned_store_u64(&info->finished, 1);
    return ended;
}

static int
task_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((owned_task_info *)self)->ask);
    Py_VISIT(((owned_task_info *)self)->ref);
    Py_VISIT(((owned_task_info *)self)->name);
    return 0;
}

static void
task_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((owned_task_info *)self)->ask);
    Py_CLEAR(((owned_task_info *)self)->ref);
    Py_CLEAR(((owned_task_info *)self)->name);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
task_get_name(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(((owned_task_info *)self)->name);
}

static PyObject *
task_get_task(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *task = task_behind((owned_task_info *)self);
    return task != NULL ? task : Py_NewRef(Py_None);
}

static PyObject *
task_get_finished(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(owned_task_info_has_ended((owned_task_info *)self));
}

static PyObject *
task_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<TaskInfo %R%s>", ((owned_task_info *)self)->name,
                                owned_task_info_has_ended((owned_task_info *)self) ? ", finished" : "");
}

static PyGetSetDef task_getset[] = {
    {"name", task_get_name, NULL, PyDoc_STR("The task's name when it was met; None for a context."), NULL},
    {"task", task_get_task, NULL, PyDoc_STR("The task itself, None once it is gone."), NULL},
    {"finished", task_get_finished, NULL, PyDoc_STR("Whether the task has ended."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot task_slots[] = {
    {Py_tp_doc, (void *)PyDoc_STR("What is known of a task that objects are private to. Any thread may read it.")},
    {Py_tp_dealloc, task_dealloc},
    {Py_tp_traverse, task_traverse},
    {Py_tp_repr, task_repr},
    {Py_tp_getset, task_getset},
    {0, NULL},
};

static PyType_Spec task_spec = {
    .name = "owned._core.TaskInfo",
    .basicsize = sizeof(owned_task_info),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = task_slots,
};

/* ---- task_private() ---------------------------------------------------------------------------------------- */

/* Everything that can fail comes first: the task, the walk, the record, the region. */
static int
bind(PyObject *obj, owned_region *region)
{
    owned_graph graph = {0};
    PyObject *record = NULL;
    owned_region *bound = NULL;
    int result = -1;
    int whole = Py_IS_TYPE(obj, owned_the_state->Region);
    owned_task_info *task = task_info_now();
    if (task == NULL || (whole ? owned_verb_refuse_open("task_private", region) < 0
                               : owned_graph_walk(&graph, &obj, 1, owned_graph_takes_mine) < 0))
        goto done;
    record = owned_verb_record("task_private", obj, graph.taken_used + graph.membranes_used);
    bound = whole ? (owned_region *)Py_NewRef((PyObject *)region) : owned_region_new(OWNED_PRIVATE, NULL, NULL, NULL);
    if (record == NULL || bound == NULL)
        goto done;
    owned_region_bind(bound, task, record);
    for (size_t i = 0; i < graph.taken_used; i++)
        owned_region_repoint(graph.taken[i], owned_carried(graph.taken[i]), bound);
    for (size_t i = 0; i < graph.membranes_used; i++)
        owned_region_bind(graph.membranes[i], task, record);
    if (whole)
        owned_life_step((PyObject *)bound, record);
    owned_graph_tell(&graph, record);
    result = 0;
done:
    Py_XDECREF((PyObject *)bound);
    Py_XDECREF(record);
    owned_graph_release(&graph);
    Py_XDECREF((PyObject *)task);
    return result;
}

static PyObject *
task_private_impl(PyObject *Py_UNUSED(module), PyObject *obj)
{
    owned_region *region;
    owned_mode_rely();
    if (owned_mode_now() == OWNED_MODE_OFF && !PyObject_TypeCheck(obj, owned_the_state->Owned))
        return Py_NewRef(obj);
    if (owned_verb_target("task_private", obj, &region) < 0)
        return NULL;
    owned_region_state state = owned_region_state_of(region);
    int result = -1;
    if (state == OWNED_FROZEN || state == OWNED_SHARED) {
        PyTypeObject *type = owned_known_type(obj);
        owned_refuse(owned_the_state->OwnershipError, "make private to a task", obj,
                     "this %.200s is %s: it belongs to no thread, so no task can have it alone", type->tp_name,
                     state == OWNED_FROZEN ? "frozen" : "shared");
        Py_DECREF((PyObject *)type);
    }
    else if (!owned_region_is_mine(region))
        owned_violation(obj, region, &making_private, NULL);
    else
        result = bind(obj, region);
    Py_DECREF((PyObject *)region);
    return result < 0 ? NULL : Py_NewRef(obj);
}

PyDoc_STRVAR(task_private_doc,
"task_private($module, obj, /)\n--\n\n"
"From now on only the task that calls this may touch the object: no other task, no callback, no other thread.\n\n"
"Tasks of one event loop share a thread, and what is private to that thread is theirs alike. Where another task gets\n"
"its turn at an ``await`` and changes what this one was about to use, that is a race too, and no lock of threads sees\n"
"it. The object's holder is then the task. Every access takes the slow path: it asks ``asyncio.current_task()``, in a\n"
"trio program ``trio.lowlevel.current_task()``. Called outside of any task, it is the context that has the object: code\n"
"of this thread that runs outside of tasks, in this context or a copy of it.\n\n"
"It is deep, as sharing is: the private objects that ``obj`` reaches go along, and so does what is stored in it later.\n"
"A ``Region`` is made private in constant time. ``share``, ``freeze`` and ``move`` work for the task as for a thread;\n"
"``move`` is also how to hand over: another task claims the parcel, and calls ``task_private`` to have it alone. When\n"
"the task has ended, its objects are orphaned, and ``adopt`` makes them the calling thread's.\n\n"
"Args:\n"
"    obj: an instance of an ``@owned`` class, a ``List``, ``Dict`` or ``Set``, what ``own()`` gave, or a ``Region``.\n\n"
"Returns:\n"
"    ``obj`` itself.\n\n"
"Raises:\n"
"    TypeError: ``obj`` is not guarded.\n"
"    WrongTaskError: ``obj`` is another task's.\n"
"    WrongThreadError, MovedError, OrphanedError: ``obj`` is not this thread's.\n"
"    OwnershipError: ``obj`` is shared or frozen: it belongs to no thread.\n"
"    RuntimeError: ``obj`` is a ``Region`` whose block is open.\n"
"    In every case nothing has changed.\n\n"
"Threads:\n"
"    Called by the thread and the task that own ``obj``. Child tasks, also eager ones, are other tasks; a coroutine that\n"
"    is awaited directly is part of the task that awaits it. Not checked: references to the plain insides of a wrapped\n"
"    object, and in ``guard`` mode reads.");

static PyMethodDef methods[] = {
    {"task_private", task_private_impl, METH_O, task_private_doc},
    {NULL, NULL, 0, NULL},
};

int
owned_task_private_add(PyObject *module)
{
    if (owned_state_add_type(module, &owned_the_state->TaskInfo, &task_spec, NULL, "TaskInfo") < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
