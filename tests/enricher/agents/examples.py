"""The files of examples, one user agent a line, as rows of fields."""

from pathlib import Path
from typing import Final

import msgspec

from schemas import ClientHints

FOLDER: Final = Path(__file__).parent


class KindExample(msgspec.Struct, frozen=True):
    """A user agent, and who asks with it: `person`, `bot` or `app_fetch`."""

    group: str
    kind: str
    user_agent: str


class DeviceExample(msgspec.Struct, frozen=True):
    """A user agent with client hints, and its device. A system of `-` is left open."""

    group: str
    type: str
    system: str
    hints: ClientHints | None
    user_agent: str


def read_kinds(name: str) -> list[KindExample]:
    return [KindExample(*fields) for fields in read_rows(name)]


def read_devices(name: str) -> list[DeviceExample]:
    return [
        DeviceExample(group, kind, system, parse_hints(hints), text)
        for group, kind, system, hints, text in read_rows(name)
    ]


def read_rows(name: str) -> list[list[str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.split(" | ") for line in lines if not line.startswith("#")]


def parse_hints(text: str) -> ClientHints | None:
    mobile, _, platform = text.partition(" ")
    return ClientHints(mobile=mobile, platform=f'"{platform}"') if platform else None
