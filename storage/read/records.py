"""Rows back to records: rebuild the record of a stored click, rejection or dead letter. Pure.

Nothing is validated again: a row that was edited by hand is shown as it is.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas import (
    Bot,
    ClientHints,
    Counts,
    DeadLetter,
    Device,
    EnrichedClick,
    Fetch,
    Fraud,
    Geo,
    Guards,
    Handled,
    KeyIds,
    Network,
    Privacy,
    Referrer,
    RejectedClick,
    Signal,
    Uniqueness,
    Utm,
)
from storage.columns import CLICK, CLICK_JSON, FETCH, HINTS, LETTER, REJECTION, UTM, column_of

Row = Mapping[str, Any]


class VerdictNow(msgspec.Struct, frozen=True):
    """The uniqueness and the score that count for a click, without the signals."""

    unique: Uniqueness
    fraud: Fraud


class StoredClick(msgspec.Struct, frozen=True):
    """A click, when Kafka received its enriched record, and when its row was written (None if only Kafka has it).

    `click` has the live verdict. `verdict` is the one that counts; null if it was not read, or is the live one.
    """

    click: EnrichedClick
    enriched_at: datetime
    stored_at: datetime | None = None
    verdict: VerdictNow | None = None

    @property
    def unique(self) -> Uniqueness:
        return self.click.unique if self.verdict is None else self.verdict.unique

    @property
    def fraud(self) -> Fraud:
        return self.click.fraud if self.verdict is None else self.verdict.fraud


class StoredRejection(msgspec.Struct, frozen=True):
    """A rejection, when Kafka received it, and when its row was written (None if only Kafka has it)."""

    rejection: RejectedClick
    published_at: datetime
    stored_at: datetime | None = None


class StoredLetter(msgspec.Struct, frozen=True):
    """A dead letter with the bytes that could not be processed, and when its row was written."""

    letter: DeadLetter
    stored_at: datetime


PARTS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "privacy": Privacy,
    "geo": Geo,
    "device": Device,
    "referrer": Referrer,
    "bot": Bot,
    "network": Network,
    "unique": Uniqueness,
    "fraud": Fraud,
    "client_hints": ClientHints,
    "fetch": Fetch,
    "utm": Utm,
}
NULL_WHEN_EMPTY: Final = ("client_hints", "fetch", "utm")
CLICK_PATHS: Final = (*CLICK, *HINTS, *FETCH, *UTM)


def own_fields(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for path in paths if "." not in path)


def fields_of(part: str, paths: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Pair the fields of one nested object with their columns."""
    return tuple((path.split(".")[1], column_of(path)) for path in paths if path.startswith(f"{part}."))


OWN_OF_CLICK: Final = tuple((path, column_of(path)) for path in own_fields(CLICK))
OWN_OF_REJECTION: Final = own_fields(REJECTION)
PART_FIELDS: Final = {part: fields_of(part, CLICK_PATHS) for part in PARTS}
HANDLED_OF_CLICK: Final = fields_of("handled", (*CLICK, *CLICK_JSON))
HANDLED_OF_REJECTION: Final = fields_of("handled", REJECTION)


def read_click(row: Row) -> StoredClick:
    """Rebuild a click from its row."""
    parts = {name: kind(**pick(row, PART_FIELDS[name])) for name, kind in PARTS.items()}
    handled = pick(row, HANDLED_OF_CLICK)
    signals = msgspec.json.decode(row["fraud_signals"] or "[]", type=list[Signal])
    parts["fraud"] = msgspec.structs.replace(parts["fraud"], signals=signals)
    click = EnrichedClick(
        **pick(row, OWN_OF_CLICK),
        **{name: None if name in NULL_WHEN_EMPTY and is_empty(part) else part for name, part in parts.items()},  # type: ignore[arg-type] # each part is of its own type
        ad_ids=from_json(row["ad_ids"]),
        quality_rules=from_json(row["quality_rules"]),
        counts=msgspec.json.decode(row["counts"] or "{}", type=Counts),
        guards=msgspec.json.decode(row["guards"] or "{}", type=Guards),
        handled=Handled(
            **handled
            | {
                "steps_us": from_json(handled["steps_us"]),
                "key_ids": KeyIds(**from_json(handled["key_ids"])),
            }
        ),
    )
    return StoredClick(click, row["enriched_at"], row["stored_at"])


def read_verdict(row: Row) -> VerdictNow:
    """Read the columns of `clicks_now` that say what counts."""
    return VerdictNow(
        Uniqueness(
            is_unique=row["now_is_unique"],
            basis=row["now_unique_basis"],
            first_click_id=row["now_first_click_id"],
            status=row["now_unique_status"],
        ),
        Fraud(score=row["now_score"], band=row["now_band"], ivt_class=row["now_ivt_class"], rules=row["now_rules"]),
    )


def read_rejection(row: Row) -> StoredRejection:
    """Rebuild a rejection from its row, which has no step times and key ids."""
    handled = Handled(**pick(row, HANDLED_OF_REJECTION), sequence=None, steps_us={}, key_ids=KeyIds())
    rejection = RejectedClick(**{name: row[name] for name in OWN_OF_REJECTION}, handled=handled)
    return StoredRejection(rejection, row["published_at"], row["stored_at"])


def read_letter(row: Row) -> StoredLetter:
    """Rebuild a dead letter from its row."""
    return StoredLetter(DeadLetter(**{name: row[name] for name in LETTER}), row["stored_at"])


def pick(row: Row, fields: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {name: row[column] for name, column in fields}


def is_empty(part: msgspec.Struct) -> bool:
    return all(getattr(part, name) is None for name in part.__struct_fields__)


def from_json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)
