# SPDX-License-Identifier: MIT
# race: none
import asyncio


class Page:
    def __init__(self):
        self.text = ""


def load(page):
    page.text += "loaded "
    return page


async def main():
    page = Page()
    page.text = "now "
    await asyncio.to_thread(load, page)
    page.text += "shown "
    await asyncio.get_running_loop().run_in_executor(None, load, page)
    print(page.text)


asyncio.run(main())
