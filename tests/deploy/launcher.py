"""A run of the stack as a process of its own: `python launcher.py DATA_DIR`; prints the servers' pids when it is up."""

import asyncio
import signal
import sys
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.stack import run_stack
from tests.servers import small_settings


async def main() -> None:
    async with run_stack(small_settings(Path(sys.argv[1]))) as stack:
        print(*(server.pid for server in stack.servers), flush=True)  # noqa: T201 - its test reads this
        await asyncio.Event().wait()


# Started by tests that a script runs in its background, this process would not see Ctrl-C at all.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    asyncio.run(main())
except LocalStackError as error:
    sys.exit(str(error))
