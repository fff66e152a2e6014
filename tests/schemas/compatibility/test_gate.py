"""The gate: each way to break a released reader or record is found in our own contract, and told with its rule."""

import pytest

from schemas.compatibility import find_breaks
from schemas.compatibility.change import RULES
from tests.schemas.compatibility.changes import (
    RELEASED,
    TOPIC,
    Change,
    add_optional,
    add_required,
    add_value,
    changed,
    fields,
    headers,
    meaning,
    required,
    topic,
)

BREAKS: list[tuple[Change, str, str]] = [
    (lambda plain: fields(plain, "Geo").pop("city"), "field geo.city: was required, now absent", "field-removed"),
    (
        lambda plain: fields(plain, "EnrichedClick").pop("fraud"),
        "field fraud: was optional, now absent",
        "field-removed",
    ),
    (add_required, "field geo.continent: was absent, now required", "field-required"),
    (
        lambda plain: required(plain, "Bot").append("kind"),
        "field bot.kind: was optional, now required",
        "field-required",
    ),
    (
        lambda plain: required(plain, "Geo").remove("city"),
        "field geo.city: was required, now optional",
        "field-optional",
    ),
    (
        lambda plain: fields(plain, "Geo")["city"].update(anyOf=[{"type": "string", "maxLength": 128}]),
        "field geo.city: was string or null, now string",
        "type-narrowed",
    ),
    (
        lambda plain: fields(plain, "Bot").update(is_bot={"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
        "field bot.is_bot: was boolean, now boolean or null",
        "type-widened",
    ),
    (
        lambda plain: fields(plain, "Signal")["name"].update(maxLength=64),
        "field fraud.signals[].name: was maxLength 128, now maxLength 64",
        "cap-lowered",
    ),
    (
        lambda plain: fields(plain, "EnrichedClick")["host"].update(maxLength=1024),
        "field host: was maxLength 255, now maxLength 1024",
        "cap-raised",
    ),
    (
        lambda plain: fields(plain, "EnrichedClick")["unique_window_s"].update(minimum=1),
        "field unique_window_s: was minimum 0, now minimum 1",
        "least-raised",
    ),
    (
        lambda plain: fields(plain, "EnrichedClick")["unique_window_s"].update(minimum=-1),
        "field unique_window_s: was minimum 0, now minimum -1",
        "least-lowered",
    ),
    (
        lambda plain: fields(plain, "EnrichedClick")["code"].update(pattern="^[a-z]*$"),
        "field code: was pattern ^[A-Za-z0-9_-]{1,64}$, now pattern ^[a-z]*$",
        "form-changed",
    ),
    (
        lambda plain: fields(plain, "Privacy")["decision"].update(enum=["full", "anonymous"]),
        "field privacy.decision: was any value, now 'anonymous', 'full'",
        "value-removed",
    ),
    (
        add_value,
        "header ce_specversion: was '1.0', now '1.0', '2.0'",
        "value-added",
    ),
    (
        lambda plain: meaning(plain, "fraud.band").update(words=["clean", "suspicious", "likely_invalid"]),
        "field fraud.band: was a word invalid, now only clean, suspicious, likely_invalid",
        "word-removed",
    ),
    (
        lambda plain: meaning(plain, "bot.kind")["words"].append("agent"),
        "field bot.kind: was one of person, bot, app_fetch, now also agent",
        "word-added",
    ),
    (
        lambda plain: meaning(plain, "bot.kind").update(is_open=True),
        "field bot.kind: was one of person, bot, app_fetch, now any word",
        "words-opened",
    ),
    (
        lambda plain: meaning(plain, "unique_window_s").update(unit="minutes"),
        "field unique_window_s: was unit seconds, now unit minutes",
        "unit-changed",
    ),
    (lambda plain: plain["topics"].pop(TOPIC), "topic: was there, now absent", "topic-removed"),
    (lambda plain: topic(plain).update(public=False), "topic: was public, now for services only", "topic-hidden"),
    (lambda plain: topic(plain).update(key="code"), "key: was click_id, now code", "key-changed"),
    (lambda plain: topic(plain).update(partitions=24), "partitions: was 12, now 24", "partitions-changed"),
    (
        lambda plain: topic(plain)["config"].update({"cleanup.policy": "compact"}),
        "setting cleanup.policy: was delete, now compact",
        "setting-changed",
    ),
    (
        lambda plain: topic(plain)["config"].update({"retention.ms": "3600000"}),
        "setting retention.ms: was 604800000, now 3600000",
        "setting-lowered",
    ),
    (
        add_optional("1.4"),
        "field geo.continent: was absent in 1.4, now there since 1.4 in 1.4",
        "version-not-raised",
    ),
]


@pytest.mark.parametrize(("change", "expected", "rule"), BREAKS, ids=[f"{rule}: {text}" for _, text, rule in BREAKS])
def test_a_break_is_told_with_its_topic_field_and_rule(change: Change, expected: str, rule: str) -> None:
    (line,) = find_breaks(RELEASED, changed(change))

    assert line == f"{TOPIC}: {expected}: {RULES[rule].format(release='0.1.0')} [{rule}]"


def test_a_break_says_what_happens_to_whom() -> None:
    (line,) = find_breaks(RELEASED, changed(add_required))

    assert line == (
        "clicks.enriched: field geo.continent: was absent, now required: a record of 0.1.0 that lacks it is refused"
        " [field-required]"
    )


def test_a_lower_version_is_a_break() -> None:
    (line,) = find_breaks(RELEASED, changed(dict.copy, "1.3"))

    assert line == (
        "all topics: schema_version: was 1.4, now 1.3: a reader of 0.1.0 takes the records for older ones than they are"
        " [version-lowered]"
    )


def test_each_rule_has_a_change_that_breaks_it() -> None:
    assert {rule for _, _, rule in BREAKS} | {"version-lowered"} == set(RULES)


ALLOWED: list[Change] = [
    dict.copy,
    add_optional("1.5"),
    lambda plain: fields(plain, "Geo")["city"].update(description="The city."),
    lambda plain: meaning(plain, "device.type")["words"].append("watch"),
    lambda plain: meaning(plain, "privacy.decision").update(text="What was decided"),
    lambda plain: topic(plain)["config"].update({"retention.ms": "1209600000"}),
    lambda plain: topic(plain)["minimums"].update({"max.message.bytes": 1_048_576}),
    lambda plain: topic(plain)["config"].update({"segment.ms": "1800000"}),
    lambda plain: headers(plain).update(baggage={"type": "string"}),
]


@pytest.mark.parametrize("change", ALLOWED)
def test_additions_and_other_texts_pass(change: Change) -> None:
    assert find_breaks(RELEASED, changed(change, "1.5")) == []


def test_another_major_version_may_change_anything() -> None:
    assert find_breaks(RELEASED, changed(lambda plain: plain["topics"].pop(TOPIC), "2.0")) == []
