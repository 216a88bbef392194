/* Task: a call on its way to another thread, and what it made there on its way back.
 *
 *     Task(function, args, ...)   on the thread that hands it out: everything is judged, nothing is touched
 *     run_apart()                 on another thread: parcels among the arguments are claimed, the call runs in a region of its
 *                                 own (the task region), which departs: PRIVATE -> IN_TRANSIT
 *     arrive()                    on the first thread that takes the result: IN_TRANSIT -> PRIVATE
 *
 * The task region is the birth region while the call runs, and what arrives meanwhile (a parcel that is claimed, the result
 * of another task) is forwarded to it: so one region holds all that a task made and was given, and handing it over takes
 * constant time. A task that leaves nothing behind has nothing to hand over: its region dies with it. */
// SPDX-License-Identifier: MIT
#include "life.h"
#include "mode.h"
#include "parcel.h"
#include "passing.h"
#include "state.h"
#include "verbs.h"

int owned_task_add(PyObject *module);

typedef struct {
    PyObject_HEAD
    PyObject *function; /* NULL once it runs */
    PyObject *args;     /* tuple; NULL once it runs */
    PyObject *kwargs;   /* dict, or NULL */
    PyObject *record;   /* of the return, or NULL while there is nothing to hand over */
    owned_region *made; /* IN_TRANSIT: what is to be handed over, or NULL */
    char claims;        /* there is a parcel among the arguments */
    char matters;       /* what was returned is guarded and in transit */
} task;

static int
task_traverse(PyObject *self, visitproc visit, void *arg)
{
    task *t = (task *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(t->function);
    Py_VISIT(t->args);
    Py_VISIT(t->kwargs);
    Py_VISIT(t->record);
    Py_VISIT(t->made);
    return 0;
}

static int
task_clear(PyObject *self)
{
    task *t = (task *)self;
    Py_CLEAR(t->function);
    Py_CLEAR(t->args);
    Py_CLEAR(t->kwargs);
    Py_CLEAR(t->record);
    return 0;
}

/* Strict mode: a result that nobody took is lost, and what it made is touched by nobody ever again. */
static void
task_finalize(PyObject *self)
{
    task *t = (task *)self;
    if (t->made == NULL || !t->matters || !owned_mode_is_strict() || owned_the_state == NULL)
        return;
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallOneArg(owned_the_state->warn_of_unclaimed, t->record == NULL ? Py_None : t->record);
    if (done == NULL)
        PyErr_WriteUnraisable(NULL); /* not of the task: whoever reports it would keep it */
    Py_XDECREF(done);
    PyErr_SetRaisedException(error);
}

static void
task_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0)
        return;
    PyObject_GC_UnTrack(self);
    task_clear(self);
    Py_CLEAR(((task *)self)->made);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- handing out: may all of it pass? ------------------------------------------------------------------------- */

/* Of what a function brings along beside its arguments. A function behind it is left to owned/_task.py, which knows how to
 * look into what goes round in circles: UNGUARDED only means that it has to look. */
static int
judge_function(PyObject *function)
{
    PyObject *closure = PyFunction_GetClosure(function), *kwdefaults = PyFunction_GetKwDefaults(function);
    PyObject *defaults = Py_XNewRef(PyFunction_GetDefaults(function));
    int worst = defaults == NULL ? OWNED_PASSES : owned_passing_of(defaults);
    Py_XDECREF(defaults);
    if (worst != OWNED_PASSES || kwdefaults != NULL)
        return worst < 0 ? -1 : OWNED_PASSES_UNGUARDED;
    for (Py_ssize_t i = 0; closure != NULL && i < PyTuple_GET_SIZE(closure) && worst == OWNED_PASSES; i++) {
        PyObject *value = PyCell_Get(PyTuple_GET_ITEM(closure, i));
        if (value != NULL)
            worst = PyFunction_Check(value) ? OWNED_PASSES_UNGUARDED : owned_passing_of(value);
        Py_XDECREF(value);
    }
    return worst;
}

static int
judge(PyObject *value)
{
    if (PyMethod_Check(value)) {
        int of_self = owned_passing_of(PyMethod_GET_SELF(value));
        if (of_self != OWNED_PASSES)
            return of_self;
        value = PyMethod_GET_FUNCTION(value);
    }
    return PyFunction_Check(value) ? judge_function(value) : owned_passing_of(value);
}

