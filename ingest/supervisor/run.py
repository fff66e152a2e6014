"""The supervisor from start to exit code: `runtime.process.run` without what that imports."""

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
from ingest.supervisor.worker_log import log_json_lines
from runtime.errors import CannotListen, SettingsError
from runtime.settings import load, show_settings

log = logging.getLogger(__name__)


def run() -> NoReturn:
    """Load settings, supervise until SIGTERM or SIGINT, roll on SIGHUP, exit.

    Exit codes: 0 stopped in order, 1 crashed (the log says why) or a port is taken (one line says which), 2 the
    settings are wrong (one line says which).
    """
    try:
        settings = load(Settings, os.environ)
        log_json_lines(settings.log_level)
        log.info("starting", extra=describe_start(settings))
        # Not uvloop, which gives a new process every signal back, also the one a worker must not be ended by.
        asyncio.run(until_signalled(settings))
    except (SettingsError, CannotListen) as error:
        print(f"clickrail ingest: {error}", file=sys.stderr)  # noqa: T201 - for whoever just started it
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except Exception:
        log.exception("crashed")
        sys.exit(1)
    sys.exit(0)


def describe_start(settings: Settings) -> dict[str, object]:
    """Give what the first line of the log says: what runs here, and how it is set."""
    return {
        "version": version("clickrail"),
        "python": platform.python_version(),
        "settings": show_settings(settings),
    }


async def until_signalled(settings: Settings) -> None:
    stop, roll = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, roll)):
        loop.add_signal_handler(number, event.set)
    await supervise(settings, stop, roll)
