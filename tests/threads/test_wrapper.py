# SPDX-License-Identifier: MIT
"""No way into a wrapper is unchecked: what is tried is derived from its types, not from a list that somebody keeps."""

from __future__ import annotations

import ctypes
import gc
import operator
import os
import re
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import owned
from insides import SAMPLES, Everything
from owned import own, unwrap

SLOTS = Path(__file__).parents[2] / "csrc" / "wrapper_slots.h"

NEVER_CHECKED = {
    "__class__": "isinstance() is never checked; no code of the object runs elsewhere",
    "__doc__": "the type's, on the type",
    "__module__": "the type's, on the type",
    "__hash__": "by address, where the object has the default hash",
    "__repr__": "gives a stub elsewhere",
    "__str__": "gives a stub elsewhere",
    "__format__": "gives a stub elsewhere",
    "__init__": "object's: does nothing",
    "__init_subclass__": "of the type; a wrapper's type has no subclasses",
    "__new__": "of the type; makes nothing",
    "__subclasshook__": "of the type",
    "__sizeof__": "of the wrapper, not of the object",
    "__getstate__": "object's, called around the wrapper: a wrapper itself has no state to give",
    "__weaklistoffset__": "a constant of the type",
    "__vectorcalloffset__": "a constant of the type",
    "__release_buffer__": "the interpreter's; there is never a buffer to release",
}

#: Slots that no special method stands for, or not this slot: how C code comes in.
PYTHON = ctypes.pythonapi
for name in ("PySequence_GetItem", "PySequence_SetItem", "PySequence_Length", "PyMapping_Length", "PyObject_GetIter"):
    getattr(PYTHON, name).restype = ctypes.py_object if name.endswith(("GetItem", "Iter")) else ctypes.c_ssize_t


def send(w: Any) -> Any:
    result = ctypes.c_void_p()
    PYTHON.PyIter_Send.restype = ctypes.c_int
    return PYTHON.PyIter_Send(ctypes.py_object(w), ctypes.py_object(None), ctypes.byref(result))


C_SLOTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sq_item": ("list", lambda w: PYTHON.PySequence_GetItem(ctypes.py_object(w), ctypes.c_ssize_t(0))),
    "sq_ass_item": (
        "list",
        lambda w: PYTHON.PySequence_SetItem(ctypes.py_object(w), ctypes.c_ssize_t(0), ctypes.py_object(1)),
    ),
    "sq_length": ("list", lambda w: PYTHON.PySequence_Length(ctypes.py_object(w))),
    "mp_length": ("dict", lambda w: PYTHON.PyMapping_Length(ctypes.py_object(w))),
    "bf_getbuffer": ("bytearray", memoryview),
    "am_send": ("generator", send),
}
#: Slots that are no way in.
MACHINERY = {"tp_members", "tp_traverse", "tp_clear", "tp_dealloc", "tp_getattro"}

SPECIAL_NAMES = {
    "nb_divmod": "__divmod__",
    "nb_power": "__pow__",
    "nb_inplace_power": "__ipow__",
    "nb_negative": "__neg__",
    "nb_positive": "__pos__",
    "nb_absolute": "__abs__",
    "nb_subtract": "__sub__",
    "nb_multiply": "__mul__",
    "nb_matrix_multiply": "__matmul__",
    "nb_true_divide": "__truediv__",
    "nb_floor_divide": "__floordiv__",
    "nb_remainder": "__mod__",
    "mp_subscript": "__getitem__",
    "mp_ass_subscript": "__setitem__",
    "sq_contains": "__contains__",
    "tp_iternext": "__next__",
    "tp_descr_get": "__get__",
    "tp_descr_set": "__set__",
    "tp_setattro": "__setattr__",
    "tp_richcompare": "__eq__",
}


def special_name(kind: str, slot: str) -> str:
    if kind in ("special", "method"):
        return slot
    slot = slot if kind != "operator" else f"nb_{slot}"
    return SPECIAL_NAMES.get(slot, f"__{slot.partition('_')[2]}__")


