/* The races that were found, each once per pair of places in the program, and per variable's group. */
// SPDX-License-Identifier: MIT
#include "shadow.h"
#include "classify.h"

typedef struct race {
    struct race *next;
    uint64_t low, high; /* its two places, in either order */
    audit_hit hit;
    uint64_t count;
    char *type, *name; /* of the object, and of the key; NULL: as the group says */
} race;

#define BUCKETS 1024
#define RACES_MOST 20000

static race *races[BUCKETS];
static race *order[RACES_MOST]; /* as they were found */
static size_t used;
static owned_mutex mutex;

static race *
find(uint64_t low, uint64_t high, const audit_hit *hit)
{
    for (race *r = races[audit_mix(low ^ high) % BUCKETS]; r != NULL; r = r->next)
        if (r->low == low && r->high == high && r->hit.group == hit->group)
            return r;
    return NULL;
}

static char *
copy_text(PyObject *text)
{
    Py_ssize_t length = 0;
    const char *utf8 = text == NULL ? NULL : PyUnicode_AsUTF8AndSize(text, &length);
    char *copy = utf8 == NULL ? NULL : PyMem_RawMalloc((size_t)length + 1);
    if (utf8 == NULL)
        PyErr_Clear();
    if (copy != NULL)
        memcpy(copy, utf8, (size_t)length + 1);
    return copy;
}

static char *
copy_shown(const char *text)
{
    size_t length = strlen(text);
    char *copy = length == 0 ? NULL : PyMem_RawMalloc(length + 1);
    if (copy != NULL)
        memcpy(copy, text, length + 1);
    return copy;
}

#define KEY_SHOWN 60

/* The repr of what has a repr of its own type's; otherwise the type. */
static char *
describe_key(PyObject *key)
{
    int scalar = PyUnicode_CheckExact(key) || PyLong_CheckExact(key) || PyFloat_CheckExact(key) || PyBytes_CheckExact(key) ||
                 PyBool_Check(key) || key == Py_None;
    PyObject *type = scalar ? NULL : audit_type_name(Py_TYPE(key));
    PyObject *text = scalar ? PyObject_Repr(key) : type == NULL ? NULL : PyUnicode_FromFormat("<%U>", type);
    Py_XDECREF(type);
    if (text != NULL && PyUnicode_GET_LENGTH(text) > KEY_SHOWN) {
        PyObject *start = PyUnicode_Substring(text, 0, KEY_SHOWN);
        Py_SETREF(text, start == NULL ? NULL : PyUnicode_FromFormat("%U...", start));
        Py_XDECREF(start);
    }
    char *copy = copy_text(text);
    Py_XDECREF(text);
    return copy;
}

static PyObject *race_told(const race *r, const audit_hit *hit, uint64_t count);

/* Whoever wants to know at once, so that a crash a moment later loses nothing. */
static void
tell_at_once(const race *r, const audit_hit *hit)
{
    PyObject *listener = audit_listener(), *told = listener == NULL ? NULL : race_told(r, hit, 1);
    PyObject *result = told == NULL ? NULL : PyObject_CallOneArg(listener, told);
    if (result == NULL)
        PyErr_Clear();
    Py_XDECREF(result);
    Py_XDECREF(told);
    Py_XDECREF(listener);
}

static uint64_t
site_of(const audit_record *record)
{
    return record->stack == NULL ? 0 : record->stack->site;
}

