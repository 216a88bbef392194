/* The module's state, and the conventions of this code.
 *
 * - int functions: -1 with an error set, 0 or 1 as an answer. Pointers: new references unless the name ends in _borrowed.
 * - One instance per process: the module refuses to be executed twice. That is what lets the thread-local birth region be a
 *   plain pointer and lets any function find its types by one load. The state is traversed and cleared as usual.
 * - Files: one service or one type each. `owned_<noun>_<verb>` is shared between files, other names are static. */
// SPDX-License-Identifier: MIT
#ifndef OWNED_STATE_H
#define OWNED_STATE_H

#include "region.h"

/* Every Python object the C code keeps for the life of the module. One list: visit, clear and init follow from it. */
#define OWNED_STATE_TYPES(X) /* made from specs */                                                                     \
    X(Region) X(ThreadInfo) X(TaskInfo) X(Tenure) X(Parcel) X(Task) X(Unchecked)                                       \
    X(Owned) X(CheckedSlot) X(GuardedMethod) X(WrappedMethod)                                                          \
    X(List) X(Dict) X(Set) X(ContainerIterator) X(DictKeys) X(DictValues) X(DictItems)                                 \
    X(Lock) X(RLock) X(RWLock) X(ReadSide) X(WriteSide)                                                                \
    X(Channel) X(ChannelToken)                                                                                         \
    X(AtomicInt) X(AtomicRef) X(Once) X(Lazy)                                                                          \
    X(Condition) X(Semaphore) X(BoundedSemaphore) X(CompoundLock)                                                      \
    X(Wrapper)                                                                                                         \
    X(FrozenBase) X(FrozenPlain) X(FrozenField) X(GuardedSlot) X(FreezePlan) X(FrozenDict)

#define OWNED_STATE_IMPORTS(X) /* field, module, name: taken once when the module is executed */                       \
    X(make_violation, "owned._violations", "make_violation")                                                           \
    X(make_refusal, "owned._violations", "make_refusal")                                                               \
    X(describe_stub, "owned._violations", "describe_stub")                                                             \
    X(make_lock_violation, "owned._lock_violations", "make_lock_violation")                                            \
    X(make_rwlock_violation, "owned._lock_violations", "make_rwlock_violation")                                        \
    X(verify_held, "owned._requires", "verify_held")                                                                   \
    X(passing_of, "owned._passing", "passing_of")                                                                      \
    X(admit, "owned._task", "admit")                                                                                   \
    X(forget_frames, "owned._task", "forget_frames")                                                                   \
    X(record_return, "owned._task", "record_return")                                                                   \
    X(warn_of_unclaimed, "owned._task", "warn_of_unclaimed")                                                           \
    X(refuse_to_keep, "owned._atomics", "refusal")                                                                     \
    X(about_to_wait, "owned._waits", "about_to_wait")                                                                  \
    X(tell_watcher, "owned._watch", "tell")                                                                            \
    X(judge_lock_order, "owned._strict", "judge_lock_order")                                                           \
    X(foreign_lock_probe, "owned._foreign_locks", "probe")                                                             \
    X(foreign_lock_refusal, "owned._foreign_locks", "not_ours")                                                        \
    X(make_turnover, "owned._waits", "Turnover")                                                                       \
    X(make_notification, "owned._waits", "Notification")                                                               \
    X(make_permit_violation, "owned._permits", "make_permit_violation")                                                \
    X(make_record, "owned._records", "make_record")                                                                    \
    X(make_birth, "owned._records", "make_birth")                                                                      \
    X(here, "owned._records", "HERE")                                                                                  \
    X(check_stored, "owned._strict", "check_stored")                                                                   \
    X(check_wrapped, "owned._strict", "check_wrapped")                                                                 \
    X(check_shared, "owned._strict", "check_shared")                                                                   \
    X(check_joining, "owned._strict", "check_joining")                                                                 \
    X(synchronized_types, "owned._known_types", "SYNCHRONIZED")                                                        \
    X(OwnershipError, "owned.errors", "OwnershipError")                                                                \
    X(WrongThreadError, "owned.errors", "WrongThreadError")                                                            \
    X(LockNotHeldError, "owned.errors", "LockNotHeldError")                                                            \
    X(LockOrderError, "owned.errors", "LockOrderError")                                                                \
    X(FrozenError, "owned.errors", "FrozenError")                                                                      \
    X(MovedError, "owned.errors", "MovedError")                                                                        \
    X(FreezeError, "owned.errors", "FreezeError")                                                                      \
    X(off_share, "owned._off", "share")                                                                                \
    X(off_lock_to_take, "owned._off", "lock_to_take")                                                                  \
    X(task_now, "owned._async_tasks", "now")                                                                           \
    X(task_has_ended, "owned._async_tasks", "has_ended")                                                               \
    X(describe_thread, "owned._threads", "describe_thread")                                                            \
    X(info_of_thread, "owned._threads", "info_of_thread")                                                              \
    X(Thread, "threading", "Thread")                                                                                   \
    X(get_objects, "gc", "get_objects")                                                                                \
    X(collect, "gc", "collect")                                                                                        \
    X(Empty, "queue", "Empty")                                                                                         \
    X(Full, "queue", "Full")                                                                                           \
    X(ChannelClosed, "owned.errors", "ChannelClosed")                                                                  \
    X(make_channel_record, "owned._records", "make_channel_record")                                                    \
    X(refuse_unguarded, "owned._channels", "refuse_unguarded")                                                         \
    X(warn_unclaimed, "owned._channels", "warn_unclaimed")                                                             \
    X(partial, "functools", "partial")                                                                                 \
    X(init_subclass, "owned._classes", "init_subclass")                                                                \
    X(prepare_class, "owned._classes", "prepare")                                                                      \
    X(finish_class, "owned._classes", "finish")                                                                        \
    X(get_state, "owned._classes", "get_state")                                                                        \
    X(copy, "copy", "copy")                                                                                            \
    X(deepcopy, "copy", "deepcopy")                                                                                    \
    X(MethodWrapper, "types", "MethodWrapperType")                                                                     \
    X(plan_for, "owned._frozen", "plan_for")                                                                           \
    X(never_frozen, "owned._frozen", "never_frozen")                                                                   \
    X(is_never_frozen, "owned._frozen", "is_never_frozen")                                                             \
    X(address_parcel, "owned._parcels", "address")                                                                     \
    X(adopt_parcel, "owned._parcels", "adopt")                                                                         \
    X(may_claim_parcel, "owned._parcels", "may_claim")                                                                 \
    X(parcel_is_gone, "owned._parcels", "is_gone")                                                                     \
    X(reduce_parcel, "owned._parcels", "reduce")                                                                       \
    X(unpack_parcel, "owned._parcels", "unpack")                                                                       \
    X(warn_unclaimed_parcel, "owned._parcels", "warn_unclaimed")                                                       \
    X(refuse_pickling_lock, "owned._travel", "refuse_lock")                                                            \
    X(reduce_frozen, "owned._frozen_pickle", "reduce_frozen")                                                          \
    X(reduce_frozen_wrapper, "owned._frozen_pickle", "reduce_frozen_wrapper")                                          \
    X(dir_frozen, "owned._frozen", "dir_frozen")                                                                       \
    X(cached_property, "functools", "cached_property")

