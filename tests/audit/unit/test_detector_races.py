"""`_detector.races()`: which pairs of accesses race."""

import builtins
import collections
import threading

import pytest

from detecting import apart, detecting, detector, found


class X:
    """With an attribute of its own, one of the class, a method, a property and a slot below."""

    shown = 0

    def __init__(self):
        detector.born(self)
        self.a = 1

    def method(self): ...

    @property
    def computed(self): ...


class Slotted:
    __slots__ = ("a",)


def read(obj, name="a"):
    return lambda: detector.r(obj, name)


def write(obj, name="a"):
    return lambda: detector.w(obj, name)


def test_write_and_write():
    """Two writes that nothing orders race, and both accesses are told with their threads."""
    with detecting():
        apart(write(X()), write(X()))
        assert found() == []
        x = X()
        apart(write(x), write(x))
    [(certain, variable, earlier, later, count)] = detector.races()
    assert certain is True and count == 1
    assert variable[:3] == ("attribute", f"{__name__}.X", "a")
    assert (earlier[0], earlier[1], later[0], later[1]) == ("write", ".a =", "write", ".a =")
    assert earlier[2] != later[2] and earlier[4][0][0] == __file__


def test_reads_do_not_race():
    """Two reads do not race, whatever is unordered."""
    x = X()
    with detecting():
        apart(read(x), read(x))
    assert found() == []


def test_read_and_write_either_way():
    """A read races with a write, whichever came first."""
    x, y = X(), X()
    with detecting():
        apart(read(x), write(x))
        apart(write(y), read(y))
    assert found() == [("certain", "X.a")]
    assert detector.races()[0][-1] == 2


def test_start_and_join_order():
    """What comes before a start or after a join is ordered."""
    x = X()
    with detecting():
        detector.w(x, "a")
        [token] = apart(write(x))
        detector.joined(token)
        detector.w(x, "a")
        [token] = apart(write(x))
        detector.joined(token)
    assert found() == []


def test_many_is_told_to_the_program():
    """MT is True from the first start to the last join."""
    told = lambda: vars(builtins)["@owned.MT"]  # noqa: E731
    with detecting():
        assert told() is None
        one, two = apart(read(X()), read(X()))
        assert told() is True
        detector.joined(one)
        detector.joined(one)
        assert told() is True
        detector.joined(two)
        assert told() is None


def test_sync_orders():
    """A release and the acquire after it order what lies before and behind."""
    x, sync = X(), detector.Sync("event")

    def give():
        detector.w(x, "a")
        sync.release()

    def take():
        sync.acquire()
        detector.w(x, "a")

    with detecting():
        apart(give, take)
        [told] = [told for told in detector.variables() if told[2] == "a"]
    assert found() == []
    assert told[11] == {"event"}


def test_what_is_done_after_a_release_is_not_ordered():
    """A release covers what was before it, and nothing more."""
    x, sync = X(), detector.Sync()

    def give():
        sync.release()
        detector.w(x, "a")

    def take():
        sync.acquire()
        detector.w(x, "a")

    with detecting():
        apart(give, take)
    assert found() == [("certain", "X.a")]


def locked(lock, *calls, read=False):
    def run():
        lock.acquired(read)
        for call in calls:
            call()
        lock.released(read)

    return run


def test_lock_protects():
    """Accesses under one lock do not race, and the lock is known to protect the variable."""
    x = X()
    with detecting():
        lock = detector.LockInfo("Lock", "guard")
        apart(locked(lock, write(x)), locked(lock, write(x)))
        [(number, kind, name, _made, takings, threads, protected)] = detector.locks()
    assert found() == []
    assert (number, kind, name, takings, len(threads), protected) == (1, "Lock", "guard", 2, 2, 1)


def test_two_locks_do_not():
    """Two different locks order nothing."""
    x = X()
    with detecting():
        one, two = detector.LockInfo("Lock"), detector.LockInfo("Lock")
        apart(locked(one, write(x)), locked(two, write(x)))
    assert found() == [("certain", "X.a")]
    [(_, _, earlier, later, _)] = detector.races()
    assert (earlier[3], later[3]) == ((1,), (2,))


def test_order_by_a_lock_alone_is_an_accident():
    """What only the order of lock takings put into order is possible."""
    x = X()
    with detecting():
        lock = detector.LockInfo("Lock")

        def first():
            detector.w(x, "a")
            locked(lock)()

        def second():
            locked(lock)()
            detector.w(x, "a")

        apart(first, second)
    assert found() == [("possible", "X.a")]


