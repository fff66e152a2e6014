"""Faults inside a process: a shifted wall clock, a failing disk. Needs a C compiler."""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("preload.c")
FORM = struct.Struct("qq")


class Faults:
    """The faults of the processes started with `environ`. They can be changed at any time."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("there is no C compiler to make the clock and the disk of a process with")
        library, path = folder / "preload.so", folder / "faults"
        subprocess.run((compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE), check=True)
        path.write_bytes(bytes(FORM.size))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), FORM.size)
        self._seconds = self._error = 0
        self.environ = {"LD_PRELOAD": str(library), "FAULTS": str(path)}

    def set_clock(self, seconds: int) -> None:
        """Shift the wall clock forward by `seconds` (negative: back)."""
        self._seconds = seconds
        self._tell()

    def fail_disk(self, error: int) -> None:
        """Make every journal write fail with this `errno`; 0 ends it."""
        self._error = error
        self._tell()

    def _tell(self) -> None:
        FORM.pack_into(self._shared, 0, self._seconds, self._error)