def rows() -> list[tuple[str, str]]:
    """(kind, slot) of the table that the wrapper is made from."""
    found = re.findall(r"^    X\((\w+), (\w+), ", SLOTS.read_text(encoding="utf-8"), re.M)
    assert len(found) > 60
    return found


def touches(w: Any) -> dict[str, Callable[[], Any]]:
    """Every name of the wrapper's type, with what calls it in each way that its number of arguments allows."""

    def calls(attribute: Any) -> Callable[[], Any]:
        def run() -> Any:
            outcomes: list[Exception] = []
            if hasattr(attribute, "__set__"):
                attribute.__get__(w, type(w))
                return "read"
            for args in ((), ("x",), (0,), ("x", "x"), ("x", "x", "x")):
                try:
                    attribute.__get__(w, type(w))(*args)
                except Exception as error:
                    outcomes.append(error)
                else:
                    return f"passed with {args}"
            raise next((e for e in outcomes if isinstance(e, owned.OwnershipError)), ExceptionGroup("none", outcomes))

        return run

    names: dict[str, Any] = {}
    for base in reversed(type(w).__mro__):
        names.update(vars(base))
    return {name: calls(attribute) for name, attribute in names.items() if hasattr(attribute, "__get__")}


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_name_of_a_wrapper_type_is_unchecked(sample: str, elsewhere: Callable[..., Any]) -> None:
    """Whatever a wrapper's type has, an other thread is refused, but for the names that say why not."""
    w = own(SAMPLES[sample]())

    def try_all() -> dict[str, str]:
        passed = {}
        for name, touch in touches(w).items():
            try:
                passed[name] = touch()
            except owned.WrongThreadError:
                pass
            except TypeError as error:
                if "unhashable" not in str(error):
                    raise
        return passed

    passed = elsewhere(try_all)
    assert {name: how for name, how in passed.items() if name not in NEVER_CHECKED} == {}


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_attribute_is_unchecked(sample: str, elsewhere: Callable[..., Any]) -> None:
    """Every name that dir() gives, and any other, is refused to read, write and delete: hasattr() cannot swallow it."""
    w = own(SAMPLES[sample]())
    for name in [*dir(w), "no_such_name", "x" * 1000]:
        for touch in (
            lambda name=name: hasattr(w, name),
            lambda name=name: getattr(w, name, None),
            lambda name=name: setattr(w, name, 1),
            lambda name=name: delattr(w, name),
        ):
            if name == "__class__" and elsewhere(isinstance, w, type(unwrap(w))):
                continue
            with pytest.raises(owned.WrongThreadError):
                elsewhere(touch)


@pytest.mark.parametrize("slot", C_SLOTS)
def test_no_slot_without_a_name_is_unchecked(slot: str, elsewhere: Callable[..., Any]) -> None:
    """What only C code can reach is refused as well."""
    sample, touch = C_SLOTS[slot]
    w = own(SAMPLES[sample]())
    with pytest.raises(owned.WrongThreadError):
        elsewhere(touch, w)


def test_every_row_of_the_table_is_tried() -> None:
    """The samples have every slot and method that a wrapper can have: a new row without a sample fails here."""
    tried = {name for make in SAMPLES.values() for name in touches(own(make()))}
    missing = [
        (kind, slot)
        for kind, slot in rows()
        if slot not in C_SLOTS and slot not in MACHINERY and special_name(kind, slot) not in tried
    ]
    assert missing == []


def test_reasons_are_for_names_that_exist() -> None:
    """The list of what is never checked holds nothing that is gone."""
    there = {name for make in SAMPLES.values() for base in type(own(make())).__mro__ for name in vars(base)}
    assert set(NEVER_CHECKED) - there <= {"__release_buffer__", "__weaklistoffset__", "__vectorcalloffset__"}, (
        "by version"
    )


