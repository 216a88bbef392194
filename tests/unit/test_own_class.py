# SPDX-License-Identifier: MIT
"""``own_class``: guarding the classes of modules that nobody wants to edit."""

import gc
import importlib
import pickle
import sys
import textwrap

import pytest

import owned
from owned import own_class
from owned.errors import OwnershipWarning


@pytest.fixture
def package(tmp_path, monkeypatch):
    """``package(name, **files)``: write a package; it is forgotten after the test."""
    names = []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(name, init="", **files):
        names.append(name)
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(textwrap.dedent(init))
        for file, text in files.items():
            (folder / f"{file}.py").write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    yield write
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]


def is_guarded(cls):
    """Does the class guard its instances?"""
    return issubclass(cls, owned.Owned)


def test_when_it_is_imported(package, elsewhere):
    """The class is guarded when its module is imported, and every name for it means the guarded one."""
    package("oc_later", "from .sub import Thing\n", sub="class Thing:\n    value = 1\nAlias = Thing\n")
    own_class("oc_later.sub:Thing")
    assert "oc_later" not in sys.modules
    module = importlib.import_module("oc_later")
    assert is_guarded(module.Thing)
    assert module.Thing is module.sub.Thing is module.sub.Alias
    thing = module.Thing()
    with pytest.raises(owned.WrongThreadError):
        elsewhere(lambda: thing.value)
    assert type(pickle.loads(pickle.dumps(thing))) is module.Thing


def test_at_once(package):
    """A module that is imported already is changed, and so are those that took the class from it."""
    package(
        "oc_now",
        "from oc_now.sub import Thing",
        sub="class Thing:\n    def who(self): return __class__\n",
        user="from oc_now.sub import Thing as Other\n",
    )
    user = importlib.import_module("oc_now.user")
    module = sys.modules["oc_now"]
    own_class("oc_now.sub:Thing")
    assert is_guarded(module.Thing)
    assert module.Thing is user.Other is module.sub.Thing
    assert module.Thing().who() is module.Thing


def test_subclasses_with_slots(package, elsewhere):
    """A base with slots is made anew together with its subclasses, whatever fields it adds to theirs."""
    package(
        "oc_slots",
        """
        class Base:
            __slots__ = ("a",)
        class Middle(Base):
            __slots__ = ("b",)
        class Last(Middle):
            __slots__ = ("c",)
            def __init__(self): self.a = self.b = self.c = 1
        """,
    )
    own_class("oc_slots:Base")
    last = importlib.import_module("oc_slots").Last()
    assert (last.a, last.b, last.c) == (1, 1, 1)
    assert not hasattr(last, "__dict__")
    for name in "abc":
        with pytest.raises(owned.WrongThreadError):
            elsewhere(getattr, last, name)


def test_layout_of_a_base_that_is_not_made_anew(package):
    """The other base of a subclass has fields of its own: that is still refused."""
    package(
        "oc_other",
        """
        class Other:
            __slots__ = ("a",)
        class Base: pass
        class Both(Base, Other): pass
        """,
    )
    own_class("oc_other:Base")
    with pytest.raises(TypeError, match="cannot guard Both: its instances have the layout of Other"):
        importlib.import_module("oc_other")


def test_lazy_objects_are_not_asked(package):
    """A lazy object in the module, or in a class, is not made to compute what it stands for."""
    package(
        "oc_lazy",
        """
        class Lazy:
            @property
            def __class__(self):
                raise RuntimeError("asked")
        lazy = Lazy()
        class Thing:
            kept = lazy
        """,
    )
    own_class("oc_lazy:Thing")
    assert is_guarded(importlib.import_module("oc_lazy").Thing)


def test_subclasses_are_made_anew(package):
    """Subclasses in the module and elsewhere, at every depth, have the guarded class as their base."""
    package(
        "oc_below",
        sub="""
            class Base:
                def __init__(self): self.value = 1
                def get(self): return self.value
            class Mixin: pass
            class Left(Base):
                def get(self): return super().get() + 1
            class Right(Mixin, Base): pass
            class Both(Left, Right):
                def get(self): return super().get() + 10
        """,
        user="from oc_below.sub import Left\nclass Far(Left):\n    def get(self): return super().get() + 100\n",
    )
    user = importlib.import_module("oc_below.user")
    own_class("oc_below.sub:Base")
    sub = sys.modules["oc_below.sub"]
    assert all(map(is_guarded, (sub.Base, sub.Left, sub.Right, sub.Both, user.Far)))
    assert sub.Both.__mro__[:5] == (sub.Both, sub.Left, sub.Right, sub.Mixin, sub.Base)
    assert user.Far.__bases__ == (sub.Left,)
    assert (sub.Both().get(), user.Far().get()) == (12, 102)
    assert user.Left is sub.Left