static int
judge_argument(task *t, PyObject *value)
{
    if (Py_IS_TYPE(value, owned_the_state->Parcel)) {
        t->claims = 1;
        return owned_parcel_is_claimed(value) ? OWNED_PASSES_NOT : OWNED_PASSES;
    }
    return owned_mode_now() == OWNED_MODE_OFF ? OWNED_PASSES : judge(value);
}

/* Does all of it pass as it is? 1, 0, or -1 with an error set. */
static int
task_passes(task *t)
{
    int worst = owned_mode_now() == OWNED_MODE_OFF ? OWNED_PASSES : judge(t->function);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(t->args) && worst == OWNED_PASSES; i++)
        worst = judge_argument(t, PyTuple_GET_ITEM(t->args, i));
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (t->kwargs != NULL && worst == OWNED_PASSES && PyDict_Next(t->kwargs, &at, &key, &value))
        worst = judge_argument(t, value);
    return worst < 0 ? -1 : worst == OWNED_PASSES;
}

/* Ask owned/_task.py, which raises what explains the refusal or gives the arguments to use instead. */
static int
task_admit(task *t, PyObject *unguarded)
{
    PyObject *kwargs = t->kwargs != NULL ? t->kwargs : Py_None;
    PyObject *admitted = PyObject_CallFunctionObjArgs(owned_the_state->admit, t->function, t->args, kwargs, unguarded, NULL);
    if (admitted == NULL)
        return -1;
    PyObject *new_args, *new_kwargs;
    int result = -1;
    if (PyArg_ParseTuple(admitted, "O!O", &PyTuple_Type, &new_args, &new_kwargs)) {
        Py_SETREF(t->args, Py_NewRef(new_args));
        Py_XSETREF(t->kwargs, new_kwargs == Py_None ? NULL : Py_NewRef(new_kwargs));
        t->claims = 1; /* perhaps: what was wrapped is on its way */
        result = 0;
    }
    Py_DECREF(admitted);
    return result;
}

static PyObject *
task_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *function, *call_args, *call_kwargs = Py_None, *unguarded = NULL;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs) != 0) {
        PyErr_SetString(PyExc_TypeError, "Task() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OO!|OU:Task", &function, &PyTuple_Type, &call_args, &call_kwargs, &unguarded))
        return NULL;
    if (call_kwargs != Py_None && !PyDict_CheckExact(call_kwargs)) {
        PyErr_Format(PyExc_TypeError, "`kwargs` must be a dict or None, got %.200s", Py_TYPE(call_kwargs)->tp_name);
        return NULL;
    }
    if (!PyCallable_Check(function)) {
        PyErr_Format(PyExc_TypeError, "`%s` must be callable, got %.200s", "fn", Py_TYPE(function)->tp_name);
        return NULL;
    }
    if (owned_thread_id() == 0)
        return NULL;
    task *t = (task *)type->tp_alloc(type, 0);
    if (t == NULL)
        return NULL;
    t->function = Py_NewRef(function);
    t->args = Py_NewRef(call_args);
    if (call_kwargs != Py_None && PyDict_GET_SIZE(call_kwargs) != 0)
        t->kwargs = Py_NewRef(call_kwargs);
    int passes = task_passes(t);
    if (passes == 0)
        passes = task_admit(t, unguarded == NULL ? Py_None : unguarded) < 0 ? -1 : 1;
    if (passes < 0)
        Py_CLEAR(t);
    return (PyObject *)t;
}

/* ---- running -------------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject *function;
    PyObject *args;
    PyObject *kwargs; /* or NULL */
} call;

/* Take the call out of the task, which runs once: of several threads one has it, and the others are refused at once. */
static int
take_call(task *t, call *c)
{
    OWNED_BEGIN_CRITICAL((PyObject *)t);
    *c = (call){t->function, t->args, t->kwargs};
    t->function = t->args = t->kwargs = NULL;
    OWNED_END_CRITICAL();
    if (c->function != NULL)
        return 0;
    PyErr_SetString(PyExc_RuntimeError, "this task has run already, or runs: a task runs once");
    return -1;
}

static void
drop_call(call *c)
{
    Py_XDECREF(c->args);
    Py_XDECREF(c->kwargs);
    Py_XDECREF(c->function);
}

