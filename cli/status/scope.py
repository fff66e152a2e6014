"""What is looked at: the local stack of this folder, or the services that the environment describes."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from cli.up.environ import read_exports, read_running
from cli.up.selection import SERVICES

ADDRESSES = ("CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS", "CLICKRAIL_DATABASE_URL")


class Scope(msgspec.Struct, frozen=True):
    """The settings to look at; `left_out` are services that nobody has started, which is no fault.

    `data` is the local stack's folder, null where the environment describes other services.
    """

    environ: Mapping[str, str]
    left_out: frozenset[str] = frozenset()
    data: Path | None = None


def describes_services(environ: Mapping[str, str]) -> bool:
    """Tell whether an environment says where the servers are."""
    return any(name in environ or f"{name}_FILE" in environ for name in ADDRESSES)


def find_scope(environ: Mapping[str, str], data: Path) -> Scope:
    """Give what to look at; `data` is where a local stack would have its files."""
    try:
        text = (data / "environment").read_text()
    except OSError:
        text = ""
    exports = read_exports(text)
    # A shell that took the settings of the local stack speaks of it too.
    same = all(environ.get(name) == exports.get(name) for name in ADDRESSES)
    if describes_services(environ) and not (text and same):
        return Scope(environ)
    return Scope(exports, frozenset(SERVICES) - set(read_running(text)), data)
