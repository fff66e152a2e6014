"""Attribution: whom a click is credited to, from the visitor's clicks, the program's window and the order's time. Pure.

`attributed_clicks` reads what is needed for it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from identity.ulid_time import ulid_time
from identity.verification import Reason
from schemas import Fraud
from storage.read.scores import LIVE, MANUAL, SETTLED, decide_score

MOST_HOPS: Final = 20
LEEWAY: Final = timedelta(seconds=300)
"""The clock of the shop may be this much behind ours."""
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""No click is later, and a range of times around a later one could overflow."""

Status: TypeAlias = Literal["valid", "expired", "too_early", "no_window"]
"""`too_early`: the time asked for is before the click. `no_window`: the program is not there, so nobody knows."""
ChainEnd: TypeAlias = Literal["first", "window", "missing", "limit"]
Problem: TypeAlias = Reason | Literal["unknown_click", "erased", "removed", "several_cookies"]
"""Why there is no attribution: the claim cannot be believed, or its click has no row."""
Source: TypeAlias = Literal["manual", "settled", "live"]


class StoredLink(msgspec.Struct, frozen=True):
    """A click as a link of a visitor's chain: `previous_click_id` is the click that their cookie named."""

    click_id: str
    clicked_at: datetime
    code: str
    affiliate_id: str
    program_id: str
    is_test: bool
    previous_click_id: str | None


class Touchpoint(msgspec.Struct, frozen=True):
    """A click of the visitor that could be credited."""

    click_id: str
    clicked_at: datetime
    affiliate_id: str
    code: str


class Quality(msgspec.Struct, frozen=True):
    """The verdict that counts: a person's, else the settled one, else the live one, as `source` says."""

    source: Source
    band: str | None
    ivt_class: str | None
    score: int | None


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a click is credited to at the time `at`. Ages and windows are whole seconds.

    `last_click` is the click itself, and `first_click` the oldest one of the visitor, both null unless it is `valid`.
    `clicks` counts those in between too. `chain_end` says why there is none before `first_click`: it was the
    visitor's first (or came without a cookie), the one before is outside the window, its row is missing, or the limit
    of 20 was reached. Tests are skipped unless the click itself is one.
    """

    click_id: str
    program_id: str
    affiliate_id: str
    code: str
    clicked_at: datetime
    at: datetime
    age_s: int
    window_s: int | None
    expires_at: datetime | None
    status: Status
    is_test: bool
    quality: Quality
    first_click: Touchpoint | None
    last_click: Touchpoint | None
    clicks: int
    chain_end: ChainEnd


class Unattributed(msgspec.Struct, frozen=True):
    """Why a click is credited to nobody that we know. `removed`: with its whole day, because of its age."""

    reason: Problem


def find_next(chain: Sequence[StoredLink], window: timedelta | None, at: datetime) -> datetime | ChainEnd:
    """Return the time of the next click to read, which the oldest one so far names, or why there is none."""
    oldest = chain[-1]
    if oldest.previous_click_id is None:
        return "first"
    time = read_time(oldest.previous_click_id)
    if time is None or time >= oldest.clicked_at:
        # A row that was changed by hand. Going back only, the chain cannot be a circle.
        return "missing"
    if window is None or at - time >= window:
        return "window"
    return "limit" if len(chain) > MOST_HOPS else time


def attribute(
    chain: Sequence[StoredLink], end: ChainEnd, quality: Quality, window: timedelta | None, at: datetime
) -> Attribution:
    """Decide whom the first click of a chain, which is the newest, is credited to."""
    head, age = chain[0], at - chain[0].clicked_at
    status = judge_window(age, window)
    touched = [make_touchpoint(one) for one in chain if one.is_test == head.is_test] if status == "valid" else []
    return Attribution(
        click_id=head.click_id,
        program_id=head.program_id,
        affiliate_id=head.affiliate_id,
        code=head.code,
        clicked_at=head.clicked_at,
        at=at,
        age_s=max(0, int(age.total_seconds())),
        window_s=None if window is None else int(window.total_seconds()),
        expires_at=None if window is None else head.clicked_at + window,
        status=status,
        is_test=head.is_test,
        quality=quality,
        first_click=touched[-1] if touched else None,
        last_click=touched[0] if touched else None,
        clicks=len(touched),
        chain_end=end,
    )


def judge_window(age: timedelta, window: timedelta | None) -> Status:
    if age < -LEEWAY:
        return "too_early"
    if window is None:
        return "no_window"
    return "valid" if age < window else "expired"


def choose_quality(live: Fraud, settled: Fraud, verdict: str | None) -> Quality:
    """Choose the verdict that counts; `settled` without a score if there is none."""
    computed = live if settled.score is None else settled
    decided = decide_score(computed, verdict)
    source: Source = MANUAL if verdict else LIVE if settled.score is None else SETTLED
    return Quality(source, decided.band, decided.ivt_class, decided.score)


def make_score(score: int | None, band: str | None, ivt_class: str | None) -> Fraud:
    return Fraud(score=score, band=band, ivt_class=ivt_class)


def make_touchpoint(link: StoredLink) -> Touchpoint:
    return Touchpoint(link.click_id, link.clicked_at, link.affiliate_id, link.code)


def read_time(click_id: str) -> datetime | None:
    """Read the time of an id; null for one that no click can have."""
    try:
        time = ulid_time(click_id)
    except ValueError:
        return None
    return time if time < LATEST else None
