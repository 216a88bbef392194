/* Every slot and special method of a wrapper, in one table: functions, types and capabilities follow from it.
 *
 * A row is X(kind, slot, delegate, operation, capability). The kind says how the slot delegates:
 *
 *     operator   nb_<slot> and nb_inplace_<slot>, through PyNumber_<delegate> and PyNumber_InPlace<delegate>
 *     binary     either operand may be the wrapper; the result goes through the membrane
 *     unary      one operand; the result goes through the membrane
 *     convert    one operand; the result must be what its protocol asks for and stays bare
 *     length     a Py_ssize_t
 *     special    a special method that the type of the inside has: READS or WRITES in place of a delegate
 *     written    a function of wrapper.c by that name
 *     method     the same for a method, with its calling convention in place of a capability: the type of the inside has one
 *
 * A wrapper's type has a row's slot only where the type of what it wraps has the capability: a slot that is there cannot pretend
 * to be absent (callable(), isinstance(x, Iterable), a class attribute that is a descriptor). */
// SPDX-License-Identifier: MIT
#ifndef OWNED_WRAPPER_SLOTS_H
#define OWNED_WRAPPER_SLOTS_H

#include "compat.h"

#define OWNED_WRAPPER_SLOTS(X)                                                                                         \
    X(operator, add, Add, "+", ALWAYS)                                                                                 \
    X(operator, subtract, Subtract, "-", ALWAYS)                                                                       \
    X(operator, multiply, Multiply, "*", ALWAYS)                                                                       \
    X(operator, matrix_multiply, MatrixMultiply, "@", ALWAYS)                                                          \
    X(operator, true_divide, TrueDivide, "/", ALWAYS)                                                                  \
    X(operator, floor_divide, FloorDivide, "//", ALWAYS)                                                               \
    X(operator, remainder, Remainder, "%", ALWAYS)                                                                     \
    X(operator, lshift, Lshift, "<<", ALWAYS)                                                                          \
    X(operator, rshift, Rshift, ">>", ALWAYS)                                                                          \
    X(operator, and, And, "&", ALWAYS)                                                                                 \
    X(operator, or, Or, "|", ALWAYS)                                                                                   \
    X(operator, xor, Xor, "^", ALWAYS)                                                                                 \
    X(binary, nb_divmod, PyNumber_Divmod, "divmod()", ALWAYS)                                                          \
    X(written, nb_power, wrapper_power, "**", ALWAYS)                                                                  \
    X(written, nb_inplace_power, wrapper_inplace_power, "**=", ALWAYS)                                                 \
    X(unary, nb_negative, PyNumber_Negative, "unary -", ALWAYS)                                                        \
    X(unary, nb_positive, PyNumber_Positive, "unary +", ALWAYS)                                                        \
    X(unary, nb_absolute, PyNumber_Absolute, "abs()", ALWAYS)                                                          \
    X(unary, nb_invert, PyNumber_Invert, "~", ALWAYS)                                                                  \
    X(written, nb_bool, owned_wrapper_bool, "bool()", ALWAYS)                                                          \
    X(convert, nb_int, PyNumber_Long, "int()", INT)                                                                    \
    X(convert, nb_float, PyNumber_Float, "float()", FLOAT)                                                             \
    X(convert, nb_index, PyNumber_Index, "index", INDEX)                                                               \
                                                                                                                       \
    X(length, sq_length, PyObject_Size, "len()", SQ_LENGTH)                                                            \
    X(length, mp_length, PyObject_Size, "len()", MP_LENGTH)                                                            \
    X(written, sq_item, wrapper_sq_item, "[]", SEQUENCE)                                                               \
    X(written, sq_ass_item, wrapper_sq_ass_item, "[]", SQ_ASSIGN)                                                      \
    X(written, sq_contains, wrapper_contains, "in", CONTAINS)                                                          \
    X(written, mp_subscript, wrapper_subscript, "[]", SUBSCRIPT)                                                       \
    X(written, mp_ass_subscript, wrapper_ass_subscript, "[]", ASSIGN)                                                  \
                                                                                                                       \
    X(written, tp_iter, wrapper_iter, "iteration", ITER)                                                               \
    X(written, tp_iternext, wrapper_next, "iteration", NEXT)                                                           \
    X(written, tp_iternext, wrapper_next_bare, "iteration", NEXT_BARE)                                                 \
    X(written, am_send, wrapper_send, "iteration", SEND)                                                               \
    X(written, am_send, wrapper_send_bare, "iteration", SEND_BARE)                                                     \
    X(written, am_await, wrapper_await, "await", AWAIT)                                                                \
    X(unary, am_aiter, PyObject_GetAIter, "aiter()", AITER)                                                            \
    X(written, am_anext, wrapper_anext, "async iteration", ANEXT)                                                      \
                                                                                                                       \
    X(written, tp_call, wrapper_call, "()", CALL)                                                                      \
    X(written, tp_call, PyVectorcall_Call, "()", METHOD)                                                               \
    X(written, tp_descr_get, wrapper_descr_get, "__get__", GET)                                                        \
    X(written, tp_descr_set, wrapper_descr_set, "__set__", SET)                                                        \
    X(written, bf_getbuffer, owned_wrapper_getbuffer, "buffer", BUFFER)                                                \
                                                                                                                       \
    X(written, tp_getattro, wrapper_getattro, ".", ALWAYS)                                                             \
    X(written, tp_setattro, wrapper_setattro, ".", ALWAYS)                                                             \
    X(written, tp_richcompare, owned_wrapper_richcompare, "==", ALWAYS)                                                \
    X(written, tp_hash, owned_wrapper_hash, "hash()", HASH)                                                            \
    X(written, tp_hash, PyObject_HashNotImplemented, "hash()", NO_HASH)                                                \
    X(written, tp_repr, owned_wrapper_repr, "repr()", ALWAYS)                                                          \
    X(written, tp_str, owned_wrapper_str, "str()", ALWAYS)                                                             \
    X(written, tp_members, weakref_members, "weakref", WEAKREF)                                                        \
    X(written, tp_members, vectorcall_members, "()", METHOD)                                                           \
    X(written, tp_traverse, owned_wrapper_traverse, "gc", ALWAYS)                                                      \
    X(written, tp_clear, owned_wrapper_clear, "gc", UNLISTED)                                                          \
    X(written, tp_clear, owned_wrapper_clear, "gc", METHOD)                                                            \
    X(written, tp_clear, owned_wrapper_clear_listed, "gc", LISTED)                                                     \
    X(written, tp_dealloc, owned_wrapper_dealloc, "gc", UNLISTED)                                                      \
    X(written, tp_dealloc, owned_wrapper_dealloc_method, "gc", METHOD)                                                 \
    X(written, tp_dealloc, owned_wrapper_dealloc_listed, "gc", LISTED)                                                 \
                                                                                                                       \
    X(method, __dir__, owned_wrapper_dir, "dir()", METH_NOARGS)                                                        \
    X(method, __format__, owned_wrapper_format, "format()", METH_O)                                                    \
    X(method, __copy__, owned_wrapper_copy, "copy()", METH_NOARGS)                                                     \
    X(method, __deepcopy__, owned_wrapper_deepcopy, "deepcopy()", METH_O)                                              \
    X(method, __reduce__, owned_wrapper_reduce, "pickle", METH_NOARGS)                                                 \
    X(method, __reduce_ex__, owned_wrapper_reduce_ex, "pickle", METH_O)                                                \
    X(method, __bytes__, owned_wrapper_bytes, "bytes()", METH_NOARGS)                                                  \
    X(method, __instancecheck__, owned_wrapper_instancecheck, "isinstance()", METH_O)                                  \
    X(method, __subclasscheck__, owned_wrapper_subclasscheck, "issubclass()", METH_O)                                  \
    X(special, __complex__, READS, "complex()", SPECIAL)                                                               \
    X(special, __round__, READS, "round()", SPECIAL)                                                                   \
    X(special, __floor__, READS, "floor()", SPECIAL)                                                                   \
    X(special, __ceil__, READS, "ceil()", SPECIAL)                                                                     \
    X(special, __trunc__, READS, "trunc()", SPECIAL)                                                                   \
    X(special, __reversed__, READS, "reversed()", SPECIAL)                                                             \
    X(special, __length_hint__, READS, "length_hint()", SPECIAL)                                                       \
    X(special, __fspath__, READS, "fspath()", SPECIAL)                                                                 \
    X(special, __enter__, WRITES, "with", SPECIAL)                                                                     \
    X(special, __exit__, WRITES, "with", SPECIAL)                                                                      \
    X(special, __aenter__, WRITES, "async with", SPECIAL)                                                              \
    X(special, __aexit__, WRITES, "async with", SPECIAL)                                                               \
    X(special, __set_name__, WRITES, "__set_name__", SPECIAL)

