"""The truth about each request of a trace, and its file: JSON lines with a label and the raw click beside it. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from schemas import RawClick, Undecodable, decode
from simulate.traces.model import Who


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one request.

    `number` is its place in the trace, from 1. `click_id` is null where it makes no click (HEAD, POST). `is_unique`:
    a person's click that opens a unique window of theirs; no click of a machine is.
    """

    trace: str
    number: int
    who: Who
    kind: str
    visitor: str
    click_id: str | None
    is_unique: bool


class LabelledClick(msgspec.Struct, frozen=True):
    """A line of the file. `click` is null where the request makes none."""

    label: Label
    click: RawClick | None


class LabelledLine(msgspec.Struct):
    """As read: the click is checked by the contract's own decoder."""

    label: Label
    click: msgspec.Raw


class InvalidTrace(Exception):  # noqa: N818 - the name states the condition
    """A file is not a trace; the message is for a person."""


DECODER: Final = msgspec.json.Decoder(LabelledLine)
ENCODER: Final = msgspec.json.Encoder()


def write_clicks(labelled: Iterable[LabelledClick]) -> Iterator[bytes]:
    """Write one line for each request of a trace."""
    return (ENCODER.encode(one) + b"\n" for one in labelled)


def read_clicks(lines: Iterable[bytes]) -> Iterator[LabelledClick]:
    """Read what `write_clicks` wrote. Raises InvalidTrace that names the line."""
    for number, line in enumerate(lines, 1):
        try:
            read = DECODER.decode(line)
        except msgspec.DecodeError as error:
            raise InvalidTrace(f"line {number} is no request of a trace: {error}") from None
        value = bytes(read.click)
        click = None if value == b"null" else decode(RawClick, value)
        if isinstance(click, Undecodable):
            raise InvalidTrace(f"line {number} has no raw click: {click.detail}")
        yield LabelledClick(read.label, click)
