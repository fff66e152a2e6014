"""Machines' requests: those that say what they are, and those with a browser's name but not its other headers. Pure."""

from typing import Final

from simulate.browsers import Header, find_browser
from simulate.traces.model import Actor, Link, TraceRequest

CURL: Final[tuple[Header, ...]] = (("User-Agent", "curl/8.16.0"), ("Accept", "*/*"))
PYTHON: Final[tuple[Header, ...]] = (
    ("User-Agent", "python-requests/2.32.5"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Accept", "*/*"),
)
CHROME: Final = find_browser("Windows NT 10.0", "Chrome/148", without="Edg/").user_agent
CHROME_ON_LINUX: Final = find_browser("X11; Linux", "Chrome/146").user_agent
OLD_CHROME: Final = CHROME.replace("148", "108")
FIREFOX: Final = find_browser("Windows NT 10.0", "Firefox/140").user_agent


def make_machine(name: str, kind: str) -> Actor:
    return Actor(name, "machine", kind, keeps_cookies=False)


def pretend(user_agent: str, language: str | None = None) -> tuple[Header, ...]:
    """Return the headers of an HTTP library that was given a browser's user agent, and perhaps a language."""
    headers: tuple[Header, ...] = (
        ("User-Agent", user_agent),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Encoding", "gzip, deflate"),
    )
    return headers if language is None else (*headers, ("Accept-Language", language))


def fetch(
    machine: Actor, at_ms: int, where: tuple[str, Link], headers: tuple[Header, ...], method: str = "GET"
) -> TraceRequest:
    """Request a link; `where` is the address it comes from, and the link."""
    address, link = where
    return TraceRequest(at_ms=at_ms, actor=machine, address=address, link=link, headers=headers, method=method)
