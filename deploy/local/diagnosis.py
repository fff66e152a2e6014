"""Finds out why a program failed, from its output. Pure."""

import re
from pathlib import Path
from typing import Final

from deploy.local.errors import LocalStackError, MissingLibrary, NoDiskSpace, ServerFailed

LIBRARY: Final = re.compile(r"([^\s:]+\.so[.\d]*): cannot open shared object file")
COMPLAINT: Final = re.compile(r"ERROR|FATAL|PANIC|Exception|cannot|failed", re.IGNORECASE)
LINE_LENGTH: Final = 300


def diagnose(name: str, outcome: str, said: str, log: Path) -> LocalStackError:
    """Return the error to raise: `outcome` is how the program ended, `said` its output."""
    if found := LIBRARY.search(said):
        return MissingLibrary(name, found[1])
    if "No space left on device" in said:
        return NoDiskSpace(log.parent, 0)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    complaints = [line for line in lines if COMPLAINT.search(line)]
    last = (complaints or lines or ["it said nothing"])[-1]
    return ServerFailed(name, f"{outcome}: {last[:LINE_LENGTH]}", log)
