# SPDX-License-Identifier: MIT
"""The sender goes on with what it has sent."""

import owned

ERROR = "MovedError"


def test_racy():
    """It adds a line to an order that is on its way already."""
    order = owned.List(["tea"])
    parcel = owned.move(order)
    try:
        order.append("milk")
    except Exception:
        pass
    assert parcel.claim() == ["tea"]


def test_right():
    """The order is complete before it is sent."""
    order = owned.List(["tea"])
    order.append("milk")
    parcel = owned.move(order)
    assert parcel.claim() == ["tea", "milk"]