void
audit_race_found(const audit_hit *hit, const audit_target *target)
{
    uint64_t a = site_of(&hit->earlier), b = site_of(&hit->later);
    uint64_t low = Py_MIN(a, b), high = Py_MAX(a, b);
    PyObject *error = PyErr_GetRaisedException(); /* of a call that has failed, and is told of */
    PyObject *type = audit_type_name(Py_TYPE(target->obj));
    char *type_text = copy_text(type);
    char *name_text = hit->sort != AUDIT_ITEM ? NULL : target->name != NULL ? describe_key(target->name) : copy_shown(hit->key);
    Py_XDECREF(type);
    race *made = PyMem_RawCalloc(1, sizeof(race));
    owned_mutex_lock(&mutex);
    race *r = find(low, high, hit);
    int first = r == NULL && made != NULL && used < RACES_MOST, more_certain = r != NULL && hit->certain && !r->hit.certain;
    if (first) {
        r = made;
        r->low = low;
        r->high = high;
        race **bucket = &races[audit_mix(low ^ high) % BUCKETS];
        r->next = *bucket;
        *bucket = r;
        order[used++] = r;
        made = NULL;
    }
    if (first) {
        r->type = type_text;
        r->name = name_text;
        type_text = name_text = NULL;
    }
    if (first || more_certain)
        r->hit = *hit;
    if (r != NULL)
        r->count++;
    owned_mutex_unlock(&mutex);
    PyMem_RawFree(type_text);
    PyMem_RawFree(name_text);
    PyMem_RawFree(made);
    if (first || more_certain) {
        owned_mutex_lock(&hit->group->mutex);
        hit->group->races += (uint64_t)(hit->certain != 0);
        hit->group->possible += (uint64_t)(first && !hit->certain);
        hit->group->possible -= (uint64_t)(more_certain != 0);
        owned_mutex_unlock(&hit->group->mutex);
        tell_at_once(r, hit);
    }
    PyErr_SetRaisedException(error);
}

/* ---- for those who ask -------------------------------------------------------------------------------------- */

static PyObject *
access_told(const audit_record *record, const char *name)
{
    const char *kind = record->kinds & (AUDIT_WRITE | AUDIT_WRITE_ITEM | AUDIT_REWRITE)
                           ? record->kinds & (AUDIT_READ | AUDIT_LENGTH | AUDIT_ALL | AUDIT_READ_ITEM) ? "update" : "write"
                       : record->kinds & (AUDIT_ATOMIC | AUDIT_GROW | AUDIT_CHANGE) ? "atomic"
                                                                                   : "read";
    PyObject *operation = audit_operation_told(record->operation, name);
    PyObject *thread = audit_thread_told(record->thread);
    PyObject *locks = audit_lockset_told(record->locks);
    PyObject *stack = audit_stack_told(record->stack);
    if (operation == NULL || thread == NULL || locks == NULL || stack == NULL) {
        Py_XDECREF(operation);
        Py_XDECREF(thread);
        Py_XDECREF(locks);
        Py_XDECREF(stack);
        return NULL;
    }
    return Py_BuildValue("(sNNNN)", kind, operation, thread, locks, stack);
}

static PyObject *
race_told(const race *r, const audit_hit *hit, uint64_t count) /* of a race, its texts only, which never change */
{
    const char *group_name = audit_group_name(hit->group);
    const char *name = hit->sort == AUDIT_ITEM ? (r->name == NULL ? "?" : r->name) : group_name;
    PyObject *made = audit_stack_told(hit->made);
    PyObject *maker = audit_thread_name(hit->maker);
    PyObject *earlier = access_told(&hit->earlier, group_name);
    PyObject *later = access_told(&hit->later, group_name);
    if (made == NULL || maker == NULL || earlier == NULL || later == NULL) {
        Py_XDECREF(made);
        Py_XDECREF(maker);
        Py_XDECREF(earlier);
        Py_XDECREF(later);
        return NULL;
    }
    return Py_BuildValue("(N(sssKsNN)NNK)", PyBool_FromLong(hit->certain), audit_sort_name(hit->sort), hit->group->owner, name,
                         (unsigned long long)hit->object, r->type == NULL ? "?" : r->type, made, maker, earlier, later,
                         (unsigned long long)count);
}

PyObject *
audit_races_told(void)
{
    PyObject *told = PyList_New(0);
    for (size_t i = 0; told != NULL; i++) {
        owned_mutex_lock(&mutex);
        race *r = i < used ? order[i] : NULL, copy = {0};
        if (r != NULL)
            copy = *r;
        owned_mutex_unlock(&mutex);
        if (r == NULL)
            break;
        PyObject *one = race_told(&copy, &copy.hit, copy.count);
        if (one == NULL || PyList_Append(told, one) < 0)
            Py_CLEAR(told);
        Py_XDECREF(one);
    }
    return told;
}

void
audit_races_clear(void)
{
    for (size_t i = 0; i < used; i++) {
        PyMem_RawFree(order[i]->type);
        PyMem_RawFree(order[i]->name);
        PyMem_RawFree(order[i]);
    }
    used = 0;
    memset(races, 0, sizeof(races));
}
