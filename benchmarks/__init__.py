# SPDX-License-Identifier: MIT
"""What ``owned`` costs, beside plain Python and beside everything like it: ``python -m benchmarks``."""
