# SPDX-License-Identifier: MIT
"""queue."""

from benchmarks.stdlib.subject import Op, Subject, each, numbers, op, shared

PROMISED = "the module implements multi-producer, multi-consumer queues"


def _ops() -> tuple[Op, ...]:
    return (
        *each("put_nowait", numbers),
        *each("get_nowait qsize empty full task_done"),
        op(lambda queue, x: queue.put(x, timeout=0.001), numbers),
        op(lambda queue: queue.get(timeout=0.001)),
        op(lambda queue: queue.put(1, timeout=-1)),
    )


SUBJECT = Subject(
    "queue",
    fresh=False,
    calls=(op(lambda queue, x: (made := queue.Queue(2)).put(x) or made.get(), numbers),),
    objects=(
        *(
            shared(name, lambda queue, name=name: getattr(queue, name)(3), *_ops(), promised=PROMISED)
            for name in ("Queue", "LifoQueue", "PriorityQueue")
        ),
        shared(
            "_PySimpleQueue",
            lambda queue: queue._PySimpleQueue(),
            *each("put put_nowait", numbers),
            *each("get_nowait qsize empty"),
            promised=PROMISED,
        ),
        shared(
            "Queue that is shut down",
            lambda queue: queue.Queue(3),
            *_ops(),
            op(lambda queue: queue.shutdown(immediate=True)),
            promised=PROMISED,
        ),
    ),
    tests=("test.test_queue",),
)