def test_handing_over_what_was_made_for_it():
    """An object that another thread can have come to know under the lock only is no possible race."""
    made = []
    with detecting():
        lock = detector.LockInfo("Lock")

        def first():
            made.append(X())
            detector.w(made[0], "a")
            locked(lock)()

        def second():
            locked(lock)()
            detector.w(made[0], "a")

        apart(first, second)
    assert found() == []


def test_reading_sides_do_not_exclude_each_other():
    """A write under a lock that both hold for reading races."""
    x = X()
    with detecting():
        lock = detector.LockInfo("RWLock")
        apart(locked(lock, write(x), read=True), locked(lock, write(x), read=True))
    assert found() == [("certain", "X.a")]


def test_a_lock_that_another_thread_gives_back():
    """It is a signal, and protects nothing of its taker's any more."""
    x, y = X(), X()
    with detecting():
        lock = detector.LockInfo("Lock")
        tokens = [detector.fork(), detector.fork()]
        lock.acquired()
        detector.w(y, "a")

        def give_back():
            detector.begin(tokens[0], "other")
            lock.released()
            detector.end(tokens[0])

        thread = threading.Thread(target=give_back)
        thread.start()
        thread.join()
        detector.w(x, "a")

        def other():
            detector.begin(tokens[1], "third")
            locked(lock, write(x))()
            detector.end(tokens[1])

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found() == [("certain", "X.a")]
    assert detector.races()[0][2][3] == ()


def test_methods_and_properties_are_no_variables():
    """What a class defines is no variable until it is written."""
    x = X()
    with detecting():
        apart(read(x, "method"), read(x, "computed"), read(x, "__dict__"))
        assert detector.variables() == []
        apart(write(x, "method"), read(x, "method"))
    assert found() == [("certain", "X.method")]


def test_class_attributes():
    """An attribute that the class has belongs to the class, seen through instances or not."""
    with detecting():
        apart(read(X(), "shown"), write(X, "shown"))
    [(_, variable, _, _, _)] = detector.races()
    assert variable[:3] == ("class attribute", f"{__name__}.X", "shown")


def test_an_instance_hides_its_class():
    """An instance's own value is its own variable."""
    x, y, z = X(), X(), X()
    x.shown, y.shown, z.shown = 5, 6, 7
    with detecting():
        apart(read(x, "shown"), write(X, "shown"))
        apart(write(y, "shown"), write(z, "shown"))
    assert found() == []


def test_slots():
    """Attributes in slots are variables."""
    slotted = Slotted()
    with detecting():
        apart(write(slotted), write(slotted))
    assert found() == [("certain", "Slotted.a")]


def test_globals_and_closures():
    """Globals are known by module, closure variables by the function that made the scope."""
    with detecting():
        scope = detector.scope()
        apart(lambda: detector.G("some"), lambda: detector.g(1, "some"))
        apart(lambda: detector.V(scope, "n"), lambda: detector.v(1, scope, "n"))
    assert [variable[:3] for _, variable, *_ in detector.races()] == [
        ("global", __name__, "some"),
        ("closure", f"{__name__}.test_globals_and_closures", "n"),
    ]


def test_instance_dictionary():
    """An item of an instance's dictionary is the attribute."""
    x = X()
    with detecting():
        apart(write(x), lambda: detector.gi(detector.r(x, "__dict__").__dict__, "a"))
    assert found() == [("certain", "X.a")]


def test_appends_do_not_race():
    """Indivisible updates do not race with each other, but with whoever iterates."""
    results = []
    with detecting():
        append = lambda: detector.b(results, "append")(1)  # noqa: E731
        apart(append, append)
        assert found() == []
        apart(lambda: list(detector.it(results)))
    assert results == [1, 1]
    assert set(found()) == {("certain", "list")}


def test_append_and_pop_are_a_queue():
    """What was put into a container is ordered before what took it out."""
    x, queue = X(), collections.deque()

    def put():
        detector.w(x, "a")
        detector.b(queue, "append")(x)

    def get():
        detector.w(detector.b(queue, "popleft")(), "a")

    with detecting():
        apart(put, get)
    assert found() == []


def test_keys():
    """Two writes of one key race, of two keys they do not; -1 and -2 are two."""
    cells, table = [0, 0], {-1: 0, -2: 0, "a": 0}
    with detecting():
        apart(lambda: detector.wi(cells, 0), lambda: detector.wi(cells, 1))
        apart(lambda: detector.wi(table, -1), lambda: detector.wi(table, -2))
        assert found() == []
        apart(lambda: detector.wi(cells, 1), lambda: detector.wi(cells, -1))
        apart(lambda: detector.ui(table, "a"), lambda: detector.ui(table, "a"))
        apart(lambda: detector.wi(table, 1), lambda: detector.wi(table, True))
    assert set(found()) == {("certain", "list[1]"), ("certain", "dict['a']"), ("certain", "dict[True]")}


