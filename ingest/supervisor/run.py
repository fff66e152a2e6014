"""The supervisor from start to exit code: like `runtime.process.run`, without its imports."""

import asyncio
import logging
import os
import platform
import signal
import sys
from importlib.metadata import version
from typing import NoReturn

from ingest.settings import Settings
from ingest.supervisor.supervise import supervise
from ingest.supervisor.worker_log import set_up_logging
from runtime.errors import CannotListen, SettingsError
from runtime.settings import load, show_settings

log = logging.getLogger(__name__)


def run() -> NoReturn:
    """Load settings, supervise until SIGTERM or SIGINT, roll on SIGHUP, exit.

    Exit codes: 0 stopped as asked, 1 crashed (the log says why) or a port is taken (one line says which), 2 the
    settings are wrong (one line says which).
    """
    try:
        settings = load(Settings, os.environ)
        set_up_logging(settings.log_level)
        log.info("starting", extra=describe_start(settings))
        # Not uvloop: it unblocks all signals in a new process, also SIGHUP, which must not end a starting worker.
        asyncio.run(supervise_until_signalled(settings))
    except (SettingsError, CannotListen) as error:
        print(f"clickrail ingest: {error}", file=sys.stderr)  # noqa: T201 - for the person who started it
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except Exception:
        log.exception("crashed")
        sys.exit(1)
    sys.exit(0)


def describe_start(settings: Settings) -> dict[str, object]:
    """Give the fields of the log's first line: versions and settings."""
    return {
        "version": version("clickrail"),
        "python": platform.python_version(),
        "settings": show_settings(settings),
    }


async def supervise_until_signalled(settings: Settings) -> None:
    stop, roll = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, roll)):
        loop.add_signal_handler(number, event.set)
    await supervise(settings, stop, roll)
