"""Reads what a list is asked for, from its address. Pure."""

from collections.abc import Mapping
from typing import Final, get_args
from urllib.parse import urlencode

import msgspec

from console.view.filters import is_storable
from console.web.numbers import read_whole
from referrals.admin.search import Sort, Wanted
from referrals.model import Kind, Status

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PAGE_ROWS: Final = 50
LONGEST_TEXT: Final = 200
MOST_PAGES: Final = 10_000
SORTS: Final[dict[Kind, tuple[Sort, ...]]] = {
    "program": ("id", "name", "status", "codes", "created"),
    "affiliate": ("id", "name", "status", "codes", "created"),
    "code": ("id", "affiliate", "program", "status", "created"),
}


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of a list: what is looked for, the state, owners of codes, the order and the page."""

    q: str = ""
    state: str = ""
    affiliate: str = ""
    program: str = ""
    sort: str = ""
    page: int = 1

    def wanted(self, kind: Kind, limit: int = PAGE_ROWS) -> Wanted:
        name = self.sort.removeprefix("-")
        status = next((one for one in STATUSES if one == self.state), None)
        return Wanted(
            text=self.q,
            status=status,
            affiliate_id=self.affiliate,
            program_id=self.program,
            sort=next((one for one in SORTS[kind] if one == name), "id"),
            is_descending=self.sort.startswith("-"),
            limit=limit,
            offset=(self.page - 1) * PAGE_ROWS,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.state or self.affiliate or self.program)

    def write(self, **changes: object) -> str:
        """Write the address's query, with changes and without what is as usual."""
        values = {name: getattr(self, name) for name in self.__struct_fields__} | changes
        return urlencode({name: value for name, value in values.items() if value and (name, value) != ("page", 1)})

    def sort_by(self, name: str) -> str:
        """Write the query that sorts by a column, the other way round if it does already."""
        return self.write(sort=f"-{name}" if self.sort == name else name, page=1)


def read_list_query(query: Mapping[str, str]) -> ListQuery:
    """Read a query; nonsense is left out."""

    def text(name: str) -> str:
        value = query.get(name, "").strip()[:LONGEST_TEXT]
        return value if is_storable(value) else ""

    page = read_whole(query.get("page", ""), 1, MOST_PAGES) or 1
    return ListQuery(
        q=text("q"),
        state=text("state"),
        affiliate=text("affiliate"),
        program=text("program"),
        sort=text("sort"),
        page=page,
    )
