"""The rules of the score on disk: read when they change, and checked before use."""

from pathlib import Path
from typing import Final

from quality.rules import DEFAULT_RULES, Rules, RulesError, read_rules

LARGEST_FILE: Final = 65_536


class RulesFile:
    """`rules` are those of the file, or the defaults without a file. A file that cannot be used changes nothing."""

    def __init__(self, path: Path | None) -> None:
        self.rules: Rules = DEFAULT_RULES
        self.problems: list[str] = []
        self._path = path
        self._seen: bytes | None = None

    def refresh(self) -> bool:
        """Read the file if it has changed. Returns whether other rules are in use now."""
        if self._path is None:
            return False
        try:
            with self._path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except OSError as error:
            self.problems, self._seen = [f"{self._path} cannot be read: {error.strerror}"], None
            return False
        if data == self._seen:
            return False
        self._seen = data
        try:
            rules = read_rules(data)
        except RulesError as error:
            self.problems = [f"{self._path} is refused, and {self.rules.stamp} stays in use: {error}"]
            return False
        changed, self.rules, self.problems = rules != self.rules, rules, []
        return changed
