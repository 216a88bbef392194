/* The one place that looks at PY_VERSION_HEX and at the compiler.
 *
 * Everything below is public CPython API or a thin name over a compiler builtin. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_COMPAT_H
#define OWNED_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <stdint.h>

/* ---- compiler ---------------------------------------------------------------------------------------------- */

#if defined(_MSC_VER)
#  include <intrin.h>
#  define OWNED_THREAD_LOCAL __declspec(thread)
#  define OWNED_LIKELY(x) (x)
#  define OWNED_UNLIKELY(x) (x)
#  define OWNED_COLD __declspec(noinline)
#elif defined(__APPLE__)
#  define OWNED_THREAD_LOCAL _Thread_local
#  define OWNED_LIKELY(x) __builtin_expect(!!(x), 1)
#  define OWNED_UNLIKELY(x) __builtin_expect(!!(x), 0)
#  define OWNED_COLD __attribute__((noinline, cold))
#else
/* initial-exec: reading the variable is one instruction relative to the thread pointer, not a call. */
#  define OWNED_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) _Thread_local
#  define OWNED_LIKELY(x) __builtin_expect(!!(x), 1)
#  define OWNED_UNLIKELY(x) __builtin_expect(!!(x), 0)
#  define OWNED_COLD __attribute__((noinline, cold))
#endif

/* ---- atomics: pointers and 64-bit numbers, the orders we use ------------------------------------------------ */

/* load acquires and store releases; add, swap, read and cas are sequentially consistent. */

#if defined(_MSC_VER)
#if defined(_M_ARM64)
static inline uint64_t owned_load_u64(const uint64_t *p) { return __ldar64((unsigned __int64 volatile *)p); }
#else
static inline uint64_t owned_load_u64(const uint64_t *p) { uint64_t v = *(const volatile uint64_t *)p; _ReadWriteBarrier(); return v; }
#endif
static inline void owned_store_u64(uint64_t *p, uint64_t v) { _InterlockedExchange64((volatile __int64 *)p, (__int64)v); }
static inline uint64_t owned_add_u64(uint64_t *p, uint64_t v) { return (uint64_t)_InterlockedExchangeAdd64((volatile __int64 *)p, (__int64)v); }
static inline uint64_t owned_swap_u64(uint64_t *p, uint64_t v) { return (uint64_t)_InterlockedExchange64((volatile __int64 *)p, (__int64)v); }
static inline uint64_t owned_read_u64(const uint64_t *p) { return (uint64_t)_InterlockedCompareExchange64((volatile __int64 *)p, 0, 0); }
static inline int owned_cas_u64(uint64_t *p, uint64_t expected, uint64_t v) { return (uint64_t)_InterlockedCompareExchange64((volatile __int64 *)p, (__int64)v, (__int64)expected) == expected; }
static inline void *owned_load_ptr_(void *const *p) { return (void *)owned_load_u64((const uint64_t *)p); }
static inline void owned_store_ptr_(void **p, void *v) { _InterlockedExchangePointer((void *volatile *)p, v); }
#  define owned_load_ptr(p) owned_load_ptr_((void *const *)(p))
#  define owned_store_ptr(p, v) owned_store_ptr_((void **)(p), (void *)(v))
#else
static inline uint64_t owned_load_u64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void owned_store_u64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline uint64_t owned_add_u64(uint64_t *p, uint64_t v) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }
static inline uint64_t owned_swap_u64(uint64_t *p, uint64_t v) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); }
static inline uint64_t owned_read_u64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
static inline int owned_cas_u64(uint64_t *p, uint64_t expected, uint64_t v) { return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); }
#  define owned_load_ptr(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#  define owned_store_ptr(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#endif

/* For what is only touched under the GIL, if there is one: what happens between two calls that may release it happens at once, and
 * the GIL orders it, so plain loads and stores do. They spare a lock two instructions that cost more than all its others. */
#ifdef Py_GIL_DISABLED
#  define owned_under_gil_cas_u64(p, expected, v) owned_cas_u64(p, expected, v)
#  define owned_under_gil_swap_u64(p, v) ((void)owned_swap_u64(p, v))
#  define owned_under_gil_read_u64(p) owned_read_u64(p)
#else
static inline int
owned_under_gil_cas_u64(uint64_t *p, uint64_t expected, uint64_t v)
{
    if (*p != expected)
        return 0;
    *p = v;
    return 1;
}
#  define owned_under_gil_swap_u64(p, v) ((void)(*(p) = (v)))
#  define owned_under_gil_read_u64(p) (*(p))
#endif

