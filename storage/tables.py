"""The tables into which records are loaded, and a row for one of them. Pure."""

from datetime import date
from typing import Final

import msgspec

from schemas.letters import SourceRecord
from storage.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS
from storage.rows import Row


class Table(msgspec.Struct, frozen=True):
    """A table: its columns in the order of our rows, and the columns of its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


CLICKS: Final = Table("clicks", CLICK_COLUMNS, ("click_id", "clicked_at"))
REJECTED_CLICKS: Final = Table("rejected_clicks", REJECTION_COLUMNS, ("rejection_id",))
DEAD_LETTERS: Final = Table("dead_letters", LETTER_COLUMNS, ("topic", "partition", "offset", "digest"))


class StorableRow(msgspec.Struct, frozen=True):
    """A row for a table, the record it came from, and for a click the day (UTC) of its partition."""

    table: Table
    row: Row
    source: SourceRecord
    day: date | None = None
