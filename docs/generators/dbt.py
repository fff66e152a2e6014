"""The sources of dbt: the analysts' views with descriptions, freshness and tests, from the field reference."""

from collections.abc import Iterator
from typing import Any, Final

from schemas.asyncapi.yaml_text import write_yaml
from schemas.reference import FieldMeaning
from storage.analysts.views import CLICK_VIEW, LIVE_VIEW, REJECTION_VIEW, SCORE_VIEW, VIEWS, View

NOTE: Final = (
    "# Generated from the field reference: `python docs/generate.py` writes it again.\n"
    "# Copy it into the folder `models` of a dbt project (dbt 1.10.5 or newer). docs/storage.md says how to connect.\n"
)
SOURCE: Final = "clickrail"
RECENT: Final = "{} >= now() - interval '3 days'"
"""Tests look at recent rows only: a whole table takes longer than an analyst's statement may."""
ALWAYS: Final = (
    *(
        "click_id",
        "rejection_id",
        "clicked_at",
        "rejected_at",
        "code",
        "reason",
        "status",
        "program_id",
        "affiliate_id",
    ),
    *("host", "is_test", "is_bot", "prefetch", "rules", "stage", "score", "band", "scored_at", "stored_at"),
    *("published_at", "enriched_at", "handled_region"),
)
"""Columns that are never null."""
MAYBE: Final = {REJECTION_VIEW: {"program_id", "affiliate_id"}}
"""Columns that are null where the code was not known."""
UNIQUE: Final = {CLICK_VIEW: "click_id", LIVE_VIEW: "click_id", REJECTION_VIEW: "rejection_id"}
RELATED: Final = {(SCORE_VIEW, "click_id"): (CLICK_VIEW, "click_id")}
ARRIVING: Final = {
    CLICK_VIEW: "stored_at",
    LIVE_VIEW: "stored_at",
    REJECTION_VIEW: "stored_at",
    SCORE_VIEW: "scored_at",
}

Test = dict[str, Any]


def build_sources() -> dict[str, Any]:
    """Give the document, as dbt reads it."""
    source = {
        "name": SOURCE,
        "description": "Clicks of Clickrail, without personal columns. The account is a login of clickrail_analyst.",
        "schema": "{{ var('clickrail_schema', 'public') }}",
        "tables": [build_table(view) for view in VIEWS],
    }
    return {"version": 2, "sources": [source]}


def build_table(view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "description": f"{view.text}.",
        "loaded_at_field": ARRIVING[view],
        "freshness": {
            "warn_after": {"count": 1, "period": "hour"},
            "error_after": {"count": 24, "period": "hour"},
            "filter": RECENT.format(view.order[0]),
        },
        "columns": [build_column(view, name, meaning) for name, meaning in view.all_columns().items()],
    }


def build_column(view: View, name: str, meaning: FieldMeaning) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "description": meaning.describe()}
    tests = list(list_tests(view, name, meaning))
    return described | ({"data_tests": tests} if tests else {})


def list_tests(view: View, name: str, meaning: FieldMeaning) -> Iterator[Test]:
    config = {"config": {"where": RECENT.format(view.order[0])}}
    if UNIQUE.get(view) == name:
        yield {"unique": config}
    if name in ALWAYS and name not in MAYBE.get(view, ()):
        yield {"not_null": config}
    if meaning.words and not meaning.is_open:
        yield {"accepted_values": {"arguments": {"values": list(meaning.words)}, **config}}
    if (view, name) in RELATED:
        other, key = RELATED[view, name]
        related = {"to": f"source('{SOURCE}', '{other.name}')", "field": key}
        yield {"relationships": {"arguments": related, **config}}


def describe_sources() -> str:
    """Give the text of dbt/sources.yml."""
    return NOTE + "\n".join(write_yaml(build_sources())) + "\n"
