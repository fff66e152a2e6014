"""Addresses of our own pages, wherever the console stands: at the root of its site, or below a path. Pure."""

from typing import Final
from urllib.parse import quote, urlsplit

import msgspec


class Base(msgspec.Struct, frozen=True):
    """Where the console stands for browsers: `path` is empty or as `/tracking`, without a slash at its end.

    A proxy before it may pass that path on or take it away. What browsers are given always has it.
    """

    path: str = ""

    def address(self, path: str) -> str:
        """Give the address of one of our pages, whose `path` begins with a slash."""
        return self.path + path

    def relative(self, path: str) -> str:
        """Give the path below the base, of a request that may come with it or without."""
        below = path.removeprefix(self.path)
        if not self.path or below == path or below[:1] not in ("", "/", "?"):
            return path
        return below if below.startswith("/") else f"/{below}"

    @property
    def cookie_path(self) -> str:
        return self.path or "/"


ROOT: Final = Base()


def read_base(url: str | None) -> Base:
    """Read the base out of the console's public URL; the root where there is none."""
    return Base(urlsplit(url).path.rstrip("/")) if url else ROOT


def make_local_target(base: Base, target: str) -> str:
    """Give the address of a page of ours to go to after the login: never another site, however it is dressed up."""
    path = base.relative(target)
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return base.address(path if is_local and not path.startswith("/login") else "/")


def make_login_address(base: Base, wanted: str) -> str:
    """Give the address of the login that leads on to what was wanted: a path and query as they came.

    Bytes that are no UTF-8 come as surrogates, and go as they came.
    """
    target = base.address(base.relative(wanted))
    return base.address(f"/login?next={quote(target.encode('utf-8', 'surrogateescape'), safe='/')}")
