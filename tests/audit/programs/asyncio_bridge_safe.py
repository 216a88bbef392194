# SPDX-License-Identifier: MIT
# race: none
import asyncio
import threading


class State:
    def __init__(self):
        self.steps = 0


async def step(state):
    state.steps += 1
    return state


def run(loop):
    asyncio.set_event_loop(loop)
    loop.run_forever()


loop = asyncio.new_event_loop()
thread = threading.Thread(target=run, args=(loop,))
thread.start()
state = State()
state.steps = 1
print(asyncio.run_coroutine_threadsafe(step(state), loop).result().steps)
state.steps = 5
loop.call_soon_threadsafe(setattr, state, "steps", 6)
loop.call_soon_threadsafe(loop.stop)
thread.join()
print(state.steps)
loop.close()
