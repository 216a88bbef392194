# SPDX-License-Identifier: MIT
"""The audit of the standard library: ``python -m benchmarks.stdlib`` makes docs/stdlib-audit.md.

Each module is driven from several threads by its file in `subjects`, and by CPython's own tests that use threads,
under ``owned audit --stdlib``, in processes of their own. What they found is kept in results/stdlib, one file per
module; what was made of it by hand is in known.toml; the page is written from both.
"""
