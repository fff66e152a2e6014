"""The cookies of returning visitors."""

from collections.abc import Iterable
from typing import Final

MOST_VISITORS: Final = 20_000


class CookieJar:
    """Keeps cookies by visitor. When there are too many visitors, drops the one whose cookies are oldest."""

    def __init__(self, most: int = MOST_VISITORS) -> None:
        self._most = most
        self._cookies: dict[str, dict[str, str]] = {}

    def cookie_of(self, visitor: str | None) -> str | None:
        """Return the value of the visitor's Cookie header, None if they have no cookies."""
        cookies = self._cookies.get(visitor) if visitor is not None else None
        return "; ".join(f"{name}={value}" for name, value in cookies.items()) if cookies else None

    def keep(self, visitor: str | None, set_cookies: Iterable[str]) -> None:
        """Store the cookies of Set-Cookie lines, for a visitor with a name. Ignores attributes."""
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
