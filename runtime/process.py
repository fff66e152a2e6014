"""A process from start to exit code. Only this module and `__main__` catch every exception."""

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import NoReturn, TypeVar

import msgspec
import structlog
import uvloop

from runtime import logs
from runtime.errors import CannotListen, SettingsError
from runtime.settings import load, show_settings

S = TypeVar("S", bound=msgspec.Struct)

Serve = Callable[[S, asyncio.Event], Awaitable[None]]
"""A service: it runs until the event is set, then shuts down. An exception from it ends the process."""


def clickrail_version() -> str:
    return version("clickrail")


def describe_start(settings: msgspec.Struct) -> dict[str, object]:
    """Return the content of a log's first line: version, Python and settings."""
    return {
        "version": clickrail_version(),
        "python": platform.python_version(),
        "settings": show_settings(settings),
    }


def run(service: str, kind: type[S], serve: Serve[S]) -> NoReturn:
    """Load settings, run the service until SIGTERM or SIGINT, exit.

    Exit codes: 0 after a clean shutdown, 1 after a crash (the log says why) or when a port is in use (one line says
    which), 2 when a setting is wrong (one line says which).
    """
    try:
        settings = load(kind, os.environ)
        logs.configure(service, getattr(settings, "log_level", "info"))
        structlog.get_logger().info("starting", **describe_start(settings))
        uvloop.run(run_until_signalled(serve, settings))
    except (SettingsError, CannotListen) as error:
        print(f"clickrail {service}: {error}", file=sys.stderr)  # noqa: T201 - read by the person who started it
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    except Exception:  # noqa: BLE001 - the outermost frame of a process
        structlog.get_logger().exception("crashed")
        sys.exit(1)
    sys.exit(0)


async def run_until_signalled(serve: Serve[S], settings: S) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await serve(settings, stop)
    finally:
        # The handlers end with the loop. Ignore signals after that: a second one must not change the exit code.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
