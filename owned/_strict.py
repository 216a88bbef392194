# SPDX-License-Identifier: MIT
"""Where the C core enters what only strict mode needs: imported when it is first asked, and not with ``owned``."""

from __future__ import annotations

from typing import Any


def check_stored(*arguments: Any) -> None:
    """See owned/_alias.py."""
    from owned import _alias

    _alias.check_stored(*arguments)


def check_wrapped(*arguments: Any) -> None:
    """See owned/_alias.py."""
    from owned import _alias

    _alias.check_wrapped(*arguments)


def check_shared(*arguments: Any) -> None:
    """See owned/_foreign_objects.py."""
    from owned import _foreign_objects

    _foreign_objects.check_shared(*arguments)


def check_joining(*arguments: Any) -> None:
    """See owned/_foreign_objects.py."""
    from owned import _foreign_objects

    _foreign_objects.check_joining(*arguments)


def judge_lock_order(*arguments: Any) -> Any:
    """See owned/_lock_order.py."""
    from owned import _lock_order

    return _lock_order.judge(*arguments)
