# SPDX-License-Identifier: MIT
"""`getattr` with a default, and `hasattr`, look at an attribute; what a thread dies of is not looked at."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "WrongThreadError"


@owned.owned
class Settings:
    def __init__(self):
        self.theme = "dark"


def test_racy():
    """The default does not hide a violation, which is no AttributeError; the future does."""
    settings = Settings()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(getattr, settings, "theme", "light")
        pool.submit(hasattr, settings, "size")


def test_right():
    """Frozen settings can be read by everybody, and the default is for what is not there."""
    settings = owned.freeze(Settings())
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(getattr, settings, "theme", "light").result() == "dark"
        assert pool.submit(getattr, settings, "size", 12).result() == 12
