# SPDX-License-Identifier: MIT
"""`asyncio.to_thread` leaves the thread of the loop, and takes along what the coroutine owns."""

import asyncio

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The session belongs to the thread of the loop."""

    async def main():
        session = owned.Dict(user="ada")
        await asyncio.gather(asyncio.to_thread(session.pop, "user"), return_exceptions=True)

    asyncio.run(main())


def test_right():
    """It is handed over, and back again."""

    async def main():
        parcel = owned.move(owned.Dict(user="ada"))

        def log_out():
            session = parcel.claim()
            session.pop("user")
            return owned.move(session)

        session = (await asyncio.to_thread(log_out)).claim()
        assert session == {}

    asyncio.run(main())
