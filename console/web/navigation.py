"""The pages that the navigation leads to, in groups. Pure."""

from collections.abc import Collection
from typing import Final

import msgspec
from aiohttp import web

from console.auth.roles import Permission


class Entry(msgspec.Struct, frozen=True):
    """A page: its path, its label, the key that follows `g`, and the permission that it needs."""

    path: str
    label: str
    key: str
    needs: Permission = "read"


class Group(msgspec.Struct, frozen=True):
    title: str
    entries: tuple[Entry, ...]


PAGES: Final = web.AppKey("pages", frozenset)
"""The paths that the application has."""

NAVIGATION: Final = (
    Group(
        "",
        (
            Entry("/own", "Your numbers", "n", "own"),
            Entry("/", "Overview", "o"),
            Entry("/analytics", "Analytics", "a"),
            Entry("/reports", "Reports", "r"),
            Entry("/annotations", "Annotations", "b"),
        ),
    ),
    Group(
        "Tracking",
        (
            Entry("/clicks", "Clicks", "c"),
            Entry("/errors", "Errors", "e"),
        ),
    ),
    Group(
        "Links",
        (
            Entry("/programs", "Programs", "p"),
            Entry("/affiliates", "Affiliates", "f"),
            Entry("/codes", "Codes", "k"),
            Entry("/import", "Import", "i", "edit"),
        ),
    ),
    Group(
        "Operations",
        (
            Entry("/pipeline", "Pipeline", "l"),
            Entry("/dead-letters", "Dead letters", "d"),
            Entry("/jobs", "Jobs", "j"),
        ),
    ),
    Group(
        "Settings",
        (
            Entry("/users", "Users", "u", "administer"),
            Entry("/keys", "API keys", "y", "administer"),
            Entry("/audit", "Audit log", "t", "administer"),
            Entry("/account", "Your account", "m", "enter"),
        ),
    ),
)


def list_navigation(paths: Collection[str], may: Collection[Permission]) -> list[Group]:
    """List the groups with those entries that have a page and that somebody may see."""
    groups = (
        Group(group.title, tuple(one for one in group.entries if one.path in paths and one.needs in may))
        for group in NAVIGATION
    )
    return [group for group in groups if group.entries]


def find_current(path: str) -> str:
    """Return the path of the entry that a page belongs to."""
    entries = [one.path for group in NAVIGATION for one in group.entries if one.path != "/"]
    return next((one for one in entries if path == one or path.startswith(f"{one}/")), "/" if path == "/" else "")