/* What the type of an inside can do. The special methods and methods of the table are capabilities too, by their names. */
#define OWNED_WRAPPER_CAPABILITIES(X)                                                                                  \
    X(ALWAYS)                                                                                                          \
    X(INT) X(FLOAT) X(INDEX)                                                                                           \
    X(SQ_LENGTH) X(MP_LENGTH) X(SEQUENCE) X(SQ_ASSIGN) X(CONTAINS) X(SUBSCRIPT) X(ASSIGN)                              \
    X(ITER) X(NEXT) X(NEXT_BARE) X(SEND) X(SEND_BARE) X(AWAIT) X(AITER) X(ANEXT)                                       \
    X(CALL) X(METHOD) X(GET) X(SET) X(BUFFER) X(HASH) X(NO_HASH) X(WEAKREF)                                            \
    X(LISTED) X(UNLISTED)                                                                                              \
    X(MATCHES_SEQUENCE) X(MATCHES_MAPPING) /* for `case [...]` and `case {...}` */

enum {
#define X(name) OWNED_CAN_##name,
    OWNED_WRAPPER_CAPABILITIES(X)
#undef X
#define OWNED_CAPABILITY_operator(name)
#define OWNED_CAPABILITY_binary(name)
#define OWNED_CAPABILITY_unary(name)
#define OWNED_CAPABILITY_convert(name)
#define OWNED_CAPABILITY_length(name)
#define OWNED_CAPABILITY_written(name)
#define OWNED_CAPABILITY_special(name) OWNED_CAN_##name,
#define OWNED_CAPABILITY_method(name) OWNED_CAN_##name,
#define X(kind, slot, delegate, operation, capability) OWNED_CAPABILITY_##kind(slot)
    OWNED_WRAPPER_SLOTS(X)
#undef X
    OWNED_CAPABILITIES_END
};

/* One entry of a wrapper's type: a slot by its number, or a method. */
typedef struct {
    int capability;
    int slot; /* 0: a method */
    void *function;
    PyMethodDef method;
} owned_wrapper_row;

extern const owned_wrapper_row owned_wrapper_rows[]; /* ends with capability -1 */

#endif
