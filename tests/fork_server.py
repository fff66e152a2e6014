"""The process that `tests.forking` has programs forked from: `python -m tests.fork_server MODULE ...`.

It imports the modules, then reads an order a line, and writes a line when a program starts and when it has ended.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from types import ModuleType
from typing import Any


def fork_when_told(imported: Sequence[str]) -> None:
    for name in imported:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a module that is imported starts a thread: a fork would lose it"
    # A program that ends would look through all of it for garbage, for half a second.
    gc.collect()
    gc.freeze()
    children: dict[int, int] = {}
    orders = read_orders(children)
    for order in orders:
        child = os.fork()
        if child == 0:
            orders.close()
            become(order)
            return
        children[child] = order["number"]
        answer(order["number"], "pid", child)
    os.killpg(0, signal.SIGKILL)


def read_orders(children: dict[int, int]) -> Generator[dict[str, Any]]:
    """Give each order; meanwhile say of each child that has ended how it ended."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    read = b""
    try:
        while True:
            ready, _, _ = select.select([0, woken], [], [])
            if woken in ready:
                os.read(woken, 1024)
                tell_ended(children)
            if 0 in ready:
                more = os.read(0, 65536)
                if not more:
                    return
                *lines, read = (read + more).split(b"\n")
                yield from map(json.loads, lines)
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(woken)
        os.close(wake)


def tell_ended(children: dict[int, int]) -> None:
    for child in list(children):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            answer(children.pop(pid), "code", os.waitstatus_to_exitcode(status))


def answer(number: int, what: str, value: int) -> None:
    print(json.dumps([number, what, value]), flush=True)  # noqa: T201 - the other end reads it


def become(order: dict[str, Any]) -> None:
    """Be the program that is ordered: what it raises ends this process as it would end any."""
    for number, path in enumerate((os.devnull, order["output"], order["errors"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv[:] = order["arguments"]
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(order["program"], "<string>", "exec"), vars(main))  # noqa: S102 - the test's program


if __name__ == "__main__":
    fork_when_told(sys.argv[1:])
