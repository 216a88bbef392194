# SPDX-License-Identifier: MIT
"""`run_coroutine_threadsafe` runs a coroutine on the loop's thread; its arguments are the caller's."""

import asyncio
import threading

import owned

ERROR = "WrongThreadError"


async def send(basket):
    basket.append("sent")


def run_on_loop(coroutine):
    """Run it on the thread of a loop, and look at no result."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    future.exception(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_racy():
    """The basket belongs to the thread that submits."""
    run_on_loop(send(owned.List(["tea"])))


def test_right():
    """The coroutine claims the basket."""
    parcel = owned.move(owned.List(["tea"]))
    sizes = []

    async def send_parcel():
        basket = parcel.claim()
        await send(basket)
        sizes.append(len(basket))

    run_on_loop(send_parcel())
    assert sizes == [2]
