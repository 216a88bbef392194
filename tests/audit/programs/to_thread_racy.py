# SPDX-License-Identifier: MIT
# race: certain Page.text
import asyncio
import os

shown, tell = os.pipe()


class Page:
    def __init__(self):
        self.text = ""


def load(page):
    page.text = "loaded"
    os.read(shown, 1)


async def main():
    page = Page()
    loading = asyncio.create_task(asyncio.to_thread(load, page))
    await asyncio.sleep(0)
    page.text = "loading"
    os.write(tell, b"x")
    await loading


asyncio.run(main())
