"""What was answered, counted so that it adds up: sent = answered + failed. Pure."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from identity.cookie_header import find_program
from simulate.planned import MAY_SET_COOKIE, STATUSES, Planned

LATE_MS: Final = 100.0
"""A request that was sent later than this counts as late; shorter delays are normal scheduling."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one request: a status, or the name of a failure.

    `ms` is the time from sending, connecting included, to the last byte or the failure. `late_ms` is how long after its
    planned time the request was sent.
    """

    ms: float
    late_ms: float
    status: int | None = None
    location: str | None = None
    set_cookies: tuple[str, ...] = ()
    error: str | None = None

    @property
    def sets_click_cookie(self) -> bool:
        """Whether the answer sets a click cookie of Clickrail."""
        return any(find_program(cookie.partition("=")[0].strip()) is not None for cookie in self.set_cookies)

    @property
    def outcome(self) -> str:
        """The column of the ledger in which it is counted."""
        if self.status is None:
            return self.error or "failed"
        return f"{self.status} + cookie" if self.sets_click_cookie else str(self.status)


def is_expected(planned: Planned, answer: Answer) -> bool:
    """Tell whether a stack that has the codes gives this answer to this request."""
    if answer.status not in STATUSES[planned.expected]:
        return False
    return planned.expected in MAY_SET_COOKIE or not answer.sets_click_cookie


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds; zeros when nothing was measured."""

    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The sums. `by_kind` counts outcomes (`302 + cookie`, `302`, `404`, `timeout`, ...) for each kind of request.

    `held`: at most one request in a hundred was late, so the requested rate or the requests' own times were kept. An
    outcome with our cookie is certainly an accepted click. A plain 302 may be a click without a cookie (privacy), the
    answer to HEAD, or a refusal with a fallback: they look the same from outside. `rate` and `asked_rate` are requests
    a second. With `speed` they were sent at their own times, so many times as fast; with neither `asked_rate` nor
    `speed`, as fast as the connections allowed.
    """

    sent: int
    answered: int
    failed: int
    seconds: float
    rate: float
    asked_rate: float | None
    speed: float | None = None
    by_kind: Mapping[str, Mapping[str, int]]
    outcomes: Mapping[str, int]
    errors: Mapping[str, int]
    unexpected: Mapping[str, Mapping[str, int]]
    latency_ms: Latency
    late: int
    late_ms: Latency
    held: bool
    interrupted: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the `--ledger` file. `id` is the number of the request, or its line in the file of `--requests`."""

    id: int
    kind: str
    expected: str
    method: str
    path: str
    code: str
    status: int | None
    error: str | None
    location: str | None
    set_cookie: bool
    ms: float
    late_ms: float


def make_entry(planned: Planned, answer: Answer) -> Entry:
    return Entry(
        id=planned.id,
        kind=planned.kind,
        expected=planned.expected,
        method=planned.method,
        path=planned.path,
        code=planned.code,
        status=answer.status,
        error=answer.error,
        location=answer.location,
        set_cookie=answer.sets_click_cookie,
        ms=round(answer.ms, 3),
        late_ms=round(answer.late_ms, 3),
    )


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast requests were to be sent: at a `rate`, or at their own times, `speed` times as fast, or at once."""

    rate: float | None = None
    speed: float | None = None


AT_ONCE: Final = Pace()


class Tally:
    """Counts answers as they come."""

    def __init__(self) -> None:
        self.sent = self.failed = self.late = 0
        self._kinds: dict[str, Counter[str]] = {}
        self._unexpected: dict[str, Counter[str]] = {}
        self._ms = array("f")
        self._late_ms = array("f")

    @property
    def answered(self) -> int:
        return self.sent - self.failed

    def count(self, planned: Planned, answer: Answer) -> None:
        outcome = answer.outcome
        self.sent += 1
        self.late += answer.late_ms > LATE_MS
        self._late_ms.append(answer.late_ms)
        self._kinds.setdefault(planned.kind, Counter())[outcome] += 1
        if answer.status is None:
            self.failed += 1
            return
        self._ms.append(answer.ms)
        if not is_expected(planned, answer):
            self._unexpected.setdefault(planned.kind, Counter())[outcome] += 1

    def close(self, seconds: float, sending_seconds: float, pace: Pace, *, interrupted: bool) -> Ledger:
        """Return the ledger after `seconds`, of which the first `sending_seconds` were spent sending."""
        outcomes = sum(self._kinds.values(), Counter[str]())
        return Ledger(
            sent=self.sent,
            answered=self.answered,
            failed=self.failed,
            seconds=round(seconds, 3),
            rate=round(self.sent / sending_seconds, 2) if sending_seconds > 0 else 0.0,
            asked_rate=pace.rate,
            speed=pace.speed,
            by_kind=to_dicts(self._kinds),
            outcomes=dict(sorted(outcomes.items())),
            errors={outcome: count for outcome, count in sorted(outcomes.items()) if not outcome[0].isdecimal()},
            unexpected=to_dicts(self._unexpected),
            latency_ms=latency(self._ms),
            late=self.late,
            late_ms=latency(self._late_ms),
            held=pace == AT_ONCE or self.late * 100 <= self.sent,
            interrupted=interrupted,
        )


def to_dicts(counters: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {kind: dict(sorted(counter.items())) for kind, counter in sorted(counters.items())}


def latency(values: Sequence[float]) -> Latency:
    """Return the percentiles by nearest rank, so each is a measured value."""
    if not values:
        return Latency()
    ordered = sorted(values)

    def at(percent: int) -> float:
        return round(ordered[-(-len(ordered) * percent // 100) - 1], 3)

    return Latency(at(50), at(90), at(99), at(100))
