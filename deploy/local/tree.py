"""A process with its descendants: PostgreSQL is a dozen processes, and a fault must reach them all."""

import contextlib
import os
import signal

import psutil


def tree(pid: int) -> list[psutil.Process]:
    """Return the process and its descendants, parents first; empty if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process and all its descendants. Ignores processes that have ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        # Suspended, it starts no more children while they are listed.
        psutil.Process(pid).suspend()
    for process in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def resident_bytes(pid: int) -> int:
    """Return the memory of the tree in bytes. Shared pages are counted once if the kernel reports PSS."""
    return sum(map(own_bytes, tree(pid)))


def own_bytes(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except psutil.Error:
        return 0


def command_line(pid: int) -> str:
    """Return the command line of a process; empty if it has ended or is a zombie."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def end_tree(pid: int, number: signal.Signals, seconds: float) -> None:
    """End a process that is not our child: send `number`, and SIGKILL to what is left of its tree after `seconds`."""
    processes = tree(pid)
    signal_tree(pid, signal.SIGCONT)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)
