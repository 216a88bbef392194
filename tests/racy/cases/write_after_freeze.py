# SPDX-License-Identifier: MIT
"""What was frozen, so that everybody can read it, is changed once more."""

import owned

ERROR = "FrozenError"


@owned.owned
class Config:
    def __init__(self, hosts):
        self.hosts = hosts


def test_racy():
    """The write is refused on every thread; here the error is taken for something else."""
    config = owned.freeze(Config(("a", "b")))
    try:
        config.hosts = ("c",)
    except TypeError:
        pass


def test_right():
    """A new version is a changed copy, frozen in its turn."""
    config = owned.freeze(Config(("a", "b")))
    changed = owned.thaw(config)
    changed.hosts = ("c",)
    newer = owned.freeze(changed)
    assert config.hosts == ("a", "b")
    assert newer.hosts == ("c",)
