# SPDX-License-Identifier: MIT
"""AliasWarning: what is stored as a copy, or wrapped, while somebody else still holds it. And no false alarm."""

import dataclasses
import gc
import sys
import warnings

import attrs
import pytest

import owned
import strictly
from guarded import Bag, Node
from owned import _alias


@pytest.fixture(autouse=True)
def strict():
    _alias._scans.clear()
    gc.unfreeze()  # what tests/conftest.py froze is not seen as a holder
    with strictly.mode():
        yield
    gc.freeze()


class Plain:
    """Holds things, guarded by nobody."""


@owned.owned
class Keeper:
    def __init__(self, items):
        self.items = items


class Child(Keeper):
    def __init__(self, items):
        super().__init__(items)


@owned.owned(slots=True)
class Slots:
    items: list

    def __init__(self, items):
        self.items = items


@owned.owned
@dataclasses.dataclass
class Data:
    items: list


@owned.owned
@dataclasses.dataclass(frozen=True)
class FrozenData:
    items: list

    def __post_init__(self):
        len(self.items)


@owned.owned
@attrs.define
class Attrs:
    items: list


CLASSES = [Keeper, Child, Slots, Data, FrozenData, Attrs]
every_class = pytest.mark.parametrize("kind", CLASSES)


def put(items):
    Bag().items = items


HELD = Plain()
HELD.numbers = [1, 2]
EVERYWHERE = [1, 2]


# ---- no false alarm: the suite makes errors of warnings ----------------------------------------------------------


@every_class
def test_temporary(kind):
    """A literal passed to a class is nobody else's, by position, by name, or out of a tuple."""
    kind([1])
    kind(items=[1])
    kind(*([1],))
    arguments = {"items": [1]}
    kind(**dict([("items", [1])]))
    kind(list(arguments["items"]))


def test_own_variable():
    """A variable of the very function that stores it does not count."""
    items = []
    bag = Bag()
    bag.items = items
    node = Node()
    node.children = items
    box = owned.List()
    box.append(items)
    box[0] = items
    table = owned.Dict()
    table["items"] = items
    table.setdefault("more", items)
    object.__setattr__(bag, "again", items)
    assert bag.again == items


def test_own_variable_after_a_chain():
    """What an assignment to several targets stores does not rub off on the next statement."""
    node = Node()
    with pytest.warns(owned.AliasWarning, match="another target") as caught:
        node.children = children = []
    node.children = children
    count = number = 1
    node.children = children
    assert (len(caught.list), count, number) == (1, 1, 1)


def test_passed_on():
    """Parameters on the way to where it is stored do not count."""

    def outer(items):
        inner(items)

    def inner(items):
        put(items)

    def make(items):
        return Keeper(items)

    outer([1])
    make([1])
    list(map(put, [[1]]))
    list(map(Keeper, [[1]]))
    (lambda items: put(items))([1])


def test_copy_is_fine():
    """A copy, a List, and what a List() or Dict() is filled from are no aliases."""
    items = [1]
    Keeper(list(items))
    Keeper(owned.List(items))
    owned.List(items)
    owned.Dict(a=items)


def test_own_alone():
    """own() of a temporary, of a variable of the function that wraps it, and of a parameter on its way."""

    def wrap(obj):
        return owned.own(obj)

    owned.own(Plain())
    obj = Plain()
    owned.own(obj)
    wrap(Plain())
    obj = Plain()
    obj.me = [obj]
    wrapper = owned.own(obj)
    owned.own(wrapper)


def test_second_wrapper():
    """own() of what is wrapped already joins the first wrapper: the holder is that."""
    HELD_TOO = Plain()

    def wrap(obj):
        return owned.own(obj)

    with pytest.warns(owned.AliasWarning):
        first = wrap(HELD_TOO)
    second = wrap(HELD_TOO)
    assert owned.state(first) == owned.state(second) == "private"


def test_only_in_strict_mode():
    """Other modes do not look."""
    with strictly.mode(strictly.CHECKED):
        Keeper(EVERYWHERE)
        owned.own(HELD)


# ---- what is found -----------------------------------------------------------------------------------------------


@every_class
def test_variable_of_the_caller(kind):
    """The caller still has a name for it."""
    items = [1]
    with pytest.warns(owned.AliasWarning, match="the variable 'items' of test_variable_of_the_caller") as caught:
        kept = kind(items)
    [warning] = caught.list
    name = kind.__name__ if kind is not Child else "Child"
    assert f"a list is stored in {name}.items as a copy, a guarded List" in str(warning.message)
    items.append(2)
    assert kept.items == [1]


def test_another_target():
    """``node.children = children = []``: the field has a copy, and the variable the list that was meant to be it."""
    node = Node()
    with pytest.warns(owned.AliasWarning, match=r"Node\.children as a copy, .* but another target of this assignment"):
        node.children = children = []
    with pytest.warns(owned.AliasWarning, match="another target of this assignment"):
        children = node.children = []
    box = owned.Dict()
    with pytest.warns(owned.AliasWarning, match="another target of this assignment"):
        HELD.again = box["items"] = children = []
    children.append(1)
    assert (list(node.children), list(box["items"])) == ([], [])


