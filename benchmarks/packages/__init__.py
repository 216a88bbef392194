# SPDX-License-Identifier: MIT
"""Well-known threaded packages audited through their own tests."""
