"""What the tables and their columns mean. Fields of records have their meaning in `schemas.reference`."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from schemas import DeadLetter, EnrichedClick, RejectedClick
from schemas.reference import FieldMeaning, find_meaning
from schemas.reference.field import field, personal
from storage.columns import CLICK, CLICK_JSON, FETCH, HINTS, LETTER, REJECTION, UTM, column_of
from storage.rollups.dimensions import DIMENSIONS
from storage.rollups.measures import MEASURES


class TableMeaning(msgspec.Struct, frozen=True):
    """What a row of a table is, and what its columns mean."""

    text: str
    columns: Mapping[str, FieldMeaning]

    @property
    def personal_columns(self) -> tuple[str, ...]:
        return tuple(name for name, meaning in self.columns.items() if meaning.is_personal)


def columns_from(record: type[msgspec.Struct], paths: Sequence[str]) -> dict[str, FieldMeaning]:
    return {column_of(path): find_meaning(record, path) for path in paths}


STORED_AT: Final = field("When the row was written, UTC")
CLICKED_AT: Final = find_meaning(EnrichedClick, "clicked_at")
CLICK_ID: Final = find_meaning(EnrichedClick, "click_id")
PROGRAM_ID: Final = find_meaning(EnrichedClick, "program_id")
AFFILIATE_ID: Final = find_meaning(EnrichedClick, "affiliate_id")

CLICKS: Final = TableMeaning(
    "Accepted clicks, one row each. Limit clicked_at in every query: rows are kept by day (UTC)",
    {
        **columns_from(EnrichedClick, (*CLICK, *HINTS, *FETCH, *UTM, *CLICK_JSON)),
        "enriched_at": field("When Kafka took the enriched click, UTC"),
        "stored_at": STORED_AT,
        "batch_id": field("The batch that stored the click, in rollup_batches. Null before there were rollups"),
        "erased_at": field("When the click was made anonymous (`clickrail erase`), UTC. Null: it was not"),
    },
)
REJECTED_CLICKS: Final = TableMeaning(
    "Requests that were refused, one row each, with the number of the reason",
    {
        **columns_from(RejectedClick, REJECTION),
        "published_at": field("When Kafka took the rejection, UTC"),
        "stored_at": STORED_AT,
    },
)
DEAD_LETTERS: Final = TableMeaning(
    "Records that a stage could not process, with their original bytes: `clickrail dead`",
    {**columns_from(DeadLetter, LETTER), "stored_at": STORED_AT},
)
SETTLED: Final = {
    "rules": field("Name and version of the rules of the score"),
    "stage": field("When the score was computed", "settled"),
    "score": field("Score with what later clicks say, 0 (clean) to 100 (invalid)", unit="points"),
    "band": field("The score in words", "clean suspicious likely_invalid invalid"),
    "ivt_class": find_meaning(EnrichedClick, "fraud.ivt_class"),
    "signals": find_meaning(EnrichedClick, "fraud.signals"),
    "scored_at": field("When it was computed, UTC. The newest row of a click counts"),
    "is_unique": field("Settled uniqueness. Null: not judged, or a row from before it was settled"),
    "unique_basis": find_meaning(EnrichedClick, "unique.basis"),
    "first_click_id": find_meaning(EnrichedClick, "unique.first_click_id"),
    "unique_status": find_meaning(EnrichedClick, "unique.status"),
    "changes_uniqueness": field("True: uniqueness may differ from the live verdict in clicks"),
}
CLICK_SCORES: Final = TableMeaning(
    "Settled scores, computed after the click. Clicks have one row for each set of rules",
    {"click_id": CLICK_ID, "clicked_at": CLICKED_AT, **SETTLED},
)
CLICK_VERDICTS: Final = TableMeaning(
    "What people decided about clicks. The newest row of a click counts",
    {
        "number": field("Number of the decision, in order"),
        "click_id": CLICK_ID,
        "clicked_at": CLICKED_AT,
        "verdict": field("What was decided; withdrawn ends the verdict before it", "valid invalid withdrawn"),
        "why": personal("The reason, as the person wrote it"),
        "who": personal("The person who decided"),
        "decided_at": field("When it was decided, UTC"),
    },
)
AFFILIATE_QUALITY: Final = TableMeaning(
    "Quality of an affiliate's clicks of a day (UTC) in a program, counted when the day is settled",
    {
        "day": field("The day, UTC"),
        "program_id": PROGRAM_ID,
        "affiliate_id": AFFILIATE_ID,
        "clicks": field("Clicks of the day, without tests and prefetches"),
        "hosting_vpn_clicks": field("Those of them from hosting networks and VPNs"),
        "top_net_clicks": field("Those of them from the one address with most clicks"),
        "invalid_clicks": field("Those of them that are likely invalid or invalid"),
        "clients": field("Different browsers at one address"),
        "night_clicks": field("Those of them from 00:00 to 05:59 UTC"),
        "judged_clicks": field("Those of them whose uniqueness was judged"),
        "repeat_clicks": field("Judged clicks that are not unique"),
        "counted_at": field("When the day was counted, UTC"),
    },
)
MEASURE_MEANINGS: Final = {
    "people": "Clicks of people: neither bots, prefetches, tests nor programs that only fetch",
    "bots": "Clicks of bots",
    "app_fetches": "Clicks of programs of a device that fetch a link without showing it",
    "prefetches": "Prefetches of browsers",
    "tests": "Clicks on signed test links",
    "uniques": "People's clicks that are unique",
    "repeats": "People's clicks that are not unique",
    "limited": "People's clicks above a limit",
    "suspicious": "Clicks that are suspicious",
    "invalid": "Clicks that are likely invalid or invalid",
    "givt": "Clicks of general invalid traffic",
    "sivt": "Clicks of sophisticated invalid traffic",
}
COUNTED: Final = {name: field(MEASURE_MEANINGS[name], unit="clicks") for name in MEASURES}
CLICK_MINUTES: Final = TableMeaning(
    "Clicks counted by minute (UTC) and program. Add up all slots",
    {
        "minute": field("The minute, UTC"),
        "program_id": PROGRAM_ID,
        "slot": field("Which sink counted; -1: what later verdicts changed, which can be negative"),
        **COUNTED,
    },
)
NUMBERED: Final = ", ".join(f"{one.number} {name}" for name, one in DIMENSIONS.items())
CLICK_ROLLUPS: Final = TableMeaning(
    "Clicks counted by hour, day or month of the reporting zone. For totals take one grain and kind, and dim = 0",
    {
        "grain": field("Hour (totals only), day or month", "h d m"),
        "period": field("When the hour, day or month begins"),
        "program_id": PROGRAM_ID,
        "kind": field("Counted for the whole program, an affiliate or a code", "p a c"),
        "entity": field("The affiliate or code. Empty for the whole program"),
        "dim": field(f"Dimension: 0 the total, {NUMBERED}"),
        "value": field("Value of the dimension. Empty: unknown"),
        "dim2": field("Second dimension of a pair: 0 none, else as dim"),
        "value2": field("Value of the second dimension"),
        **COUNTED,
        "detailed": field("True: the dimensions of this entity and day are here too"),
    },
)
ROLLUP_BATCHES: Final = TableMeaning(
    "Transactions of the sink that stored clicks",
    {
        "batch_id": field("Number of the batch, which its clicks carry"),
        "clicks": field("Clicks it stored"),
        "first_at": field("Time of its first click, UTC"),
        "last_at": field("Time of its last click, UTC"),
        "stored_at": STORED_AT,
        "rolled_at": field("When its clicks were counted in click_rollups, UTC. Null: not yet"),
    },
)
RETENTION_REMOVALS: Final = TableMeaning(
    "What was removed because of its age, by day (UTC): `clickrail retention status`",
    {
        "what": field(
            "Clicks with their scores, personal columns of clicks, rejections, or dead letters",
            "clicks personal rejections letters",
        ),
        "day": field("The day of the rows, UTC"),
        "rows": field("Rows that were removed; of personal: clicks that were changed"),
        "bytes": field("Their size; of personal: that of the whole day when it was done", unit="bytes"),
        "removed_at": field("When the last of them was removed, UTC"),
    },
)

TABLES: Final[Mapping[str, TableMeaning]] = {
    "clicks": CLICKS,
    "rejected_clicks": REJECTED_CLICKS,
    "dead_letters": DEAD_LETTERS,
    "click_scores": CLICK_SCORES,
    "click_verdicts": CLICK_VERDICTS,
    "affiliate_quality": AFFILIATE_QUALITY,
    "click_minutes": CLICK_MINUTES,
    "click_rollups": CLICK_ROLLUPS,
    "rollup_batches": ROLLUP_BATCHES,
    "retention_removals": RETENTION_REMOVALS,
}
"""The tables that people may query."""