/* ---- the monotonic clock, in nanoseconds ---------------------------------------------------------------------- */

#if PY_VERSION_HEX >= 0x030D0000
static inline int64_t
owned_monotonic_ns(void)
{
    PyTime_t now;
    return PyTime_MonotonicRaw(&now) < 0 ? 0 : now;
}
#elif defined(MS_WINDOWS)
#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>
static inline int64_t
owned_monotonic_ns(void)
{
    return (int64_t)GetTickCount64() * 1000000;
}
#else
#  include <time.h>
static inline int64_t
owned_monotonic_ns(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) < 0 ? 0 : (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
#endif

/* ---- interpreter ------------------------------------------------------------------------------------------- */

/* Critical sections on one or two objects: what guards a region pointer while it is re-pointed. With the GIL they
 * are nothing: no re-pointing calls into Python. Never `return` or `goto` out of one. */
#if PY_VERSION_HEX >= 0x030D0000
#  define OWNED_BEGIN_CRITICAL(op) Py_BEGIN_CRITICAL_SECTION(op)
#  define OWNED_END_CRITICAL() Py_END_CRITICAL_SECTION()
#  define OWNED_BEGIN_CRITICAL2(a, b) Py_BEGIN_CRITICAL_SECTION2(a, b)
#  define OWNED_END_CRITICAL2() Py_END_CRITICAL_SECTION2()
#else
#  define OWNED_BEGIN_CRITICAL(op) {
#  define OWNED_END_CRITICAL() }
#  define OWNED_BEGIN_CRITICAL2(a, b) {
#  define OWNED_END_CRITICAL2() }
#endif

/* A mutex for a few instructions of our own; nothing that is done under one runs Python, blocks or detaches. So none is held
 * in the child of a fork either: os.fork() stops the world first, and a thread stops where it detaches.
 *
 * Not a PyMutex: that is handed over to a thread that has waited for a millisecond, which takes it while it is detached
 * still, and the child of a fork at that moment finds it held for ever by a thread that it does not have (seen). Whoever waits
 * for this one yields the processor instead, which is little: its holder is attached, and about to give it back. */
#ifdef Py_GIL_DISABLED
#  if defined(MS_WINDOWS)
#    define WIN32_LEAN_AND_MEAN
#    include <windows.h>
#    define owned_yield() ((void)SwitchToThread())
#  else
#    include <sched.h>
#    define owned_yield() ((void)sched_yield())
#  endif
typedef uint64_t owned_mutex;

static inline void
owned_mutex_unlock(owned_mutex *m)
{
    owned_store_u64(m, 0);
}

static inline void
owned_mutex_lock(owned_mutex *m)
{
    while (OWNED_UNLIKELY(!owned_cas_u64(m, 0, 1)))
        while (owned_load_u64(m) != 0)
            owned_yield();
}
#else
typedef char owned_mutex;
#  define owned_mutex_lock(m) ((void)(m))
#  define owned_mutex_unlock(m) ((void)(m))
#endif

/* May a fast path read and write an object's fields itself once the check has shown that this thread is alone with it? With
 * the GIL, yes. On a free-threaded build a thread in `with unchecked()` may be there all the same, and a plain load followed by an
 * incref could then take up a dead object: go through CPython's accessors, which are made for that. */
#ifdef Py_GIL_DISABLED
#  define OWNED_DIRECT_FIELDS 0
#else
#  define OWNED_DIRECT_FIELDS 1
#endif

/* Up to 3.12 a slot wrapper such as object.__setattr__ refuses an instance whose type has a tp_setattro of C's (hackcheck in
 * Objects/typeobject.c); from 3.13 on it does not. */
#if PY_VERSION_HEX >= 0x030D0000
#  define OWNED_SETATTR_IS_UNGUARDED 1
#else
#  define OWNED_SETATTR_IS_UNGUARDED 0
#endif

/* Objects that are not counted came with 3.12. What makes one is not public: an immortal object has the count of None; without
 * the GIL, where the count is in two parts, CPython's setter makes immortal what it is given too great a count for. There it
 * works for objects that belong to this thread, as `mine` does, which was made just now; others stay counted. */
#if PY_VERSION_HEX >= 0x030C0000
#  define OWNED_HAS_IMMORTALS 1
static inline void
owned_make_immortal(PyObject *obj, PyObject *mine)
{
#  ifdef Py_GIL_DISABLED
    if (__atomic_load_n(&obj->ob_tid, __ATOMIC_RELAXED) != mine->ob_tid)
        return;
#  endif
    (void)mine;
    if (PyObject_IS_GC(obj) && PyObject_GC_IsTracked(obj))
        PyObject_GC_UnTrack(obj);
#  ifdef Py_GIL_DISABLED
    Py_SET_REFCNT(obj, PY_SSIZE_T_MAX);
#  else
    Py_SET_REFCNT(obj, Py_REFCNT(Py_None));
#    if PY_VERSION_HEX >= 0x030E0000 && SIZEOF_VOID_P > 4
    obj->ob_flags |= Py_None->ob_flags & 1; /* the mark that the interpreter looks at; other code looks at the count */
#    endif
#  endif
}
#else
#  define OWNED_HAS_IMMORTALS 0
#endif

/* Is a variable that is passed on counted once more? From 3.14 on the interpreter knows that the variable outlives the call. */
#if PY_VERSION_HEX >= 0x030E0000
#  define OWNED_VARIABLES_ARE_BORROWED 1
#else
#  define OWNED_VARIABLES_ARE_BORROWED 0
#endif

/* From 3.13 on the interpreter tells whoever asks of each object that it makes and frees. */
#if PY_VERSION_HEX >= 0x030D0000
#  define OWNED_HAS_REF_TRACER
#endif

/* 3.15 has a builtin frozendict. */
#if PY_VERSION_HEX >= 0x030F0000
#  define OWNED_BUILTIN_FROZENDICT
#endif

/* 3.13 gave the member types and flags of structmember.h a prefix. */
#ifndef Py_T_OBJECT_EX
#  define Py_T_OBJECT_EX T_OBJECT_EX
#  define Py_T_INT T_INT
#  define Py_T_ULONGLONG T_ULONGLONG
#  define Py_T_BOOL T_BOOL
#  define Py_T_PYSSIZET T_PYSSIZET
#endif
#ifndef Py_READONLY
#  define Py_READONLY READONLY
#endif

/* Until 3.11 any allocation may collect garbage, in the middle of the making of an object; from 3.12 on none does. */
#if PY_VERSION_HEX < 0x030C0000
static inline int owned_pause_collector(void) { return PyGC_Disable(); }
static inline void owned_resume_collector(int was_on) { if (was_on) PyGC_Enable(); }
#else
static inline int owned_pause_collector(void) { return 0; }
static inline void owned_resume_collector(int was_on) { (void)was_on; }
#endif

/* A number that no two types, and no two versions of one type, have in common; 0 while the type has none. */
static inline uint32_t
owned_type_version(PyTypeObject *type)
{
#if PY_VERSION_HEX < 0x030C0000
    if (!PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG))
        return 0;
#endif
#if defined(_MSC_VER)
    return *(volatile unsigned int *)&type->tp_version_tag;
#else
    return __atomic_load_n(&type->tp_version_tag, __ATOMIC_ACQUIRE);
#endif
}

