"""The cookies of visitors who may come again."""

from collections.abc import Iterable
from typing import Final

MOST_VISITORS: Final = 20_000


class Jar:
    """Keeps cookies by visitor, and forgets whoever was marked longest ago when there are too many."""

    def __init__(self, most: int = MOST_VISITORS) -> None:
        self._most = most
        self._cookies: dict[str, dict[str, str]] = {}

    def cookie_of(self, visitor: str | None) -> str | None:
        """Give the value of the visitor's Cookie header, None when there is none."""
        cookies = self._cookies.get(visitor) if visitor is not None else None
        return "; ".join(f"{name}={value}" for name, value in cookies.items()) if cookies else None

    def keep(self, visitor: str | None, set_cookies: Iterable[str]) -> None:
        """Keep what Set-Cookie lines set, for a visitor who has a name. Attributes do not matter here."""
        if visitor is None or not set_cookies:
            return
        cookies = self._cookies.pop(visitor, {})
        for line in set_cookies:
            name, equals, value = line.partition(";")[0].partition("=")
            if equals:
                cookies[name.strip()] = value.strip()
        self._cookies[visitor] = cookies
        if len(self._cookies) > self._most:
            del self._cookies[next(iter(self._cookies))]