/* `values` are the arguments with the contents of the parcels among them: steals what it puts in. */
static void
use_values(PyObject *args, PyObject *kwargs, PyObject **values)
{
    PyObject *key, *value;
    Py_ssize_t at = 0, count = PyTuple_GET_SIZE(args);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(args, i, values[i]);
        values[i] = NULL;
    }
    for (values += count; kwargs != NULL && PyDict_Next(kwargs, &at, &key, &value); values++)
        if (value != *values && PyDict_SetItem(kwargs, key, *values) < 0) /* of a key that is there: nothing is allocated */
            return;
}

/* The parcels among the arguments are claimed, all or none: new arguments, or -1 with an error set. */
static int
claim_arguments(call *c)
{
    Py_ssize_t positional = PyTuple_GET_SIZE(c->args), at = 0;
    Py_ssize_t count = positional + (c->kwargs == NULL ? 0 : PyDict_GET_SIZE(c->kwargs)), used = positional;
    PyObject **values = PyMem_Calloc((size_t)count, sizeof(*values)), *key, *value;
    PyObject *args = values == NULL ? PyErr_NoMemory() : PyTuple_New(positional);
    PyObject *kwargs = args == NULL || c->kwargs == NULL ? NULL : PyDict_Copy(c->kwargs);
    int result = -1;
    if (args == NULL || (c->kwargs != NULL && kwargs == NULL))
        goto done;
    if (positional > 0)
        PyObject_GC_UnTrack(args); /* it is empty while code of the program runs */
    for (Py_ssize_t i = 0; i < positional; i++)
        values[i] = Py_NewRef(PyTuple_GET_ITEM(c->args, i));
    while (kwargs != NULL && PyDict_Next(kwargs, &at, &key, &value)) /* nobody else has this dict */
        values[used++] = Py_NewRef(value);
    if (owned_parcels_claim(values, count) < 0)
        goto done;
    use_values(args, kwargs, values);
    if (positional > 0)
        PyObject_GC_Track(args);
    if (PyErr_Occurred())
        goto done;
    Py_SETREF(c->args, Py_NewRef(args));
    Py_XSETREF(c->kwargs, Py_XNewRef(kwargs));
    result = 0;
done:
    for (Py_ssize_t i = 0; values != NULL && i < count; i++)
        Py_XDECREF(values[i]);
    PyMem_Free(values);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return result;
}

static PyObject *
make_call(task *t, call *c)
{
    if (t->claims && claim_arguments(c) < 0)
        return NULL;
    PyObject *result = PyObject_Call(c->function, c->args, c->kwargs);
    Py_CLEAR(c->args);
    Py_CLEAR(c->kwargs);
    return result;
}

static PyObject *
task_run_here(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    call c;
    if (take_call((task *)self, &c) < 0)
        return NULL;
    PyObject *result = make_call((task *)self, &c);
    drop_call(&c);
    return result;
}

/* The frames of the traceback keep what the call had in its variables: let it go, the lines stay. */
static void
forget_frames(void)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *done = PyObject_CallOneArg(owned_the_state->forget_frames, error);
    if (done == NULL)
        PyErr_WriteUnraisable(NULL);
    Py_XDECREF(done);
    PyErr_SetRaisedException(error);
}

static PyObject *
record_return(PyObject *what, owned_region *made, PyObject *result)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *record = PyObject_CallFunction(owned_the_state->record_return, "OOn", what, result == NULL ? error : result,
                                             Py_REFCNT((PyObject *)made) - 1);
    if (record == NULL)
        PyErr_Clear(); /* nobody can tell then where it came from, which is all */
    PyErr_SetRaisedException(error);
    return record;
}

/* The region departs with all that is in it; whether there is anything is told by the references to it. */
static void
let_go(task *t, PyObject *what, owned_region *made, PyObject *result)
{
    if (Py_REFCNT((PyObject *)made) == 1)
        return;
    PyObject *record = record_return(what, made, result);
    int matters = result == NULL ? 0 : owned_passing_of(result);
    if (matters < 0)
        PyErr_Clear();
    owned_region_depart(made, record);
    if (record != NULL)
        owned_life_step((PyObject *)made, record);
    OWNED_BEGIN_CRITICAL((PyObject *)t);
    t->matters = matters == OWNED_PASSES_MOVED;
    t->record = record;
    t->made = (owned_region *)Py_NewRef((PyObject *)made);
    OWNED_END_CRITICAL();
}

