"""Records to bytes and back. Pure: bad bytes come back as a value with a reason, never as an exception."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from schemas.clicks import EnrichedClick, RawClick
from schemas.dead_letter import DeadLetter
from schemas.fields import EARLIEST, LATEST, SCHEMA_VERSION
from schemas.formats import FormatCheck
from schemas.record import Record
from schemas.rejected_click import RejectedClick

R = TypeVar("R", bound=Record)

MAJOR: Final = SCHEMA_VERSION.split(".", 1)[0]


class Undecodable(msgspec.Struct, frozen=True):
    """Why bytes cannot be read as a record.

    `reason` is `not_utf8`, `not_json`, `unknown_version`, `wrong_shape` or `implausible_time`.
    """

    reason: str
    detail: str


class Versioned(msgspec.Struct, frozen=True):
    schema_version: str


KINDS: Final[tuple[type[Record], ...]] = (RawClick, EnrichedClick, RejectedClick, DeadLetter)
ENCODER: Final = msgspec.json.Encoder()
DECODERS: Final[dict[type[Record], msgspec.json.Decoder[Record]]] = {kind: msgspec.json.Decoder(kind) for kind in KINDS}
CHECKS: Final = {kind: FormatCheck(kind) for kind in KINDS}
VERSION: Final = re.compile("[0-9]{1,3}[.][0-9]{1,3}")
TIMES: Final = {kind: tuple(name for name in kind.__struct_fields__ if name.endswith("_at")) for kind in KINDS}
VERSION_DECODER: Final = msgspec.json.Decoder(Versioned)
UNREADABLE: Final = (UnicodeDecodeError, msgspec.DecodeError, RecursionError)
"""Raised for bytes that are not JSON; RecursionError for values nested too deeply for the decoder."""


encode: Final[Callable[[Record], bytes]] = ENCODER.encode
"""Encodes a record as UTF-8 JSON. Its texts must not contain lone surrogates: ingest removes them."""


def decode(kind: type[R], value: bytes) -> R | Undecodable:
    """Read one record of `kind`. Unknown fields are ignored; another major version is refused."""
    try:
        record = DECODERS[kind].decode(value)
    except msgspec.ValidationError as error:
        return refuse(value, str(error))
    except UNREADABLE as error:
        return unreadable(error)
    if record.schema_version != SCHEMA_VERSION and (wrong := judge_version(record.schema_version)):
        return wrong
    problem = CHECKS[kind].find_problem(record)
    if problem:
        return Undecodable("wrong_shape", problem)
    for name in TIMES[kind]:
        # Within this range, arithmetic with the time and conversions of it cannot overflow.
        time: datetime | None = getattr(record, name)
        if time is not None and not EARLIEST <= time <= LATEST:
            return Undecodable("implausible_time", f"{name} is {time.isoformat()}")
    assert isinstance(record, kind)  # noqa: S101 - for the type checker: the decoder table guarantees it
    return record


def refuse(value: bytes, detail: str) -> Undecodable:
    # A record of another major seldom has our shape: its version explains more than the first field that differs.
    try:
        version = VERSION_DECODER.decode(value).schema_version
    except msgspec.ValidationError:
        return Undecodable("wrong_shape", detail)
    except UNREADABLE as error:
        # A field that differs was found first, but the bytes after it are not JSON.
        return unreadable(error)
    return judge_version(version) or Undecodable("wrong_shape", detail)


def unreadable(error: Exception) -> Undecodable:
    return Undecodable("not_utf8" if isinstance(error, UnicodeDecodeError) else "not_json", str(error))


def judge_version(version: str) -> Undecodable | None:
    """Say why a record of this version is not read; null if it is."""
    if VERSION.fullmatch(version) is None:
        return Undecodable("wrong_shape", "Expected `major.minor` - at `$.schema_version`")
    if version.split(".", 1)[0] != MAJOR:
        return Undecodable("unknown_version", f"schema version {version!r}; this reader knows {MAJOR}.x")
    return None
