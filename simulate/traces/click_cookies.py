"""The click cookies that actors bring back, and which of their clicks are unique. Pure."""

from collections import deque
from typing import Final

import msgspec

from simulate.traces.model import Actor

ROUND_TRIP_MS: Final = 150
"""A request that follows sooner leaves before the cookie of the one before it arrived."""


class ClickCookie(msgspec.Struct, frozen=True):
    """What a cookie says: its click, and the click that opened the visitor's unique window."""

    click_id: str
    lease_click_id: str


class SetCookie(msgspec.Struct, frozen=True):
    at_ms: int
    cookie: ClickCookie
    opened_ms: int


class CookieBook:
    """The cookies of all actors of one trace, for one program. Ask in the order of time."""

    def __init__(self, window_s: int) -> None:
        self._window_ms = window_s * 1000
        self._set: dict[str, deque[SetCookie]] = {}
        self._opened_ms: dict[str, int] = {}

    def find(self, actor: Actor, at_ms: int) -> ClickCookie | None:
        """Return the cookie that the actor's request of this time brings."""
        arrived = self._arrived(actor, at_ms)
        return None if arrived is None else arrived.cookie

    def keep(self, actor: Actor, at_ms: int, click_id: str) -> None:
        """Set the cookie of a click, as ingest does: the lease stays with the click that opened the window."""
        if not actor.keeps_cookies:
            return
        arrived = self._arrived(actor, at_ms)
        cookie, opened_ms = ClickCookie(click_id, click_id), at_ms
        if arrived is not None and at_ms - arrived.opened_ms < self._window_ms:
            cookie, opened_ms = ClickCookie(click_id, arrived.cookie.lease_click_id), arrived.opened_ms
        self._set.setdefault(actor.name, deque(maxlen=8)).append(SetCookie(at_ms, cookie, opened_ms))

    def is_unique(self, actor: Actor, at_ms: int) -> bool:
        """Tell whether a click opens a unique window of its person. This is the truth, which no cookie changes."""
        opened_ms = self._opened_ms.get(actor.name)
        if actor.who == "machine" or (opened_ms is not None and at_ms - opened_ms < self._window_ms):
            return False
        self._opened_ms[actor.name] = at_ms
        return True

    def _arrived(self, actor: Actor, at_ms: int) -> SetCookie | None:
        cookies = self._set.get(actor.name, ())
        return next((one for one in reversed(cookies) if at_ms - one.at_ms >= ROUND_TRIP_MS), None)