def test_attribute():
    """An attribute of another object still holds it."""
    with pytest.warns(owned.AliasWarning, match="the attribute 'numbers' of a Plain still holds the list itself"):
        put(HELD.numbers)
    with pytest.warns(owned.AliasWarning, match="the attribute 'numbers' of a Plain"):
        Keeper(HELD.numbers)


def test_global():
    """A global still holds it."""
    with pytest.warns(owned.AliasWarning, match=rf"the global {__name__}.EVERYWHERE"):
        Bag().items = EVERYWHERE


def test_element():
    """A container that is held on the heap still holds it."""
    HELD.table = {"rows": [[1]]}
    bag = Bag()
    with pytest.warns(owned.AliasWarning, match="but a list still holds"):
        bag.row = HELD.table["rows"][0]


@pytest.mark.parametrize(
    ("made", "kind", "guarded"), [([1], "list", "List"), ({1: 2}, "dict", "Dict"), ({1}, "set", "Set")]
)
def test_kinds(made, kind, guarded):
    """Lists, dicts and sets, each with its way out."""
    with pytest.warns(
        owned.AliasWarning, match=rf"a {kind} is stored in Bag.items as .* make it a {guarded} in the first"
    ):
        put(made)


def test_containers():
    """Storing in a guarded container names the place."""
    items = [1]

    def append(box, value):
        box.append(value)

    def set_item(table, key, value):
        table[key] = value

    with pytest.warns(owned.AliasWarning, match="stored in a List as"):
        append(owned.List(), items)
    with pytest.warns(owned.AliasWarning, match=r"stored in Dict\['a'\] as"):
        set_item(owned.Dict(), "a", items)
    with pytest.warns(owned.AliasWarning, match=r"stored in List\[0\] as"):
        set_item(owned.List([0]), 0, items)


def test_own():
    """The way out of own() is to keep the wrapper only."""

    def wrap(obj):
        return owned.own(obj)

    obj = Plain()
    with pytest.warns(
        owned.AliasWarning, match=r"around a Plain that the variable 'obj' of test_own \(.*obj = own\(obj\)"
    ):
        wrap(obj)


def test_points_at_the_program():
    """The warning is of the line that stores, so that filters by module and line work."""
    items = [1]
    with pytest.warns(owned.AliasWarning) as caught:
        put(items)
    assert caught.list[0].filename == __file__
    assert caught.list[0].lineno == put.__code__.co_firstlineno + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=owned.AliasWarning, module=__name__.replace(".", r"\."))
        put(items)


@every_class
def test_an_error_stores_nothing(kind):
    """Where the warning is made an error, nothing is stored."""
    kept = kind([0])

    def store(items):
        kept.items = items

    items = [1]
    if kind is FrozenData:
        with pytest.raises(dataclasses.FrozenInstanceError):
            store(items)
        return
    with pytest.raises(owned.AliasWarning):
        store(items)
    assert kept.items == [0]
    store([2])
    assert kept.items == [2]


def test_an_error_wraps_nothing():
    """Where the warning is made an error, own() wraps nothing."""

    def wrap(obj):
        return owned.own(obj)

    obj = Plain()
    with pytest.raises(owned.AliasWarning):
        wrap(obj)
    assert owned.state(obj) == "unguarded"
    assert owned.own(obj) is not None


def test_runs_no_code_of_the_holder():
    """Looking for holders runs no code of theirs."""

    class Sly:
        def __getattribute__(self, name):
            raise AssertionError(f"{name} was read")

        def __eq__(self, other):
            raise AssertionError("== was called")

        __hash__ = None

    sly = Sly()
    object.__setattr__(sly, "items", items := [1])
    kept = [sly, items]
    del items
    with pytest.warns(owned.AliasWarning):
        Bag().items = kept[1]


def test_leaves_variables_alone():
    """Looking at a caller's variables keeps nothing in them alive, and changes none of them."""
    import weakref

    def caller():
        obj, items = Plain(), [1]
        gone = weakref.ref(obj)
        with pytest.warns(owned.AliasWarning):
            put(items)
        del obj
        assert gone() is None
        items = 5
        assert locals()["items"] == 5
        return items

    assert caller() == 5


def test_heap_is_walked_seldom():
    """One line of the program is looked for on the heap three times and no more."""
    found = 0
    for _ in range(10):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Bag().items = HELD.numbers
        found += len(caught)
    assert found == 3


def test_of_counts_measured():
    """The references that _alias.py counts on are those of this interpreter: nothing else is looked for on the heap."""
    Keeper([1])
    Data([1])
    put([1])
    local = [1]
    Bag().items = local
    if sys.version_info < (3, 14):
        assert not _alias._scans
