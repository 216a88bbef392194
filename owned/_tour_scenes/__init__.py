# SPDX-License-Identifier: MIT
"""The scenes of ``python -m owned tour``: complete programs, shown as they are and run as they are."""
