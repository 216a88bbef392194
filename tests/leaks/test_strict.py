# SPDX-License-Identifier: MIT
"""What strict mode remembers is bounded: by the objects that live, and by the places of the program."""

from programs import run_program


def test_lives_end_with_their_objects():
    """Objects that are made, moved, shared and frozen in strict mode, and die in either mode, leave nothing behind."""
    out = run_program(
        """
        import gc, sys, owned
        from owned import _core, _recorded
        @owned.owned
        class Node:
            def __init__(self):
                self.items = [1]
        class Plain:
            pass
        def one():
            node = owned.move(Node()).claim()
            with owned.Region() as region:
                born = Node()
            owned.move(region).claim()
            owned.share(region)
            owned.share(node)
            wrapper = owned.own(Plain())
            owned.share(wrapper)
            owned.freeze(Node())
            owned.explain(node)
            try:
                node.items
            except owned.OwnershipError as error:
                error.violation
            return node
        def rounds(n):
            for i in range(n):
                _core.set_mode(3)
                kept = one()
                if i % 2:
                    _core.set_mode(2)
                del kept
            _recorded._recorded.clear()  # the violations that are kept on purpose
            for _ in range(3):
                gc.collect()
            return sys.getallocatedblocks(), len(gc.get_objects()), _core.life_count()
        first, second = [rounds(n) for n in (300, 1500)]
        (blocks, objects, (lives, stacks)), (more_blocks, more_objects, (more_lives, more_stacks)) = first, second
        print(more_lives == lives == 0, more_stacks == stacks, more_blocks - blocks < 300, more_objects - objects < 20,
              lives, more_lives, stacks, more_stacks, more_blocks - blocks, more_objects - objects)
        """
    )
    assert out.startswith("True True True True"), out


def test_depot_is_bounded():
    """A program that makes objects in ever new places fills the depot and goes on, without a place for the rest."""
    out = run_program(
        """
        import owned
        from owned import _core
        @owned.owned
        class Node:
            pass
        _core.set_mode(3)
        body = "def make(Node):\\n" + "".join(f"    yield Node()\\n" for _ in range(1000))
        for module in range(70):
            names = {}
            exec(compile(body, f"module{module}.py", "exec"), names)
            for last in names["make"](Node):
                pass
        [made] = _core.life_of(last)
        print(_core.life_count()[1], made.file, made.thread)
        """
    )
    assert out.split() == ["65536", "<unknown>", "MainThread"]


def test_frames_are_let_go():
    """A birth keeps no frame alive, nor anything in its variables."""
    out = run_program(
        """
        import weakref, owned
        from owned import _core
        @owned.owned
        class Node:
            pass
        class Local:
            pass
        _core.set_mode(3)
        def maker():
            local = Local()
            global gone
            gone = weakref.ref(local)
            return Node()
        node = maker()
        print(gone() is None, _core.life_of(node)[0].function)
        """
    )
    assert out.split() == ["True", "maker"]
