# SPDX-License-Identifier: MIT
"""Handlers are called on the thread of whoever emits the event, not of whoever registered them."""

import threading

import owned

ERROR = "WrongThreadError"


class Events:
    def __init__(self):
        self.handlers = []

    def emit(self, event):
        for handler in self.handlers:
            try:
                handler(event)
            except Exception:
                pass  # one bad handler must not stop the others


def emit_on_worker(events, event):
    worker = threading.Thread(target=events.emit, args=(event,))
    worker.start()
    worker.join()


def test_racy():
    """The window's log is the main thread's, the event comes from a worker."""
    events = Events()
    log = owned.List()
    events.handlers.append(log.append)
    emit_on_worker(events, "clicked")


def test_right():
    """The log is shared, and the handler takes its lock."""
    events = Events()
    log = owned.share(owned.List())

    def note(event):
        with owned.locked(log):
            log.append(event)

    events.handlers.append(note)
    emit_on_worker(events, "clicked")
    with owned.locked(log):
        assert log == ["clicked"]
