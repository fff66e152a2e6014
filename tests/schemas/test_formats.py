"""The formats of texts are checked after decoding, each by the pattern of its field."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from schemas import EnrichedClick, Undecodable, decode, encode
from schemas.fields import Ulid, Word
from schemas.formats import MOST_WORDS, FormatCheck

FULL = json.loads((Path(schemas.__file__).parent / "examples/clicks.enriched/good/full.json").read_bytes())


def with_value(path: str, value: Any) -> bytes:
    record = json.loads(json.dumps(FULL))
    *parents, name = path.split(".")
    place = record
    for parent in parents:
        place = place[parent]
    place[name] = value
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("click_id", "01kat301v8c3q9gz2f5b7n4m6p"),
        ("click_id", "81KAT301V8C3Q9GZ2F5B7N4M6P"),
        ("previous_click_id", "01KAT301V8C3Q9GZ2F5B7N4M6P\n"),
        ("previous_click_id", ""),
        ("code", "spring\n"),
        ("code", "späth"),
        ("code", ""),
        ("affiliate_id", "Aff"),
        ("program_id", "a\nb"),
        ("handled.process", "x"),
        ("cookie_state", "Valid"),
        ("limit", "a b"),
        ("privacy.decision", "full\n"),
        ("handled.cache", "UPPER"),
        ("handled.steps_us", {"match": 1, "Not a word": 2}),
        ("ad_ids", {"gclid": "x", "g-clid": "y"}),
        ("truncated", ["query", "Query"]),
        ("bot.reasons", ["curl", ""]),
        ("geo.status", "nicht da"),
        ("device.type", "9" * 41),
        ("referrer.medium", "\u0663"),
    ],
)
def test_a_text_of_another_format_is_refused_and_named(path: str, value: Any) -> None:
    refused = decode(EnrichedClick, with_value(path, value))

    assert isinstance(refused, Undecodable)
    assert refused.reason == "wrong_shape"
    assert f"`$.{path}" in refused.detail


@pytest.mark.parametrize("version", ["1", "1.", "1.0\n", "1.1234", "x.y", "", "1.0.0", "\u0661.0"])
def test_a_version_that_is_none_is_no_other_major(version: str) -> None:
    refused = decode(EnrichedClick, with_value("schema_version", version))

    assert isinstance(refused, Undecodable)
    assert refused.reason == "wrong_shape"


def test_words_and_ids_that_may_be_null_may_be() -> None:
    for path in ("previous_click_id", "limit", "handled.cache", "ad_ids"):
        record = decode(EnrichedClick, with_value(path, None))

        assert isinstance(record, EnrichedClick), path


def test_a_new_word_is_accepted_each_time() -> None:
    value = with_value("device.type", "foldable_2")

    first, second = decode(EnrichedClick, value), decode(EnrichedClick, value)

    assert isinstance(first, EnrichedClick)
    assert first == second


def test_words_that_strangers_choose_do_not_fill_the_memory() -> None:
    record = decode(EnrichedClick, encode(decode(EnrichedClick, json.dumps(FULL).encode())))  # type: ignore[arg-type] # a good example is a record
    assert isinstance(record, EnrichedClick)
    check = FormatCheck(EnrichedClick)

    problems = [
        check.find_problem(msgspec.structs.replace(record, ad_ids={f"w{number}": "x"}))
        for number in range(MOST_WORDS + 100)
    ]

    assert set(problems) == {None}
    assert len(check._words) <= MOST_WORDS + 40


class Inner(msgspec.Struct, frozen=True):
    word: Word


class Outer(msgspec.Struct, frozen=True):
    id: Ulid
    inner: Inner | None = None


def test_a_type_whose_formats_cannot_be_reached_is_refused_when_the_check_is_made() -> None:
    with pytest.raises(TypeError, match="inner: an object that may be null"):
        FormatCheck(Outer)
