# SPDX-License-Identifier: MIT
"""owned: every object belongs to somebody, and touching what is not yours raises at once.

``@owned`` classes, ``own(obj)`` and the containers ``List``, ``Dict``, ``Set`` are private to the thread that made them.
``share``, ``freeze`` and ``move`` make sharing a decision. See the README for thirty seconds of it.
"""

import os as _os

from owned import _core
from owned._classes import owned
from owned._core import (
    Dict,
    List,
    Lock,
    Owned,
    Parcel,
    Region,
    RLock,
    Set,
    ThreadInfo,
    adopt,
    frozendict,
    move,
    own,
    share,
    unchecked,
    unwrap,
)
from owned._locking import locked
from owned._frozen import freeze, is_frozen, never_freeze, register, thaw
from owned._look import State, explain, lock_of, owner, state
from owned.errors import (
    FreezeError,
    FrozenError,
    LockNotHeldError,
    LockOrderError,
    MovedError,
    OrphanedError,
    OwnershipError,
    WrongThreadError,
)

# The names that PEP 805 proposes.
IllegalThreadAccessException = WrongThreadError
UnprotectedAccessException = LockNotHeldError
TransferBox = Parcel

if "OWNED_RUN_CHILDREN" in _os.environ:  # a program under `python -m owned run` has started this process
    from owned._report import follow as _follow

    _follow()
