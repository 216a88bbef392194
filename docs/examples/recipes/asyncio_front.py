"""A front of coroutines, a back of threads: many connections wait cheaply, and the work keeps all cores busy.

    python -m owned run docs/examples/recipes/asyncio_front.py

The front belongs to the event loop's thread. A job is moved to the back through a channel, which coroutines and
threads use alike: nobody blocks the loop. The session of a request has an await in the middle, so it is made private
to its task: another task that touched it in between would be told.
"""

from __future__ import annotations

import asyncio

import owned
import owned.aio

WORKERS, CONNECTIONS, JOBS = 3, 10, 6


@owned.owned
class Job:
    """Made by the front, worked on by the back, read by the front again."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        self.total = 0


@owned.owned
class Session:
    """What one connection has done so far."""

    def __init__(self) -> None:
        self.totals: list[int] = []


Jobs = owned.Channel  # of (Job, the channel for it to come back)


def back(jobs: Jobs) -> None:
    """A thread: works until the front has closed."""
    for job, answer in jobs:
        with answer:
            job.total = sum(number * number for number in job.numbers)
            answer.put(job)


async def connection(number: int, jobs: Jobs) -> int:
    """A task: what it was told in all its sessions."""
    session = owned.task_private(Session())
    for size in range(JOBS):
        answer: owned.Channel[Job] = owned.Channel(1)
        await jobs.aput((Job(list(range(size + number))), answer))
        job = await asyncio.wait_for(answer.aget(), 60)
        session.totals.append(job.total)
    return await owned.aio.to_thread(sum, tuple(session.totals))


async def front() -> list[int]:
    jobs: Jobs = owned.Channel(WORKERS * 2, name="jobs")
    threads = [owned.Thread(target=back, args=(jobs,)) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        return await asyncio.gather(*(connection(number, jobs) for number in range(CONNECTIONS)))
    finally:
        jobs.close()
        for thread in threads:
            thread.join()


def main() -> None:
    sums = asyncio.run(front())
    expected = [sum(n * n for size in range(JOBS) for n in range(size + number)) for number in range(CONNECTIONS)]
    right = sum(told == computed for told, computed in zip(sums, expected, strict=True))
    print(f"{right} of {CONNECTIONS} connections were told the right sum")


if __name__ == "__main__":
    main()
