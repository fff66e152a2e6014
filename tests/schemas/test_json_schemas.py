"""The written JSON Schemas are those of the records, and tell good examples from bad ones by themselves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import schemas
from schemas import TOPICS, Topic, decode, encode
from schemas.json_schemas import build_schema, write_schema
from schemas.releases import ROOT, schema_path
from tests.schemas.validating import Draft202012Validator

EXAMPLES = Path(schemas.__file__).parent / "examples"
LATER_OF_CLICKS = ("is_test", "target_source", "fetch", "lease_click_id", "unique_basis", "quality_rules")
LATER_FACTS = ("net_hash", "client_hash", "network", "unique", "counts", "guards", "fraud")
LATER_HINTS = {"ClientHints.model", "ClientHints.platform_version"}
LATER = {
    "clicks.raw": {f"RawClick.{field}" for field in LATER_OF_CLICKS} | LATER_HINTS,
    "clicks.enriched": {f"EnrichedClick.{field}" for field in (*LATER_OF_CLICKS, *LATER_FACTS)}
    | LATER_HINTS
    | {"Bot.kind", "Referrer.term"},
    "clicks.rejected": {"RejectedClick.method"},
    "clicks.dead": {"DeadLetter.taken_at", "DeadLetter.digest", "DeadLetter.size", "DeadLetter.is_cut"},
}
NO_JSON = {"empty", "nested_too_deeply", "not_utf8", "truncated", "wrong_shape_and_truncated"}
# What Go and Rust (RE2 and its like) refuse, and what not every engine reads alike.
NOT_EVERYWHERE = re.compile(r"\(\?|\\[dwsbDWSBAZz1-9]")


def validator(topic: Topic) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema_path(ROOT, topic.name).read_text()))


def examples(verdict: str) -> list[Any]:
    return [
        pytest.param(topic, path, id=f"{topic.name}-{path.stem}")
        for topic in TOPICS
        for path in sorted((EXAMPLES / topic.name / verdict).glob("*.json"))
        if path.stem not in NO_JSON
    ]


def patterns_in(schema: Any) -> Iterator[str]:
    for name, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if name == "pattern" and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from patterns_in(value)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_written_schema_is_fresh(topic: Topic) -> None:
    assert write_schema(build_schema(topic)) == schema_path(ROOT, topic.name).read_text(), "run: python -m schemas"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_schema_is_valid_and_names_itself(topic: Topic) -> None:
    schema = build_schema(topic)

    Draft202012Validator.check_schema(schema)

    assert schema["$id"] == f"urn:clickrail:schema:{topic.name}:1"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_pattern_is_read_alike_by_every_engine(topic: Topic) -> None:
    patterns = set(patterns_in(build_schema(topic)))

    assert patterns
    assert [pattern for pattern in patterns if NOT_EVERYWHERE.search(pattern)] == []


@pytest.mark.parametrize(("topic", "path"), examples("good"))
def test_a_good_example_is_valid(topic: Topic, path: Path) -> None:
    assert [error.message for error in validator(topic).iter_errors(json.loads(path.read_bytes()))] == []


@pytest.mark.parametrize(("topic", "path"), examples("bad"))
def test_a_bad_example_is_invalid_by_the_schema_alone(topic: Topic, path: Path) -> None:
    assert not validator(topic).is_valid(json.loads(path.read_bytes()))


@pytest.mark.parametrize(("topic", "path"), examples("good"))
def test_what_we_write_is_valid_and_has_every_field(topic: Topic, path: Path) -> None:
    record = decode(topic.record, path.read_bytes())

    written = json.loads(encode(record))  # type: ignore[arg-type] # a good example is a record

    assert [error.message for error in validator(topic).iter_errors(written)] == []
    assert set(written) == {field.encode_name for field in structs.fields(topic.record)}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_field_is_required_but_those_that_came_later(topic: Topic) -> None:
    definitions = build_schema(topic)["$defs"]

    later = {
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field in definition["properties"].keys() - set(definition["required"])
    }

    assert later == LATER.get(topic.name, set())
    assert not any("default" in field for each in definitions.values() for field in each["properties"].values())
