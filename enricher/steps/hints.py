"""Client hints as plain facts: the system, its version, the model, and whether it is a telephone. PURE."""

import re
from typing import Final

import msgspec

from schemas import ClientHints

QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
SYSTEMS: Final = {
    "android": "Android",
    "chrome os": "Chrome OS",
    "chromium os": "Chrome OS",
    "chromeos": "Chrome OS",
    "windows": "Windows",
    "macos": "Mac OS X",
    "ios": "iOS",
    "linux": "Linux",
}
"""The names of `Sec-CH-UA-Platform`, and ours (ua-parser's)."""
WINDOWS_VERSION: Final = re.compile(r"([0-9]{1,3})(?:\.|$)")
WINDOWS_11: Final = 13
"""Windows reports the version of its API: 13 and more is Windows 11."""


class DeviceHints(msgspec.Struct, frozen=True):
    """What the hints tell. `is_mobile` is null where the browser sent none; a system we have no name for is null."""

    system: str | None = None
    version: str | None = None
    model: str | None = None
    is_mobile: bool | None = None


NO_HINTS: Final = DeviceHints()


def read_hints(hints: ClientHints | None) -> DeviceHints:
    if hints is None:
        return NO_HINTS
    system = SYSTEMS.get((unquote(hints.platform) or "").lower())
    return DeviceHints(
        system=system,
        version=read_version(system, unquote(getattr(hints, "platform_version", None))),
        model=unquote(getattr(hints, "model", None)),
        is_mobile={"?1": True, "?0": False}.get((hints.mobile or "").strip()),
    )


def unquote(text: str | None) -> str | None:
    """Read a string of a structured header. Proxies and clients send it without its quotes, too."""
    if not text:
        return None
    found = QUOTED.search(text)
    return (found[1] if found else text).strip() or None


def read_version(system: str | None, text: str | None) -> str | None:
    if not text or not text[0].isdigit() or not text.isascii():
        return None
    if system != "Windows":
        return re.sub(r"(?:\.0)+$", "", text)
    major = WINDOWS_VERSION.match(text)
    if major is None or int(major[1]) == 0:  # 0: Windows 7 to 8.1, which the user agent names
        return None
    return "11" if int(major[1]) >= WINDOWS_11 else "10"