def test_bound_method_is_checked_when_it_is_called(elsewhere: Callable[..., Any]) -> None:
    """A method fetched by the owner does not work elsewhere; the error names the object's type and the method."""
    w = own([1])
    append, own_method = w.append, own(Everything()).get_self
    with pytest.raises(owned.WrongThreadError, match=r"call list\.append\(\)") as caught:
        elsewhere(append, 2)
    assert caught.value.access == "call"
    assert caught.value.name == "append"
    with pytest.raises(owned.WrongThreadError, match=r"call Everything\.get_self\(\)"):
        elsewhere(own_method)
    assert w == [1]


def test_iterator_is_checked_at_every_step(elsewhere: Callable[..., Any]) -> None:
    """An iterator that was made under the right hands stops at the next step in the wrong ones."""
    for w in (own([1, 2]), own({1: 2}), own(Everything())):
        steps = iter(w)
        next(steps)
        with pytest.raises(owned.WrongThreadError, match="iterate over"):
            elsewhere(next, steps)
    shared = owned.share(own([[1], [2]]), lock=owned.RLock())
    with owned.lock_of(shared):
        steps = iter(shared)
        first = next(steps)
    with pytest.raises(owned.LockNotHeldError):
        next(steps)
    with pytest.raises(owned.LockNotHeldError):
        first.append(3)


def test_both_operands_are_checked(elsewhere: Callable[..., Any]) -> None:
    """An operator refuses if either side is somebody else's."""
    theirs = elsewhere(own, 4)
    for touch in (
        lambda: own(3) + theirs,
        lambda: theirs + own(3),
        lambda: 3 + theirs,
        lambda: theirs**2,
        lambda: 2**theirs,
        lambda: pow(2, 3, theirs),
        lambda: own(3) == theirs,
        lambda: theirs > 3,
    ):
        with pytest.raises(owned.OrphanedError):
            touch()


def test_looking_elsewhere_gives_a_stub(elsewhere: Callable[..., Any]) -> None:
    """repr, str and format never raise and never run the object's code on the wrong thread."""

    class Loud:
        def __repr__(self) -> str:
            ran.append(threading.current_thread())
            return "loud"

        __str__ = __repr__

        def __format__(self, spec: str) -> str:
            return repr(self)

    ran: list[threading.Thread] = []
    w = own(Loud())
    for text in (elsewhere(repr, w), elsewhere(str, w), elsewhere(format, w, ">5"), elsewhere("{!r}".format, w)):
        assert text.startswith("<Loud at 0x")
        assert "owned by thread 'MainThread'" in text
    assert ran == []
    assert (repr(w), str(w), format(w)) == ("loud", "loud", "loud")


def test_isinstance_is_never_checked_and_runs_nothing(elsewhere: Callable[..., Any]) -> None:
    """On another thread, __class__ is the real type, whatever the object says its class is."""

    class Disguised:
        @property
        def __class__(self) -> type:  # type: ignore[override]
            ran.append(threading.current_thread())
            return dict

    ran: list[threading.Thread] = []
    w = own(Disguised())
    assert isinstance(w, dict)
    ran.clear()
    assert not elsewhere(isinstance, w, dict)
    assert elsewhere(isinstance, w, Disguised)
    assert ran == []


def test_all_that_came_out_follows_a_share_and_a_move(elsewhere: Callable[..., Any]) -> None:
    """Wrappers of one membrane are always in the same hands."""
    w = own({"inner": [1], "other": Everything()})
    inner, steps, append = w["inner"], iter(w), w["inner"].append
    parcel = owned.move(w)
    for touch in (lambda: w["inner"], lambda: inner[0], lambda: next(steps), lambda: append(2), lambda: inner == [1]):
        with pytest.raises(owned.MovedError):
            touch()

    def take_over() -> Any:
        claimed = parcel.claim()
        append(2)
        return len(claimed["inner"]), len(inner), next(steps)

    assert elsewhere(take_over) == (2, 2, "inner")
    lock = owned.RLock()
    again = own([[1]])
    element = again[0]
    owned.share(element, lock=lock)
    with pytest.raises(owned.LockNotHeldError):
        again.append(3)
    with lock:
        again.append(3)
    assert elsewhere(owned.lock_of, again) is lock


