# SPDX-License-Identifier: MIT
"""Warnings point at the line of the program that called into owned, whatever the depth."""

from __future__ import annotations

import warnings

from owned._records import calling_frame, calling_site
from owned.errors import OwnershipWarning


def warn(warning: OwnershipWarning) -> None:
    """Warn of the line of the program that called into owned.

    Raises:
        OwnershipWarning: a filter makes exceptions of warnings.
    """
    file, line, _function = calling_site()
    frame = calling_frame()
    names = None if frame is None else frame.f_globals
    plain = names if type(names) is dict else {}  # exec() takes a Dict, which would refuse us too
    module = plain.get("__name__")
    warnings.warn_explicit(
        warning,
        type(warning),
        file,
        line,
        module=module if type(module) is str else "<unknown>",
        registry=plain.setdefault("__warningregistry__", {}),
    )
