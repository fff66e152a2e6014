"""Give running processes less of the processor than others have."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.local.tree import tree

TRIES: Final = 30
PAUSE_SECONDS: Final = 0.1
"""Linux lets an ordinary user change an autogroup once in this time."""


async def raise_niceness(pid: int, niceness: int) -> None:
    """Set the niceness of a process and its children, all their threads, to this process's and `niceness` more.

    Where Linux divides the processor between sessions first (autogroups), a thread's niceness counts within its session
    only: there the sessions get it too. What the processes start later inherits their niceness, and a session of its
    own, such as a new backend of PostgreSQL has, begins without one.
    """
    wanted = min(os.getpriority(os.PRIO_PROCESS, 0) + niceness, 19)
    for process in tree(pid):
        # A courtesy: a process that has ended, no /proc, or one that cannot be written to must not stop the stack.
        with suppress(OSError):
            set_threads(process.pid, wanted)
            for _ in range(TRIES):
                if set_session(process.pid, wanted):
                    break
                await asyncio.sleep(PAUSE_SECONDS)


def set_threads(pid: int, niceness: int) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(task.name), niceness)


def set_session(pid: int, niceness: int) -> bool:
    """Set the niceness of a process's session, where the kernel has that; false when it has to be tried again."""
    autogroup = Path(f"/proc/{pid}/autogroup")
    try:
        if autogroup.exists():
            autogroup.write_text(str(niceness))
    except BlockingIOError:
        return False
    return True