static PyObject *
run_in(owned_region *made, owned_region *outer, task *t, call *c)
{
    owned_region *task_around = owned_this_thread.task;
    made->of_call = 1;
    owned_region_open(made, outer);
    owned_this_thread.task = made;
    PyObject *result = make_call(t, c);
    if (result == NULL)
        forget_frames();
    owned_this_thread.task = task_around;
    owned_region_close_blocks(owned_this_thread.birth, outer);
    let_go(t, c->function, made, result);
    return result;
}

static PyObject *
task_run_apart(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    task *t = (task *)self;
    owned_region *outer = owned_birth_region(), *made = NULL;
    int off = owned_mode_now() == OWNED_MODE_OFF;
    call c;
    if (outer == NULL || (!off && (made = owned_region_new_held(owned_this_thread.info)) == NULL))
        return NULL;
    PyObject *result = NULL;
    if (take_call(t, &c) == 0) {
        result = off ? make_call(t, &c) : run_in(made, outer, t, &c);
        if (off && result == NULL)
            forget_frames();
        drop_call(&c);
    }
    Py_XDECREF((PyObject *)made);
    return result;
}

/* ---- taking the result ---------------------------------------------------------------------------------------- */

static PyObject *
task_arrive(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    task *t = (task *)self;
    owned_region *made;
    PyObject *record;
    if (owned_thread_id() == 0)
        return NULL;
    OWNED_BEGIN_CRITICAL(self);
    made = t->made;
    t->made = NULL;
    record = Py_XNewRef(t->record);
    OWNED_END_CRITICAL();
    if (made != NULL)
        owned_region_arrive(made, record);
    Py_XDECREF((PyObject *)made);
    Py_XDECREF(record);
    return PyBool_FromLong(made != NULL);
}

static PyObject *
task_get_waits(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(owned_load_ptr(&((task *)self)->made) != NULL);
}

static PyObject *
task_get_name(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *function;
    OWNED_BEGIN_CRITICAL(self);
    function = Py_XNewRef(((task *)self)->function);
    OWNED_END_CRITICAL();
    if (function == NULL) {
        PyErr_SetString(PyExc_AttributeError, "this task has run");
        return NULL;
    }
    PyObject *name = PyObject_GetAttr(function, owned_the_state->str___name__);
    Py_DECREF(function);
    return name;
}

PyDoc_STRVAR(task_doc,
"Task(function, args, kwargs=None, unguarded='raise', /)\n--\n\n"
"A call for another thread to make, judged by the thread that hands it out. See owned/_task.py.");

PyDoc_STRVAR(run_doc,
"run_here($self, /)\n--\n\n"
"Make the call on this thread, which claims the parcels among the arguments: what it returns, or raises.");

PyDoc_STRVAR(run_apart_doc,
"run_apart($self, /)\n--\n\n"
"``run_here``, in a region of the task's own, which departs when the call has ended, whether it returned or raised. The\n"
"frames of an exception's traceback are cleared.");

PyDoc_STRVAR(arrive_doc,
"arrive($self, /)\n--\n\n"
"What the task made is this thread's from now on, if no thread was first: True if it was this one, and there was\n"
"something.");

static PyMethodDef task_methods[] = {
    {"run_here", task_run_here, METH_NOARGS, run_doc},
    {"run_apart", task_run_apart, METH_NOARGS, run_apart_doc},
    {"arrive", task_arrive, METH_NOARGS, arrive_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Task[T]: a task that returns a T, for annotations."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef task_getset[] = {
    {"waits", task_get_waits, NULL, PyDoc_STR("True while it made something that no thread has taken."), NULL},
    {"__name__", task_get_name, NULL, PyDoc_STR("The function's."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot task_slots[] = {
    {Py_tp_doc, (void *)task_doc},
    {Py_tp_new, task_new},
    {Py_tp_dealloc, task_dealloc},
    {Py_tp_finalize, task_finalize},
    {Py_tp_traverse, task_traverse},
    {Py_tp_clear, task_clear},
    {Py_tp_methods, task_methods},
    {Py_tp_getset, task_getset},
    {0, NULL},
};

static PyType_Spec task_spec = {
    .name = "owned._core.Task",
    .basicsize = sizeof(task),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = task_slots,
};

int
owned_task_add(PyObject *module)
{
    return owned_state_add_type(module, &owned_the_state->Task, &task_spec, NULL, "Task");
}
