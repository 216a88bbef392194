# SPDX-License-Identifier: MIT
"""`functools.lru_cache` and `cache`: a call that finds its answer comes after the calls that put answers in.

`cached_property` needs nothing: up to 3.11 it has a lock, which is told of like any other, and since then none, so that
two threads that ask for the first time do race, as its documentation says.
"""

from __future__ import annotations

import functools
from typing import Any

import wrapt

from owned._audit._sync_base import Patches, detector

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Tell of functions that are cached from now on."""
    original = patches.method(functools, "lru_cache", _lru_cache)
    patches.everywhere(original, vars(functools)["lru_cache"])


class _Cached(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A cached function. It is pickled by its name, as the real one is."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__wrapped__.__reduce_ex__(protocol)

    def __reduce__(self) -> Any:
        return self.__wrapped__.__reduce__()

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


def _lru_cache(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    if args and callable(args[0]):
        return _tell(args[0], lambda told: wrapped(told, *args[1:], **kwargs))
    decorate = wrapped(*args, **kwargs)

    def lru_cache(function: Any) -> Any:
        return _tell(function, decorate)

    return lru_cache


def _tell(function: Any, decorate: Any) -> Any:
    sync = detector.module.Sync("lru_cache")

    @functools.wraps(function)
    def compute(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        sync.release()
        return answer

    def ask(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        answer = wrapped(*args, **kwargs)
        sync.acquire()
        return answer

    cached = decorate(compute)
    cached.__wrapped__ = function
    return _Cached(cached, ask)
