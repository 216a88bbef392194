# SPDX-License-Identifier: MIT
"""`call_soon_threadsafe` makes the call safe for the loop, not for what it is called with."""

import asyncio
import threading

import owned

ERROR = "WrongThreadError"


def run_loop(use):
    """Run a loop on a thread of its own, and ``use(loop)`` on this one."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        use(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_racy():
    """The message is this thread's, and the callback runs on the loop's."""
    message = owned.Dict(text="hello")
    run_loop(lambda loop: loop.call_soon_threadsafe(message.update, {"sent": True}))


def test_right():
    """The message is handed to the loop's thread."""
    parcel = owned.move(owned.Dict(text="hello"))
    sent = []

    def send():
        message = parcel.claim()
        message["sent"] = True
        sent.append(message["text"])

    run_loop(lambda loop: loop.call_soon_threadsafe(send))
    assert sent == ["hello"]