def test_an_item_and_all():
    """Whoever reads all of a container races with a write of an item, which is named."""
    cells = [0, 0]
    with detecting():
        apart(lambda: detector.wi(cells, 1), lambda: detector.s(cells))
    assert found() == [("certain", "list[1]")]


@pytest.mark.parametrize("sort", [list, set, collections.deque, bytearray])
def test_subclasses(sort):
    """Methods of builtin types are known in subclasses as well."""
    kind = type("Sub", (sort,), {})
    obj = kind()
    name = "add" if sort is set else "append"
    with detecting():
        apart(lambda: detector.b(obj, name)(1), lambda: detector.f(len)(obj))
    assert found() == [("certain", "Sub")]


def test_super():
    """A method that is called through super() is known."""

    class Sub(list):
        def append(self, value):
            detector.b(super(), "append")(value)

    obj = Sub()
    with detecting():
        apart(lambda: obj.append(1), lambda: detector.f(sorted)(obj))
    assert [certain for certain, _ in found()] == ["certain"]


def test_functions():
    """Builtin functions and those of modules read and write what they are given."""
    import heapq

    heap = []
    with detecting():
        apart(lambda: detector.b(heapq, "heappush")(heap, 1), lambda: detector.f(zip)(heap, [1]))
    assert heap == [1]
    assert set(found()) == {("certain", "list")}


def test_lazy_functions_tell_of_each_step():
    """What zip() was given is read when the zip is, and not only when it is made."""
    numbers = [1, 2]
    with detecting():
        other = detector.fork()
        pairs = detector.f(zip)(numbers, numbers)
        apart(lambda: list(pairs), lambda: detector.b(numbers, "append")(3))
        detector.joined(other)
    assert set(found()) == {("certain", "list")}


def test_place():
    """An operation on a place is made on the object, and told at its moment."""
    x, cells = X(), [1]

    def update():
        detector.p(x).a += 1
        detector.p(cells)[0] += 1
        assert cells[0] in detector.p(cells)
        with pytest.raises(AttributeError):
            detector.p(x).missing
        assert detector.p(x).__class__ is X

    with detecting():
        apart(update, update)
    assert (x.a, cells) == (3, [3])
    assert {"X.a", "list[0]"} <= {variable for _, variable in found()}


def test_each_pair_of_places_once():
    """A pair of places is told of once, however often it races; and to whoever listens."""
    xs, told = [X() for _ in range(10)], []
    all_of_them = lambda: [detector.w(x, "a") for x in xs]  # noqa: E731
    with detecting():
        detector.on_race(told.append)
        try:
            apart(all_of_them, all_of_them)
        finally:
            detector.on_race(None)
    [race] = detector.races()
    assert race[-1] == 10
    assert told == [(*race[:-1], 1)]


def test_where_it_was_made():
    """An object's Variable tells where and by whom it was made."""
    with detecting():
        x = X()
        apart(write(x), write(x))
    [(_, variable, *_)] = detector.races()
    assert variable[5][0][5] == "test_where_it_was_made"
    assert variable[6] == threading.current_thread().name


def test_unknown_threads():
    """A thread that nobody forked is told of, with an order of its own only."""
    x = X()
    with detecting():
        other = detector.fork()
        detector.w(x, "a")
        thread = threading.Thread(target=write(x))
        thread.start()
        thread.join()
        detector.joined(other)
    assert found() == [("certain", "X.a")]


def test_synchronized_types():
    """Locks, queues and thread-local values are no variables."""
    local = type("Local", (threading.local,), {})()
    with detecting():
        apart(write(local), write(local))
        apart(write(threading.Event()), read(threading.Event()))
    assert detector.variables() == []


def test_hooks_pass_on():
    """Without a run hooks do the operation, or nothing."""
    cells = [1]
    assert not detector.is_active()
    assert detector.gi(cells, 0) == 1
    detector.si(2, cells, 0)
    assert detector.b(cells, "append")(3) is None
    assert detector.f(len) is len
    assert detector.it(cells) is cells
    assert detector.p(cells) is cells
    assert detector.scope() is None
    assert detector.v(1, None, "n") == 1
    assert cells == [2, 3]
    with pytest.raises(IndexError):
        detector.gi(cells, 5)
    with pytest.raises(TypeError):
        detector.r(cells)