def test_derived_class_first(package):
    """The order in which a base and its subclass are asked for does not matter."""
    package("oc_order", sub="class Base: pass\nclass Derived(Base): pass\n")
    own_class("oc_order.sub:Derived")
    own_class("oc_order.sub:Base")
    sub = importlib.import_module("oc_order.sub")
    assert is_guarded(sub.Base)
    assert issubclass(sub.Derived, sub.Base)
    assert is_guarded(sub.Derived)


def test_nested_class(package):
    """A class in a class is named as its qualified name is."""
    package("oc_nested", "class Outer:\n    class Inner:\n        pass\n    Other = Inner\n")
    own_class("oc_nested:Outer.Inner")
    outer = importlib.import_module("oc_nested").Outer
    assert is_guarded(outer.Inner)
    assert outer.Other is outer.Inner
    assert not is_guarded(outer)


def test_options(package):
    """Slots and monitor mean what they mean for @owned."""
    package("oc_options", "class Cell:\n    value: int\n    def get(self): return 1\n")
    own_class("oc_options:Cell", slots=True, monitor=True)
    cell = importlib.import_module("oc_options").Cell()
    assert owned.state(cell) == "shared"
    assert cell.get() == 1
    assert not hasattr(cell, "__dict__")


def test_twice(package):
    """Asking again changes nothing."""
    package("oc_twice", "class Thing: pass\n")
    own_class("oc_twice:Thing")
    own_class("oc_twice:Thing")
    thing = importlib.import_module("oc_twice").Thing
    own_class("oc_twice:Thing")
    assert importlib.import_module("oc_twice").Thing is thing
    assert thing.__bases__ == (owned.Owned,)


BAD = {
    "Thingg": (ValueError, "module oc_bad_.* has no class Thingg: did you mean Thing?"),
    "Thing.Inner": (ValueError, "class Thing has no class Inner"),
    "function": (ValueError, "function in module oc_bad_.* is no class but of type function"),
    "Problem": (TypeError, "cannot guard Problem: its instances have the layout of"),
    "Worker": (TypeError, "cannot guard Worker"),
    "Host": (TypeError, "cannot guard Guest"),
}
SOURCE = """
    import threading
    class Thing: pass
    def function(): pass
    class Problem(Exception): pass
    class Worker(threading.Thread): pass
    class Host: pass
    class Guest(Host, threading.Event): pass
"""


@pytest.mark.parametrize("imported", [True, False])
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_guarded(package, name, imported):
    """It says why, at once or when the module is imported; then the module is not imported, however often one tries."""
    module = f"oc_bad_{name.replace('.', '_')}_{imported}"
    package(module, SOURCE)
    kind, message = BAD[name]
    if imported:
        loaded = importlib.import_module(module)
        before = dict(vars(loaded))
        with pytest.raises(kind, match=message) as caught:
            own_class(f"{module}:{name}")
        assert vars(loaded) == before
        assert __file__ in "".join(caught.value.__notes__)
    else:
        own_class(f"{module}:{name}")
        for _ in range(2):
            with pytest.raises(kind, match=message) as caught:
                importlib.import_module(module)
            assert "asked for by own_class(" in "".join(caught.value.__notes__)
            assert module not in sys.modules
    if name == "Host":
        assert "Guest is a subclass of Host" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("name", ["", "Thing", "package.Thing", "a:", ":b", "a:b:c", "a b:C", "a..b:C", "1a:B"])
def test_malformed_name(name):
    """A name of another form is refused at once, and so is what is no name."""
    with pytest.raises(ValueError, match=r"must look like 'package\.module:Class'"):
        own_class(name)


def test_no_name():
    """A class is not a name."""
    with pytest.raises(TypeError, match="`name` must be a str, got type"):
        own_class(int)


def test_module_that_is_never_imported():
    """A module that nobody imports costs nothing and says nothing."""
    own_class("oc_nobody_has_this.module:Thing")


def test_instances_that_exist_already(package):
    """They stay unguarded, and a warning at the call says how many."""
    package("oc_old", "class Thing: pass\none = Thing()\ntwo = Thing()\n")
    module = importlib.import_module("oc_old")
    gc.collect()
    with pytest.warns(OwnershipWarning, match="2 instances were made before Thing was guarded") as caught:
        own_class("oc_old:Thing")
    assert caught[0].filename == __file__
    assert owned.state(module.one) == "unguarded"


