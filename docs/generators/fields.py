"""The tables of `docs/data-fields.md`: each field of the topics, with its words, column and place in the console."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from docs.generators.field_types import describe_type
from enricher.rules.bots import ORDER, UNKNOWN
from enricher.steps.bots import NO_USER_AGENT
from ingest.request.context import StepTimes
from ingest.request.parameters import AD_IDS
from quality.wording import TEXTS
from schemas.field_list import ListedField, list_fields
from schemas.header_schemas import build_header_schema
from schemas.reference import FieldMeaning
from schemas.topics import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, CLICKS_REJECTED, Topic
from storage import columns, tables
from storage.analysts.table_reference import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, TableMeaning
from storage.read.asking.question import ENTITIES
from storage.rollups.dimensions import COLUMNS

STORED: Final[Mapping[str, tuple[tables.Table, TableMeaning, tuple[str, ...]]]] = {
    CLICKS_ENRICHED.name: (
        tables.CLICKS,
        CLICKS,
        (*columns.CLICK, *columns.HINTS, *columns.FETCH, *columns.UTM, *columns.CLICK_JSON),
    ),
    CLICKS_REJECTED.name: (tables.REJECTED_CLICKS, REJECTED_CLICKS, columns.REJECTION),
    CLICKS_DEAD.name: (tables.DEAD_LETTERS, DEAD_LETTERS, columns.LETTER),
}
"""By topic: its table, what the table's columns mean, and the fields that have a column."""
DIMENSIONS: Final = {sql.partition("[")[0].rpartition(" ")[2]: name for _, name, sql in COLUMNS}
GROUPED: Final[Mapping[str, Mapping[str, str]]] = {
    CLICKS_ENRICHED.name: DIMENSIONS
    | {column: name for name, column in ENTITIES.items()}
    | {"fraud_ivt_class": "ivt_class"},
    CLICKS_REJECTED.name: {
        "program_id": "program",
        "affiliate_id": "affiliate",
        "asked": "code",
        "handled_region": "edge_region",
        "reason": "reason",
    },
    CLICKS_DEAD.name: {"stage": "stage", "reason": "reason"},
}
"""By topic and column, the word by which the console groups or filters."""
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "bot.reasons": (NO_USER_AGENT, *ORDER, UNKNOWN),
    "fraud.signals[].name": tuple(TEXTS),
    "handled.steps_us": tuple(StepTimes(0).microseconds()),
    "ad_ids": tuple(sorted(AD_IDS)),
}
"""Words of fields whose words are decided elsewhere than in the contract. New ones come with any version."""


def describe_fields() -> str:
    """Give the tables of all topics."""
    topics = (CLICKS_ENRICHED, CLICKS_REJECTED, CLICKS_DEAD)
    return "\n\n".join([*(describe_topic(topic) for topic in topics), describe_raw()])


def describe_topic(topic: Topic) -> str:
    table, meaning, _ = STORED[topic.name]
    return "\n\n".join(
        [
            f"## {topic.name}",
            f"Key: {topic.key}. Table: `{table.name}`. {meaning.text}.",
            describe_table([write_row(topic, field) for field in list_fields(topic)]),
            f"The table `{table.name}` besides has:",
            describe_columns(topic, meaning),
            "The Kafka headers:",
            describe_headers(topic),
        ]
    )


def describe_raw() -> str:
    known = {field.path for field in list_fields(CLICKS_ENRICHED)}
    own = [field for field in list_fields(CLICKS_RAW) if field.path not in known or field.path == "referrer"]
    return "\n\n".join(
        [
            f"## {CLICKS_RAW.name}",
            "For the enricher only. It has what clicks.enriched says of the request and of ingest, and these:",
            describe_table([write_row(CLICKS_RAW, field) for field in own]),
        ]
    )


def describe_table(rows: list[str]) -> str:
    titles = "| field | type | since | personal | meaning | column | console |"
    return "\n".join([titles, "|---|---|---|---|---|---|---|", *rows])


def write_row(topic: Topic, field: ListedField) -> str:
    column = find_column(topic, field.path)
    grouped = GROUPED.get(topic.name, {}).get(column)
    cells = (
        f"`{field.path}`",
        describe_type(field),
        field.since,
        describe_personal(field.meaning),
        describe_meaning(field.meaning, WORDS.get(field.path, ())),
        f"`{column}`" if column else "",
        f"`{grouped}`" if grouped else "",
    )
    return f"| {' | '.join(cells)} |"


def describe_personal(meaning: FieldMeaning) -> str:
    return "yes" if meaning.is_personal else ""


def describe_meaning(meaning: FieldMeaning, others: Sequence[str] = ()) -> str:
    """Say what a field means, with unit and words. Documents that it names become links."""
    words = ", ".join(f"`{word}`" for word in meaning.words or others)
    known = f" {'Such as' if meaning.is_open or others else 'One of'} {words}." if words else ""
    unit = f" In {meaning.unit}." if meaning.unit else ""
    return re.sub(r"docs/([a-z-]+)[.]md", r"[\1](\1.md)", f"{meaning.text}.{known}{unit}")


def find_column(topic: Topic, path: str) -> str:
    """Return the column that holds a field, and the way to it within the column; empty if none does."""
    stored = STORED[topic.name][2] if topic.name in STORED else ()
    outer, _, _ = path.partition("[]")
    parts = outer.split(".")
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in stored:
            inside = "".join(f" -> '{part}'" for part in parts[length:])
            return columns.column_of(".".join(parts[:length])) + inside
    return ""


def describe_columns(topic: Topic, meaning: TableMeaning) -> str:
    """Give the table of a table's columns that no field of the record has."""
    fields = {columns.column_of(path) for path in STORED[topic.name][2]}
    rows = [f"| `{name}` | {describe_meaning(one)} |" for name, one in meaning.columns.items() if name not in fields]
    return "\n".join(["| column | meaning |", "|---|---|", *rows])


def describe_headers(topic: Topic) -> str:
    return "\n".join(["| header | value | meaning |", "|---|---|---|", *write_headers(topic)])


def write_headers(topic: Topic) -> Iterator[str]:
    for name, schema in build_header_schema(topic)["properties"].items():
        value = schema.get("const") or schema.get("pattern") or schema["format"]
        yield f"| `{name}` | `{value}` | {schema['description']} |"
