"""Contain the failures of our own code to one record: it is set aside, and the others go on."""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import Final, TypeVar

import msgspec

from runtime.errors import DependencyAway, SettingsError, Stuck, TooManyDeadLetters

T = TypeVar("T")
U = TypeVar("U")

NO_FAULT_OF_A_RECORD: Final = (
    DependencyAway,
    Stuck,
    SettingsError,
    TooManyDeadLetters,
    OSError,
    MemoryError,
    asyncio.CancelledError,
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
)
"""What would fail the next record as well: infrastructure, memory, the end of the process."""
INNERMOST: Final = 3


class Crash(msgspec.Struct, frozen=True):
    """Our code failed at a record: the type of the error, and where it was raised.

    The message is left out: it may quote an address or a key.
    """

    description: str


def contain(work: Callable[[T], U], record: T) -> U | Crash:
    """Do the work on a record. Gives a Crash when it raises, unless the error is no fault of the record."""
    try:
        return work(record)
    except NO_FAULT_OF_A_RECORD:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of a Rust library is no Exception
        return Crash(describe(error))


def describe(error: BaseException) -> str:
    """Give the error's type and its innermost frames, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-INNERMOST:]
    places = (
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} ({frame.name})" for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {', from '.join(places)}"
