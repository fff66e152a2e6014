"""Decides from measured waits which requests of an overloaded process are answered with 503. Pure.

A burst is answered, however long its last request waits. Requests are refused only once a queue has stood: every turn
of the event loop found requests that had waited too long, for a whole interval (CoDel's rule, see
docs/decisions/0012-refusing-what-would-wait.md). Before that, delivery to Kafka is slowed down, which costs no visitor
anything.
"""

from typing import Final

MS: Final = 1_000_000
NEVER: Final = 1 << 63
DEFAULT_MOST_WAIT_MS: Final = 200
REFUSE_HOLD_NS: Final = 1000 * MS
"""How long a process keeps refusing what would wait too long after the last sign of a standing queue."""
SLOW_DOWN_HOLD_NS: Final = 5000 * MS
STANDING_LIMITS: Final = 3
"""For how many times the limit a queue must stand before anybody is refused.

A machine that stops once, as a virtual one may for half a second, makes one long wait and a short queue after it.
"""
LEAST_WAITS: Final = 3
"""How many turns in a row must find that requests waited too long."""
ANSWER_SHARE: Final = 3
"""A process answers for at least so many times as long as it refuses, even if the limit cannot be kept then."""


class StandingQueue:
    """A queue in which requests wait longer than `target_ns`, for at least `interval_ns` and some turns in a row.

    It counts as standing for `hold_ns` after the last sign of it. All times are of one monotonic clock.
    """

    def __init__(self, target_ns: int, interval_ns: int, hold_ns: int) -> None:
        self._target_ns = target_ns
        self._interval_ns = interval_ns
        self._hold_ns = hold_ns
        self._since: int | None = None
        self._waits = 0
        self._until = 0

    def observe(self, waited_ns: int, now: int) -> None:
        """Note how long the requests at the head of the queue have waited; 0 when they came to an empty queue."""
        if waited_ns <= self._target_ns:
            self._since = None
            return
        if self._since is None:
            self._since, self._waits = now - waited_ns, 0
        self._waits += 1
        if self._waits >= LEAST_WAITS and now - self._since >= self._interval_ns:
            self._until = now + self._hold_ns

    def is_standing(self, now: int) -> bool:
        return now < self._until


class AdmissionControl:
    """The rule of one process. With `most_wait_ms` 0 no request is refused."""

    def __init__(self, most_wait_ms: int = DEFAULT_MOST_WAIT_MS) -> None:
        self._most_wait_ns = most_wait_ms * MS
        limit_ns = self._most_wait_ns or DEFAULT_MOST_WAIT_MS * MS
        self._slow = StandingQueue(limit_ns // 4, limit_ns, SLOW_DOWN_HOLD_NS)
        self._too_slow = StandingQueue(limit_ns // 2, STANDING_LIMITS * limit_ns, REFUSE_HOLD_NS)
        self._turn_began = 0
        self._refusing_ns = 0
        self._is_calm = True

    def begin_turn(self, now: int, *, is_backlogged: bool) -> int:
        """Give the time from which requests of this turn are refused.

        `is_backlogged`: they may have arrived at any time since the last turn began; otherwise they came just now.
        """
        began, self._turn_began = self._turn_began, now
        if self._is_calm and not is_backlogged:
            return NEVER
        waited_ns = now - began if is_backlogged else 0
        self._slow.observe(waited_ns, now)
        self._too_slow.observe(waited_ns, now)
        self._is_calm = not (is_backlogged or self._slow.is_standing(now) or self._too_slow.is_standing(now))
        if not self.is_refusing(now):
            return NEVER
        # Half of the limit is for the wait before the turn, half for the wait in it. If the wait before was longer, the
        # turn answers for less time, but for three times what refusing took of late: a refusal costs a quarter to half
        # of an answer, and a process that spent its time on refusals would answer nobody.
        half = self._most_wait_ns // 2
        return now + max(half // 2, min(half, self._most_wait_ns - waited_ns), ANSWER_SHARE * self._refusing_ns)

    def end_turn(self, refusing_ns: int) -> None:
        """Note how long the turn took to refuse requests."""
        # The mean of this turn and those before it: without it turns of answers and turns of refusals would alternate.
        self._refusing_ns = (self._refusing_ns + refusing_ns) // 2

    def is_refusing(self, now: int) -> bool:
        """Whether requests that would wait longer than the limit are refused."""
        return self._most_wait_ns > 0 and self._too_slow.is_standing(now)

    def is_slowing_down(self, now: int) -> bool:
        """Whether work that can wait should wait, because visitors do."""
        return self._slow.is_standing(now)
