# SPDX-License-Identifier: MIT
"""`run_in_executor` runs a function on a thread, and its exception stays in a future that nobody awaits."""

import asyncio

import owned

ERROR = "WrongThreadError"


def test_racy():
    """`asyncio.wait` does not raise, so the statistics are just not counted."""

    async def main():
        hits = owned.Dict(count=0)

        def count():
            hits["count"] += 1

        future = asyncio.get_running_loop().run_in_executor(None, count)
        await asyncio.wait([future])
        future.exception()

    asyncio.run(main())


def test_right():
    """The thread computes, and the loop's thread counts."""

    async def main():
        hits = owned.Dict(count=0)
        hits["count"] += await asyncio.get_running_loop().run_in_executor(None, abs, -1)
        assert hits["count"] == 1

    asyncio.run(main())
