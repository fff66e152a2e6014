"""Decides what is checked: the local stack of this folder, or the services that the environment describes."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from cli.up.environ import read_exports, read_running
from cli.up.selection import SERVICES

ADDRESSES = ("CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS", "CLICKRAIL_DATABASE_URL")


class Scope(msgspec.Struct, frozen=True):
    """The settings to check with. `left_out` are services that `clickrail up` was told not to start.

    `data` is the folder of the local stack, or null if the environment describes other services.
    """

    environ: Mapping[str, str]
    left_out: frozenset[str] = frozenset()
    data: Path | None = None


def describes_services(environ: Mapping[str, str]) -> bool:
    """Tell whether an environment has the addresses of the servers."""
    return any(name in environ or f"{name}_FILE" in environ for name in ADDRESSES)


def find_scope(environ: Mapping[str, str], data: Path) -> Scope:
    """Return what to check; `data` is the folder of the local stack, if there is one."""
    try:
        text = (data / "environment").read_text()
    except OSError:
        text = ""
    exports = read_exports(text)
    # The shell may have read the settings of the local stack: then it describes the local stack.
    same = all(environ.get(name) == exports.get(name) for name in ADDRESSES)
    if describes_services(environ) and not (text and same):
        return Scope(environ)
    return Scope(exports, frozenset(SERVICES) - set(read_running(text)), data)
