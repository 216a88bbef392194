/* How long a call may wait. */
// SPDX-License-Identifier: MIT
#include "timeout.h"

#include <math.h>

#define NS_PER_SECOND 1000000000LL

static int
too_large(void)
{
    PyErr_SetString(PyExc_OverflowError, "timeout value is too large");
    return -1;
}

/* Seconds to nanoseconds, rounded away from zero; the sign is the caller's business. As in 3.15, anything with __float__ or
 * __index__ will do. */
static int
parse_seconds(PyObject *seconds, int64_t *ns)
{
    if (PyLong_Check(seconds)) {
        int overflow;
        long long whole = PyLong_AsLongLongAndOverflow(seconds, &overflow);
        if (overflow != 0 || whole > INT64_MAX / NS_PER_SECOND || whole < INT64_MIN / NS_PER_SECOND)
            return too_large();
        *ns = whole * NS_PER_SECOND;
        return 0;
    }
    double d = PyFloat_AsDouble(seconds);
    if (d == -1.0 && PyErr_Occurred())
        return -1;
    if (isnan(d)) {
        PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
        return -1;
    }
    d *= (double)NS_PER_SECOND;
    d = d < 0 ? floor(d) : ceil(d);
    if (!(d >= (double)INT64_MIN && d < -(double)INT64_MIN))
        return too_large();
    *ns = (int64_t)d;
    return 0;
}

int
owned_timeout_parse_optional(PyObject *seconds, int64_t *timeout)
{
    if (seconds == Py_None) {
        *timeout = OWNED_FOR_EVER;
        return 0;
    }
    if (parse_seconds(seconds, timeout) < 0)
        return -1;
    if (*timeout < 0)
        *timeout = 0;
    return *timeout / 1000 > PY_TIMEOUT_MAX ? too_large() : 0;
}

static int
parse_acquire(PyObject *args, PyObject *kwargs, int64_t *timeout)
{
    static char *keywords[] = {"blocking", "timeout", NULL};
    const int64_t unset = -NS_PER_SECOND;
    int blocking = 1;
    PyObject *seconds = NULL;
    int64_t ns = unset;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:acquire", keywords, &blocking, &seconds))
        return -1;
    if (seconds != NULL && parse_seconds(seconds, &ns) < 0)
        return -1;
    if (!blocking && ns != unset) {
        PyErr_SetString(PyExc_ValueError, "can't specify a timeout for a non-blocking call");
        return -1;
    }
    if (ns < 0 && ns != unset) {
        PyErr_SetString(PyExc_ValueError, "timeout value must be a non-negative number");
        return -1;
    }
    if (ns / 1000 > PY_TIMEOUT_MAX)
        return too_large();
    *timeout = !blocking ? 0 : ns == unset ? OWNED_FOR_EVER : ns;
    return 0;
}

/* The common call has no arguments, and takes this road for nothing but the test. The others borrow CPython's parser,
 * with its messages. */
int
owned_timeout_parse_acquire(PyObject *const *args, Py_ssize_t nargs, PyObject *names, int64_t *timeout)
{
    *timeout = OWNED_FOR_EVER;
    if (nargs == 0 && names == NULL)
        return 0;
    int result = -1;
    PyObject *kwargs = NULL;
    PyObject *positional = PyTuple_New(nargs);
    if (positional == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < nargs; i++)
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    if (names != NULL) {
        if ((kwargs = PyDict_New()) == NULL)
            goto done;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++)
            if (PyDict_SetItem(kwargs, PyTuple_GET_ITEM(names, i), args[nargs + i]) < 0)
                goto done;
    }
    result = parse_acquire(positional, kwargs, timeout);
done:
    Py_XDECREF(positional);
    Py_XDECREF(kwargs);
    return result;
}

int
owned_timeout_parse_queue(PyObject *block, PyObject *seconds, int64_t *timeout)
{
    int blocks = block == NULL ? 1 : PyObject_IsTrue(block);
    if (blocks < 0)
        return -1;
    *timeout = blocks ? OWNED_FOR_EVER : 0;
    if (!blocks || seconds == NULL || seconds == Py_None)
        return 0;
    if (parse_seconds(seconds, timeout) < 0)
        return -1;
    if (*timeout < 0) {
        PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
        return -1;
    }
    return *timeout / 1000 > PY_TIMEOUT_MAX ? too_large() : 0;
}

int64_t
owned_timeout_deadline(int64_t timeout)
{
    if (timeout == OWNED_FOR_EVER)
        return INT64_MAX;
    int64_t now = owned_monotonic_ns();
    return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

int64_t
owned_timeout_left(int64_t deadline)
{
    if (deadline == INT64_MAX)
        return INT64_MAX;
    int64_t left = deadline - owned_monotonic_ns();
    return left > 0 ? left : 0;
}