#define OWNED_STATE_NAMES(X) /* interned strings */                                                                    \
    X(__class__) X(__dict__) X(__init_subclass__) X(__del__)                                                           \
    X(__freeze_plan__) X(__name__) X(__qualname__) X(acquire) X(release)                                               \
    X(fget) X(fset) X(fdel) X(__owned_unlocked__) X(__orig_class__) X(__missing__)                                     \
    X(raise) X(wrap) X(pass)                                                                                           \
    X(locked) X(_is_owned) X(_release_save) X(_acquire_restore) X(_at_fork_reinit) X(_recursion_count)

typedef struct owned_state {
#define X(name) PyTypeObject *name;
    OWNED_STATE_TYPES(X)
#undef X
#define X(field, module, name) PyObject *field;
    OWNED_STATE_IMPORTS(X)
#undef X
#define X(text) PyObject *str_##text;
    OWNED_STATE_NAMES(X)
#undef X
    PyObject *threads;        /* dict: id -> ThreadInfo of every thread that lives, or ended holding a lock */
    PyObject *wrapper_types;  /* dict: capabilities -> the type of wrappers that have them */
    PyObject *wrapper_names;  /* tuple: the names of the special methods of wrappers, by capability */
    PyObject *tenure_key;     /* the key of a Tenure in a thread-state dict */
    PyObject *foreign_regions; /* dict: address of a foreign lock -> weak reference to its region; see foreign_lock.c */
    owned_mutex foreign_mutex;
    PyObject *class_descriptor; /* object.__dict__["__class__"] */
    owned_region *pool;       /* dead plain regions, linked by `forward` */
    owned_mutex pool_mutex;
    PyTypeObject *wrapper_of_method; /* borrowed from wrapper_types: of bound methods, or NULL still; atomic */
    PyObject *spare_methods; /* dead wrappers of bound methods, linked by `wrapped`; see wrapper_make.c */
    size_t spare_methods_used;
} owned_state;

extern owned_state *owned_the_state;

/* Fill a zeroed state; what was taken before a failure is given back by owned_state_clear. */
int owned_state_init(owned_state *state);
int owned_state_traverse(owned_state *state, visitproc visit, void *arg);
void owned_state_clear(owned_state *state);

/* Make a type from `spec`, put it into *slot and, unless `name` is NULL, into the module as `name`. 0 or -1. */
int owned_state_add_type(PyObject *module, PyTypeObject **slot, PyType_Spec *spec, PyObject *bases, const char *name);

#endif
