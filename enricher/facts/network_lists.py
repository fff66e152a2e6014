"""Operators' lists of networks on disk: read when they change, and checked before use."""

import hashlib
import os
from pathlib import Path
from typing import Final

from enricher.facts.database_file import Fingerprint, fingerprint
from enricher.rules.networks import LISTED_KINDS
from enricher.steps.network import NetworkList
from enricher.steps.network_list import ParsedList, join_some, read_list

LARGEST_MIB: Final = 32
NAME_CAP: Final = 100


class NetworkListFile:
    """One list. `networks` is what is in use; `problem` says what of the file as it is now cannot be used.

    Lines that cannot be read are left out. A file of which no line can be used changes nothing.
    """

    def __init__(self, setting: str) -> None:
        """Read the setting: `kind=path`, or a path of a file that says its kind."""
        kind, equals, path = setting.partition("=")
        is_named = bool(equals) and kind in LISTED_KINDS
        self._kind = kind if is_named else None
        self._path = Path(path if is_named else setting)
        self._seen: Fingerprint | None = None
        self.networks: NetworkList | None = None
        self.problem: str | None = f"{self._path} has not been read yet"

    def refresh(self) -> bool:
        """Read the file if it has changed. Returns whether another list is in use now."""
        try:
            if fingerprint(self._path.stat()) == self._seen:
                return False
            self._seen, data = read_whole(self._path)
        except OSError as error:
            self._seen = None
            self.problem = f"{self._path} cannot be read: {error.strerror}"
            return False
        parsed = self._parse(data)
        if isinstance(parsed, str):
            kept = ", and what it held before stays in use" if self.networks is not None else ""
            self.problem = f"{self._path} is refused{kept}: {parsed}"
            return False
        self.networks = parsed.networks
        refused = parsed.refused
        self.problem = f"{self._path} is in use but for {len(refused)} lines: {join_some(refused)}" if refused else None
        return True

    def _parse(self, data: bytes | None) -> ParsedList | str:
        if data is None:
            return f"it is larger than {LARGEST_MIB} MiB, or was being written"
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return "it is not a text (UTF-8)"
        digest = hashlib.sha256(data).hexdigest()[:10]
        return read_list(text, f"{self._path.name[:NAME_CAP]} {digest}", self._kind)


def read_whole(path: Path) -> tuple[Fingerprint | None, bytes | None]:
    """Read a file and its fingerprint: null if it changed meanwhile: read it again. Raises OSError."""
    with path.open("rb") as file:
        before = fingerprint(os.fstat(file.fileno()))
        data = file.read((LARGEST_MIB << 20) + 1)
        after = fingerprint(os.fstat(file.fileno()))
    if before != after:
        return None, None
    return before, data if len(data) <= LARGEST_MIB << 20 else None
