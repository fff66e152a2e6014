"""URLs of the console's own pages, at the root of a site or below a path. Pure."""

from typing import Final
from urllib.parse import quote, urlsplit

import msgspec


class Base(msgspec.Struct, frozen=True):
    """The path of the console for browsers: empty, or for example `/tracking`, without a trailing slash.

    A proxy may keep or strip it in requests. URLs in pages always include it.
    """

    path: str = ""

    def address(self, path: str) -> str:
        """Return the URL of one of our pages, whose `path` begins with a slash."""
        return self.path + path

    def relative(self, path: str) -> str:
        """Return a request's path without the base, whether the proxy kept or stripped it."""
        below = path.removeprefix(self.path)
        if not self.path or below == path or below[:1] not in ("", "/", "?"):
            return path
        return below if below.startswith("/") else f"/{below}"

    @property
    def cookie_path(self) -> str:
        return self.path or "/"


ROOT: Final = Base()


def read_base(url: str | None) -> Base:
    """Read the base from the console's public URL; the root if there is none."""
    return Base(urlsplit(url).path.rstrip("/")) if url else ROOT


def make_local_target(base: Base, target: str) -> str:
    """Return the page to go to after login: always one of ours, never another site."""
    path = base.relative(target)
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return base.address(path if is_local and not path.startswith("/login") else "/")


def make_login_address(base: Base, wanted: str) -> str:
    """Return the URL of the login page that continues to `wanted`, a path and query as received.

    Bytes that are not UTF-8 arrive as surrogates and are written back unchanged.
    """
    target = base.address(base.relative(wanted))
    return base.address(f"/login?next={quote(target.encode('utf-8', 'surrogateescape'), safe='/')}")