def test_two_wrappers_over_one_object_have_one_owner(elsewhere: Callable[..., Any]) -> None:
    """own() of what is wrapped joins its region, or raises where that is not ours."""
    inside = [[1]]
    w = own(inside)
    again = own(inside)
    assert again == w
    with pytest.raises(owned.WrongThreadError, match="own"):
        elsewhere(own, inside)
    with pytest.raises(owned.WrongThreadError, match="own"):
        elsewhere(own, w)
    element = w[0]
    with pytest.raises(owned.WrongThreadError):
        elsewhere(own, inside[0])
    lock = owned.RLock()
    owned.share(again, lock=lock)
    with pytest.raises(owned.LockNotHeldError):
        w.append(1)
    with pytest.raises(owned.LockNotHeldError):
        own(inside)
    with lock:
        assert owned.lock_of(own(inside)) is lock
    del w, again, element
    gc.collect()
    assert elsewhere(lambda: len(own(inside))) == 1


def test_sharing_takes_what_was_wrapped_apart(elsewhere: Callable[..., Any]) -> None:
    """An object that is inside another one goes along, though it has a wrapper of its own."""

    class Holder:
        parts: Any

    holder, part, buffer = Holder(), [1], bytearray(b"x")
    holder.parts = {"list": part, "buffer": buffer}
    w, w_part, w_buffer = own(holder), own(part), own(buffer)
    lock = owned.RLock()
    owned.share(w, lock=lock)
    for touch in (lambda: w.parts, lambda: w_part[0], lambda: w_buffer[0]):
        with pytest.raises(owned.LockNotHeldError):
            touch()

    def use() -> Any:
        with lock:
            return w.parts["list"].pop(), w_part == [], w.parts["buffer"][0]

    assert elsewhere(use) == (1, True, ord("x"))
    theirs: list[Any] = [[7]]
    kept = elsewhere(own, theirs[0])
    mine = owned.share(own(theirs))
    with owned.lock_of(mine):
        assert owned.state(mine[0]) is owned.State.ORPHANED
        assert owned.state(kept) is owned.State.ORPHANED


def test_a_frozen_wrapper_reads_everywhere_and_writes_nowhere(elsewhere: Callable[..., Any]) -> None:
    """Reading slots and methods known to read pass on any thread; anything else is a FrozenError that changes
    nothing.
    """
    inside = Everything()
    w = own(inside)
    data, log = w.data, w.log
    frozen = owned.freeze(w)
    for read in (len, iter, list, hash, bytes, repr, bool, dir, lambda x: x["key"], lambda x: x.data, lambda x: x == x):
        elsewhere(read, frozen)
    assert elsewhere(lambda: (frozen["key"], frozen.data["key"][0], frozen.get_self() == frozen)) == ((1, 2), 1, True)
    assert elsewhere(lambda: (data.get("key"), list(data.keys()), len(log), log.index, log.count(1)))[:3]
    for write in (
        lambda: setattr(frozen, "data", 1),
        lambda: delattr(frozen, "data"),
        lambda: operator.setitem(frozen, "key", 1),
        lambda: operator.delitem(frozen, "key"),
        lambda: data.update(a=1),
        lambda: data.pop("key"),
        lambda: operator.setitem(data, "a", 1),
        lambda: log.append(1),
        lambda: operator.iadd(log, ["more"]),
        lambda: unwrap(frozen),
    ):
        for run in (elsewhere, lambda f: f()):
            with pytest.raises(owned.FrozenError):
                run(write)
    assert (frozen.data, list(frozen.log)) == ({"key": (1, 2)}, [])