/* Give the type a version. Before 3.12 looking up an attribute is what does it, and one that is not there runs no code. */
static inline void
owned_type_assign_version(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
    (void)PyUnstable_Type_AssignVersionTag(type);
#else
    PyObject *nothing = PyUnicode_InternFromString("no attribute of any type");
    PyObject *found = nothing == NULL ? NULL : PyType_Type.tp_getattro((PyObject *)type, nothing);
    if (found == NULL)
        PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(nothing);
#endif
}

#if PY_VERSION_HEX < 0x030C0000
static inline PyObject *
PyType_GetDict(PyTypeObject *type)
{
    return Py_XNewRef(type->tp_dict);
}

static inline PyObject *
PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == NULL)
        return NULL;
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_DECREF(type);
    Py_XDECREF(traceback);
    return value;
}

static inline void
PyErr_SetRaisedException(PyObject *error)
{
    if (error == NULL)
        PyErr_Clear();
    else
        PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(error)), error, PyException_GetTraceback(error));
}
#endif

#if PY_VERSION_HEX < 0x030D0000
static inline int
PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **result)
{
    *result = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *result != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
}

static inline int
PyWeakref_GetRef(PyObject *ref, PyObject **result)
{
    PyObject *target = PyWeakref_GetObject(ref);
    if (target == NULL)
        return -1;
    *result = target == Py_None ? NULL : Py_NewRef(target);
    return *result != NULL;
}
#endif

/* PyMemberDescrObject is public (cpython/descrobject.h) on every version we support: name, type, PyMemberDef. */

/* What the files share is shared with nobody else: calls between them need no indirection. */
#if !defined(_MSC_VER)
#  pragma GCC visibility push(hidden)
#endif

#endif
