# SPDX-License-Identifier: MIT
# race: certain State.steps
import asyncio
import threading


class State:
    def __init__(self):
        self.steps = 0


async def step(state):
    state.steps += 1


loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
state = State()
future = asyncio.run_coroutine_threadsafe(step(state), loop)
state.steps += 1
future.result()
loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