def test_others_look_while_the_first_things_come_out() -> None:
    """While a wrapper gets a region of its own, others want to wrap its object, look at it, or share what holds it."""
    errors: list[BaseException] = []
    for _ in range(100):
        insides: list[Any] = [[[i]] for i in range(20)]
        wrappers = [own(inside) for inside in insides]
        barrier = threading.Barrier(4)

        def others(kind: int, insides: Any = insides, wrappers: Any = wrappers, barrier: Any = barrier) -> None:
            barrier.wait(30)
            for inside, w in zip(insides, wrappers, strict=True):
                try:
                    if kind == 0:
                        own(inside)
                    elif kind == 1:
                        repr(w), owned.explain(w), owned.state(w), own([inside])[0]
                    else:
                        owned.share(own([inside]))
                except owned.OwnershipError:
                    continue
                except BaseException as error:  # what fails is told by the thread that waits
                    errors.append(error)

        threads = [threading.Thread(target=others, args=(kind,)) for kind in range(3)]
        for thread in threads:
            thread.start()
        barrier.wait(30)
        came_out = [w[0] for w in wrappers]
        for w in wrappers[::2]:
            owned.share(w)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        assert errors == []
        for w, element in zip(wrappers, came_out, strict=True):
            assert owned.lock_of(w) is owned.lock_of(element)
            assert owned.state(w) is owned.state(element)


def test_racing_owners_of_one_object_have_one_winner() -> None:
    """However many threads call own() on one object at once, one of them owns it."""
    for _ in range(50):
        inside: list[int] = []
        barrier, kept, refused = threading.Barrier(6), [], []

        def claim(inside: list[int] = inside, barrier: Any = barrier, kept: Any = kept, refused: Any = refused) -> None:
            barrier.wait(30)
            try:
                w = own(inside)
                w.append(1)
                kept.append(w)
                barrier.wait(30)
            except owned.OwnershipError as error:
                refused.append(error)
                barrier.wait(30)

        threads = [threading.Thread(target=claim) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        assert (len(kept), len(refused), inside) == (1, 5, [1])


def test_the_last_reference_may_be_dropped_elsewhere(elsewhere: Callable[..., Any]) -> None:
    """Dying is never checked, on whichever thread it is: that may be the owner's later, without the GIL."""

    class Inside:
        def __del__(self) -> None:
            died.append(threading.current_thread().name)

    died: list[str] = []
    box = [own(Inside())]
    elsewhere(box.clear)
    gc.collect()
    assert len(died) == 1


def test_cycles_are_collected_on_any_thread(elsewhere: Callable[..., Any]) -> None:
    """A cycle through a wrapper dies, whichever thread collects."""

    class Node:
        me: Any

    inside = Node()
    inside.me = own(inside)
    watch = weakref.ref(inside)
    del inside
    elsewhere(gc.collect)
    gc.collect()
    assert watch() is None


def test_ten_thousand_touches_from_eight_threads_are_refused_and_ten_thousand_legal_ones_pass() -> None:
    """Every kind of touch, all threads at once."""
    w = own({"a": [1], 1: 2})
    kinds: list[Callable[[Any], Any]] = [
        lambda x: x.keys,
        lambda x: setattr(x, "name", 1),
        lambda x: x["a"],
        lambda x: x.__setitem__("b", 1),
        lambda x: x.get("a"),
        iter,
        lambda x: x | {},
        lambda x: x.update(c=3),
        len,
        lambda x: x == {},
    ]
    each = int(os.environ.get("OWNED_TOUCHES", "10000")) // 8
    refused, barrier = [0] * 8, threading.Barrier(8)

    def intrude(i: int) -> None:
        barrier.wait(30)
        for n in range(each):
            try:
                kinds[n % len(kinds)](w)
            except owned.WrongThreadError:
                refused[i] += 1

    threads = [threading.Thread(target=intrude, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(2500):
        w["a"].append(len(w))
        assert w["a"].pop() == len(w)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert refused == [each] * 8
    assert w == {"a": [1], 1: 2}
