# SPDX-License-Identifier: MIT
"""Imported by programs, on the thread that is first."""

TABLE = None
TABLE = [1, 2, 3]
used = 0


class Settings:
    size = None


Settings.size = len(TABLE)


def use():
    return sum(TABLE) + Settings.size


def count():
    global used
    used += 1
