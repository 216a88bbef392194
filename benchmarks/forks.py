# SPDX-License-Identifier: MIT
"""``python -m benchmarks.forks <kind> <objects>``: how much memory four forked workers copy when they read a graph.

It makes the graph, forks four workers, lets each walk over all of it, and then collect garbage, and prints as JSON how
many bytes the four have of their own after each of these steps, beyond what they had right after the fork. All of the
processes are alive while it is measured: the kernel tells pages that nobody else has, ``Private_Dirty`` in
``/proc/self/smaps``.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORKERS = 4


def own_bytes() -> int:
    """What this process has written to since the fork."""
    with open("/proc/self/smaps", "rb") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(b"Private_Dirty:")) * 1024


def worker(line: socket.socket, steps: list[Callable[[], object]]) -> None:
    """Answer how much it has before the first step and after each."""
    own_bytes()  # once before it counts: it needs memory itself
    for step in (lambda: None, *steps):
        step()
        line.sendall(own_bytes().to_bytes(8, "little"))
        line.recv(1)  # the others are as far


def measured(steps: list[Callable[[], object]]) -> list[int]:
    """What all workers together have copied after each step."""
    lines = []
    for _ in range(WORKERS):
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            status = 1
            try:
                worker(theirs, steps)
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        lines.append(ours)
    totals = []
    for _ in range(len(steps) + 1):
        totals.append(sum(int.from_bytes(line.recv(8, socket.MSG_WAITALL), "little") for line in lines))
        for line in lines:
            line.sendall(b"+")
    for _ in lines:
        os.wait()
    return [total - totals[0] for total in totals[1:]]


def main(kind: str, objects: int) -> None:
    """Make the graph, and print what was copied."""
    from benchmarks import bench_graphs

    graph: Any = bench_graphs.graph(bench_graphs.Slots, objects)
    if kind.startswith("frozen"):
        import owned

        options: dict[str, Any] = {"immortal": True} if "immortal" in kind else {}
        graph = owned.freeze(graph, **options)
    gc.collect()
    if "gc.freeze" in kind:
        gc.freeze()
    walk = bench_graphs.walker(graph)
    print(json.dumps(measured([lambda: walk(1), gc.collect])))


def available() -> bool:
    """Is there a Linux to ask?"""
    return hasattr(os, "fork") and Path("/proc/self/smaps").exists()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
