/* region.merge(other): `other` forwards to the region, as it would to a lock that it is shared under. */
// SPDX-License-Identifier: MIT
#include "life.h"
#include "state.h"
#include "verbs.h"

static const owned_access merging = {OWNED_VERB, "merge", NULL, 1};

/* 0 if what `obj`'s region (resolved) holds may go into another one, -1 with an error set. */
static int
check_goes(PyObject *obj, owned_region *region)
{
    owned_region_state state = owned_region_state_of(region);
    if (state == OWNED_SHARED || state == OWNED_FROZEN)
        return owned_refuse(owned_the_state->OwnershipError, "merge", obj, "the other Region is %s, and stays so for life",
                            state == OWNED_SHARED ? "shared under its own lock" : "frozen");
    if (!owned_region_is_mine(region)) {
        owned_violation(obj, region, &merging, NULL);
        return -1;
    }
    return owned_verb_refuse_open("merge", region);
}

/* 0 if `obj`'s region (resolved, *region, a reference of the caller's) takes more in, -1 with an error set. */
static int
check_takes(PyObject *obj, owned_region **region)
{
    int answer = owned_check(obj, region, &merging, NULL);
    if (answer != OWNED_ALLOWED) /* which a thread gets that goes unchecked */
        return answer == OWNED_ALONE ? 0 : -1;
    if (owned_region_state_of(*region) == OWNED_SHARED)
        return 0;
    owned_violation(obj, *region, &merging, NULL);
    return -1;
}

static int
merge(PyObject *into, owned_region **to, PyObject *other, owned_region *from)
{
    if (check_goes(other, from) < 0 || check_takes(into, to) < 0)
        return -1;
    PyObject *record = owned_verb_record("merge", other, 1);
    if (record == NULL)
        return -1;
    owned_life_step((PyObject *)from, record);
    owned_region_forward(from, *to);
    Py_DECREF(record);
    return 0;
}

PyObject *
owned_region_merge(PyObject *self, PyObject *other)
{
    if (!Py_IS_TYPE(other, owned_the_state->Region)) {
        PyErr_Format(PyExc_TypeError, "`other` must be a Region, got %.200s", Py_TYPE(other)->tp_name);
        return NULL;
    }
    if (owned_thread_id() == 0)
        return NULL;
    owned_mode_rely();
    owned_region *to = owned_region_resolve((owned_region *)self), *from = owned_region_resolve((owned_region *)other);
    int off = owned_mode_now() == OWNED_MODE_OFF && !(owned_region_is_mine(to) && owned_region_is_mine(from));
    int result = to == from || off ? 0 : merge(self, &to, other, from);
    Py_DECREF((PyObject *)to);
    Py_DECREF((PyObject *)from);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}
