# SPDX-License-Identifier: MIT
"""``own_class(..., shared_by="_lock")``: classes of others that take a lock of their own."""

import importlib
import sys
import textwrap
import threading

import pytest

import owned
from owned import own_class

STOCK = """
    import threading

    class Stock:
        unit = "piece"

        def __init__(self, count=0):
            self._lock = threading.Lock()
            self._changed = threading.Condition(self._lock)
            self.count = count
            self.log = []
            self.name = "bolts"

        def add(self, number):
            with self._lock:
                self.count += number
                self.log.append(number)

        def add_without(self, number):
            self.count += number

        def wait_for(self, count):
            with self._changed:
                return self._changed.wait_for(lambda: self.count >= count, 30)

        def announce(self, number):
            with self._changed:
                self.count += number
                self._changed.notify_all()

        @property
        def value(self):
            return 2 * self.count

        @value.setter
        def value(self, value):
            with self._lock:
                self.count = value // 2
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """``module(source)``: write a module and return its name; it is forgotten after the test."""
    names = []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(source):
        name = f"shared_by_{len(names)}"
        names.append(name)
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        importlib.invalidate_caches()
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def stock_class(module):
    """The class Stock, shared by its own lock; it lets ``name`` be read without."""
    name = module(STOCK)
    own_class(f"{name}:Stock", shared_by="_lock", unlocked=["name"])
    return importlib.import_module(name).Stock


def test_shared_once_made(stock_class, elsewhere):
    """An instance is shared under the lock that it made, and its methods, which take that, work on every thread."""
    stock = stock_class(1)
    assert owned.state(stock) is owned.State.SHARED
    assert owned.lock_of(stock) is stock._lock
    elsewhere(lambda: stock.add(2))
    stock.add(3)
    with stock._lock:
        assert (stock.count, list(stock.log)) == (6, [2, 3])


def test_what_takes_no_lock_is_refused(stock_class, elsewhere):
    """Code of the class that forgets the lock is what this is for: also on the thread that made the object."""
    stock = stock_class()
    with pytest.raises(owned.LockNotHeldError, match="count"):
        stock.add_without(1)
    with pytest.raises(owned.LockNotHeldError, match="count"):
        elsewhere(lambda: stock.value)
    with stock._lock:
        log = stock.log
    with pytest.raises(owned.LockNotHeldError):
        log.append(1)


def test_what_needs_no_lock(stock_class, elsewhere):
    """Methods, class attributes, properties that lock themselves, the lock itself, and what is listed."""
    stock = stock_class()

    def touch():
        stock.value = 8
        return stock.unit, stock.name, type(stock._lock), type(stock._changed)

    assert elsewhere(touch) == ("piece", "bolts", owned.Lock, threading.Condition)
    with pytest.raises(owned.LockNotHeldError):  # it may be read, not changed
        stock.name = "nuts"
    with pytest.raises(owned.LockNotHeldError):  # the class's value would be hidden by the instance's
        stock.unit = "box"
    with pytest.raises(owned.LockNotHeldError):
        stock.__dict__


def test_a_class_attribute_that_is_a_field_too(stock_class):
    """A class's value stands for a missing field; a field of that name is guarded as every other one."""
    stock = stock_class()
    with stock._lock:
        stock.unit = "box"
    with pytest.raises(owned.LockNotHeldError):
        stock.unit


def test_conditions_come_along(stock_class, elsewhere):
    """A condition over the replaced lock waits and notifies under the new one."""
    stock = stock_class()
    waiter = threading.Thread(target=lambda: results.append(stock.wait_for(2)))
    results = []
    waiter.start()
    stock.announce(2)
    waiter.join(30)
    assert results == [True]
    assert stock._changed._lock is stock._lock


def test_subclasses(stock_class):
    """A subclass's __init__ may go on where its base's has ended: the object is shared at the end of the outermost."""

    class Shelf(stock_class):
        def __init__(self):
            super().__init__(1)
            self.count += 1
            self.place = "A1"

    shelf = Shelf()
    assert owned.state(shelf) is owned.State.SHARED
    with pytest.raises(owned.LockNotHeldError):
        shelf.place
    with shelf._lock:
        assert (shelf.count, shelf.place) == (2, "A1")


@pytest.mark.parametrize("lock", ["threading.RLock()", "threading.Condition()", "owned.Lock()", "owned.RLock()"])
def test_other_locks(module, lock):
    """A recursive lock is replaced too, a condition keeps a new one inside, and our own locks stay."""
    name = module(f"""
        import threading, owned
        class Box:
            def __init__(self):
                self.lock = {lock}
                self.value = 1
            def read(self):
                with self.lock:
                    return self.value
    """)
    own_class(f"{name}:Box", shared_by="lock")
    box = importlib.import_module(name).Box()
    inner = box.lock._lock if "Condition" in lock else box.lock
    assert type(inner) is (owned.Lock if lock == "owned.Lock()" else owned.RLock)
    assert owned.lock_of(box) is inner
    assert box.read() == 1
    with pytest.raises(owned.LockNotHeldError):
        box.value


def test_a_lock_of_several(module):
    """A plain lock that somebody else has, too, cannot be replaced, and says so; a recursive one stays what it is."""
    name = module("""
        import threading
        class Box:
            def __init__(self, lock):
                self.lock = lock
                self.value = 1
    """)
    own_class(f"{name}:Box", shared_by="lock")
    box_class = importlib.import_module(name).Box
    plain, recursive = threading.Lock(), threading.RLock()
    with pytest.raises(TypeError, match="cannot be replaced"):
        box_class(plain)
    box = box_class(recursive)
    assert box.lock is recursive
    with pytest.raises(owned.LockNotHeldError):
        box.value
    with recursive:
        assert box.value == 1


def test_slots(module, elsewhere):
    """Fields in slots are guarded alike, and the lock among them may be read."""
    name = module("""
        import threading
        class Box:
            __slots__ = ("lock", "value", "name")
            def __init__(self):
                self.lock = threading.Lock()
                self.value = 1
                self.name = "box"
            def read(self):
                with self.lock:
                    return self.value
    """)
    own_class(f"{name}:Box", shared_by="lock", unlocked=("name",))
    box = importlib.import_module(name).Box()
    assert elsewhere(box.read) == 1
    assert elsewhere(lambda: box.name) == "box"
    with pytest.raises(owned.LockNotHeldError):
        box.value
    with pytest.raises(owned.LockNotHeldError):
        box.name = "other"


def test_no_such_lock(module):
    """An instance without the attribute that is named cannot be shared."""
    name = module("class Box:\n    pass\n")
    own_class(f"{name}:Box", shared_by="lock")
    with pytest.raises(TypeError, match="lock, which an instance does not have"):
        importlib.import_module(name).Box()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unlocked": ["name"]}, "give both"),
        ({"shared_by": "lock", "unlocked": "name"}, "sequence of names"),
        ({"shared_by": "lock", "monitor": True}, "give one"),
        ({"shared_by": "not a name"}, "names of attributes"),
        ({"shared_by": 3}, "names of attributes"),
    ],
)
def test_wrong_arguments(options, message):
    """What cannot be meant is refused before anything is imported."""
    with pytest.raises(TypeError, match=message):
        own_class("somewhere.else:Thing", **options)
