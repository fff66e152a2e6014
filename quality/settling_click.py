"""Clicks as settling reads them, remembers them, and gives them back."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from quality.evidence import Evidence, LaterEvidence
from schemas import Uniqueness


class SettlingClick(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What settling reads of a click. `time_ms` and `clicked_at` are the time in its id.

    `is_personal`: the link has a part of its own per recipient (an external id, a sub id or `utm_content`).
    `is_counted` is false for tests and prefetches, which say nothing about other clicks. `unique` is the live verdict,
    and `returned` the click whose valid cookie this one brought back.
    """

    click_id: str
    clicked_at: datetime
    time_ms: int
    link: bytes
    is_personal: bool
    is_counted: bool
    client: str | None
    net: str | None
    affiliate: str
    program: str
    window_ms: int
    unique: Uniqueness
    returned: str | None
    evidence: Evidence


ClientClick = tuple[int, str, str, str | None]
"""What is remembered of a click for its client: time, affiliate, program, and the click that opened the window,
if that was found by address."""


class SettledClick(msgspec.Struct, frozen=True, gc=False):
    click: SettlingClick
    later: LaterEvidence
    unique: Uniqueness


class Pending(msgspec.Struct, eq=False, gc=False):
    """A click that is not final yet, and what is known about it so far."""

    click: SettlingClick
    unique: Uniqueness
    sweep_links: int = 0
    rhythm: float | None = None
    rhythm_clicks: int = 0
    affiliates: int = 0


def find_opener(known: Iterable[ClientClick], program: str) -> str | None:
    """Name the click that opened the client's newest window on a program."""
    openers = [opener for _, _, of, opener in known if opener is not None and of == program]
    return openers[-1] if openers else None
