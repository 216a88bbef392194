# SPDX-License-Identifier: MIT
"""``python -m owned``: run a program with the checks on, or take the tour."""

from owned._cli import main

if __name__ == "__main__":
    main()
