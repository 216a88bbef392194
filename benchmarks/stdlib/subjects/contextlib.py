# SPDX-License-Identifier: MIT
"""contextlib."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, op, own, shared


def _stack(contextlib):
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.nullcontext(1))
        stack.callback(int)
        stack.push(contextlib.suppress(ValueError))
        stack.pop_all().close()
        stack.callback(int, "x")


def _manager(contextlib):
    @contextlib.contextmanager
    def manager():
        try:
            yield 1
        except ValueError:
            pass

    with manager():
        raise ValueError
    manager()(lambda: None)()


async def _asynchronously(contextlib):
    @contextlib.asynccontextmanager
    async def manager():
        yield 1

    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(manager())
        stack.push_async_callback(_nothing)
        stack.push_async_exit(manager())
        stack.callback(int)


async def _nothing():
    pass


def _run(contextlib):
    coroutine = _asynchronously(contextlib)
    try:
        coroutine.send(None)
    except StopIteration:
        pass


def _redirected(contextlib):
    with contextlib.redirect_stderr(__import__("io").StringIO()):
        print(end="", file=__import__("sys").stderr)


SUBJECT = Subject(
    "contextlib",
    calls=(
        op(_stack),
        op(_manager),
        op(_run),
        op(_redirected),
        op(lambda contextlib: contextlib.closing(own("closed").open("w")).__exit__()),
        op(lambda contextlib: contextlib.chdir(".").__enter__()),
    ),
    objects=(
        shared(
            "ExitStack",
            lambda contextlib: contextlib.ExitStack(),
            op("callback", st.just(int)),
            op("push", st.just(lambda *exc: None)),
            op(lambda stack: stack.enter_context(memoryview(b""))),
            *each("pop_all close"),
        ),
        shared(
            "redirect_stdout",
            lambda contextlib: contextlib.redirect_stdout(__import__("io").StringIO()),
            op(lambda redirect: redirect.__enter__()),
            op(lambda redirect: redirect.__exit__(None, None, None)),
        ),
        shared(
            "chdir",
            lambda contextlib: contextlib.chdir("."),
            op(lambda chdir: chdir.__enter__()),
            op(lambda chdir: chdir.__exit__()),
        ),
    ),
    tests=("test.test_contextlib",),
)
