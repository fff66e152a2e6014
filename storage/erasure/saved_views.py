"""Views of the console that name a visitor: saved addresses of the log with a hash or the id of a click.

The tables are the console's, in the same schema: an erasure looks wherever the database names somebody.
"""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

HASH: Final = "address"
IDS: Final = ("around", "before")
"""The parameters of an address that hold the hash of somebody's address, and the id of a click.

The hash of a network (`network`) is that of many, who are not erased.
"""
HAS_TABLES: Final = "SELECT to_regclass('saved_views') IS NOT NULL AND to_regclass('share_links') IS NOT NULL"
MAY_NAME: Final = f"query ~ '({'|'.join((HASH, *IDS))})=|%'"
FIND_VIEWS: Final = f"SELECT id, query FROM saved_views WHERE {MAY_NAME}"  # noqa: S608 - names of ours
FIND_LINKS: Final = f"SELECT id, query FROM share_links WHERE {MAY_NAME}"  # noqa: S608 - names of ours
DELETE_VIEWS: Final = "DELETE FROM saved_views WHERE id = ANY($1)"
CHANGE_LINK: Final = "UPDATE share_links SET query = $2 WHERE id = $1"


class Named(msgspec.Struct, frozen=True):
    """Whom addresses may not name any more: hashes, and ids of clicks."""

    hashes: Collection[str] = ()
    ids: Collection[str] = ()

    def is_in(self, query: str) -> bool:
        return any(self._is_one(name, value) for name, value in parse_qsl(query, keep_blank_values=True))

    def remove_from(self, query: str) -> str:
        """Write a query without the parameters that name somebody."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return urlencode([(name, value) for name, value in pairs if not self._is_one(name, value)], safe=":,")

    def _is_one(self, name: str, value: str) -> bool:
        text = value.strip()
        return (name == HASH and text in self.hashes) or (name in IDS and text.upper() in self.ids)


async def find_views(connection: Any, named: Named) -> list[str]:
    """Find the saved views that name one of them. Raises asyncpg's errors."""
    return [row["id"] for row in await read_naming(connection, FIND_VIEWS, named)]


async def forget_views(connection: Any, named: Named) -> None:
    """Delete the saved views that name one of them, in the open transaction; links to reports lose the parameter.

    Without its filter a view would show everybody, under a name that says something else. Raises asyncpg's errors.
    """
    if views := await find_views(connection, named):
        await connection.execute(DELETE_VIEWS, views)
    for row in await read_naming(connection, FIND_LINKS, named):
        await connection.execute(CHANGE_LINK, row["id"], named.remove_from(row["query"]))


async def read_naming(connection: Any, statement: str, named: Named) -> list[Any]:
    """Read the rows whose query names one of them; none where the console has no tables. Raises asyncpg's errors."""
    if not await connection.fetchval(HAS_TABLES):
        return []
    return [row for row in await connection.fetch(statement) if named.is_in(row["query"])]
