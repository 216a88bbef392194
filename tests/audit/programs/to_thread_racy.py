# SPDX-License-Identifier: MIT
# race: certain Page.text
import asyncio


class Page:
    def __init__(self):
        self.text = ""


def load(page):
    page.text = "loaded"


async def main():
    page = Page()
    loading = asyncio.create_task(asyncio.to_thread(load, page))
    await asyncio.sleep(0)
    page.text = "loading"
    await loading


asyncio.run(main())