def test_other_references_in_the_class_namespace(package):
    """A class attribute that holds the class is pointed at the guarded one, in other classes of the module too."""
    package("oc_attr", "class Node: pass\nclass Tree:\n    kind = Node\n    def make(self): return self.kind()\n")
    own_class("oc_attr:Node")
    module = importlib.import_module("oc_attr")
    assert is_guarded(module.Tree.kind)
    assert is_guarded(type(module.Tree().make()))


LEDGER = """
    import threading
    class Ledger:
        limit = 10
        def __init__(self):
            self._lock = threading.RLock()
            self._other = threading.RLock()
            self.total = 0
            self.total += 1
            self.names = ["a"]
            self.free = 1
"""


def test_guarded_by(package, elsewhere):
    """Each attribute belongs to the lock that is named for it, and the rest of the class stays as it is."""
    package("oc_fields", LEDGER)
    own_class("oc_fields:Ledger", guarded_by={"total": "_lock", "names": "_other", "limit": "_lock"})
    module = importlib.import_module("oc_fields")
    ledger = module.Ledger()
    assert not is_guarded(module.Ledger)
    with ledger._lock:
        ledger.total += 1
        assert (ledger.total, ledger.limit) == (2, 10)
        with pytest.raises(owned.LockNotHeldError, match=r"Ledger\.names"):
            ledger.names
    with ledger._other:
        assert ledger.names == ["a"]
    with pytest.raises(owned.LockNotHeldError, match=r"Ledger\.total"):
        elsewhere(lambda: ledger.total)
    assert elsewhere(lambda: ledger.free) == 1


def test_guarded_by_while_it_is_made(package, elsewhere):
    """The __init__ needs no lock, however often it reads and writes; a thread that it starts does."""
    package(
        "oc_init",
        """
        import threading
        class Base:
            def __init__(self, run):
                self._lock = threading.RLock()
                self.total = 0
                self.total += 1
                run(self.read)
                self.total += 1
            def read(self):
                return self.total
        class Derived(Base):
            pass
        """,
    )
    own_class("oc_init:Base", guarded_by={"total": "_lock"})
    module = importlib.import_module("oc_init")
    with pytest.raises(owned.LockNotHeldError):
        module.Derived(elsewhere)
    made = module.Derived(lambda read: read())
    with pytest.raises(owned.LockNotHeldError):
        made.read()
    with made._lock:
        assert made.read() == 2


def test_guarded_by_what_is_no_field(package):
    """A property or a slot has a descriptor already, and another option guards all of the class."""
    package("oc_property", "class Thing:\n    @property\n    def value(self): ...\n")
    own_class("oc_property:Thing", guarded_by={"value": "_lock"})
    with pytest.raises(TypeError, match="value is a property"):
        importlib.import_module("oc_property")
    with pytest.raises(TypeError, match="give one"):
        own_class("oc_property:Thing", monitor=True, guarded_by={"value": "_lock"})


def test_entries_of_pyproject(package, tmp_path, monkeypatch, elsewhere):
    """An entry of ``own`` in pyproject.toml may be a table with the options."""
    from owned import _settings

    package("oc_settings", LEDGER)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.owned]\nown = [\n  {class = "oc_settings:Ledger", shared_by = "_lock", unlocked = ["free"]},\n]\n'
    )
    monkeypatch.chdir(tmp_path)
    _settings.apply()
    ledger = importlib.import_module("oc_settings").Ledger()
    assert owned.lock_of(ledger) is ledger._lock
    assert elsewhere(lambda: ledger.free) == 1
    with pytest.raises(owned.LockNotHeldError):
        ledger.total


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('{shared_by = "_lock"}', "must be"),
        ('{class = "a:B", shared = "_lock"}', "no option 'shared'; there are class, slots, monitor, shared_by"),
        ('{class = "a:B", unlocked = "name"}', "unlocked = .name. for .a:B. has the wrong type"),
        ('{class = "a:B", guarded_by = "_lock"}', "guarded_by = ._lock. for .a:B. has the wrong type"),
        ("3", "must be"),
    ],
)
def test_wrong_entries_of_pyproject(tmp_path, monkeypatch, entry, message):
    """An entry that cannot be meant is refused, naming the file."""
    from owned import _settings

    (tmp_path / "pyproject.toml").write_text(f"[tool.owned]\nown = [{entry}]\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        _settings.apply()
    assert str(tmp_path) in str(caught.value)
