from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.click_facts import ClickFacts
from enricher.pipeline import LOCAL_STEPS, finish_click
from enricher.steps.agent import Agent
from identity.ip import IpHashKeys, IpSealKeys, hash_ip, open_ip
from identity.keys import RING_RANDOMNESS, destroy, init_ring, rotate
from identity.ulid import make_ulid
from quality.rules import make_rules
from schemas import (
    SCHEMA_VERSION,
    Bot,
    DeadLetter,
    Device,
    EnrichedClick,
    Geo,
    Network,
    Privacy,
    RawClick,
    decode,
    encode,
)
from schemas.clicks import NEWEST_CLICK, OLDEST_CLICK
from schemas.fields import REFERRER_CAP, USER_AGENT_CAP
from tests.enricher.builders import (
    CLICKED_AT,
    LISBON,
    NETWORK,
    NOW,
    VISITOR,
    Record,
    enriched,
    lookups,
    process,
    raw_click,
    record_of,
    ring,
    seal,
)
from tests.examples import examples

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples" / "clicks.raw"
RELEASED = (Path(__file__).parents[2] / "schemas" / "released").glob("*/examples/clicks.raw/good/*")
ANONYMOUS = Privacy(gpc=True, dnt=False, decision="anonymous")


def test_a_click_keeps_what_ingest_wrote_and_gains_what_its_steps_found() -> None:
    raw = raw_click()
    click = enriched(raw)

    shared = set(RawClick.__struct_fields__) - {"referrer", "ip_sealed"}
    assert {name: getattr(raw, name) for name in shared} == {name: getattr(click, name) for name in shared}
    assert click.published_at == NOW
    assert click.geo == LISBON
    assert click.network == NETWORK
    assert (click.device.type, click.device.os, click.device.browser) == ("mobile", "iOS", "Mobile Safari")
    assert (click.referrer.medium, click.referrer.source) == ("search", "Google")
    assert (click.bot.is_bot, click.bot.reasons) == (False, [])


def test_the_hash_of_an_address_is_that_of_the_ring_and_names_its_key() -> None:
    click = enriched(raw_click())
    same_visitor = enriched(raw_click(click_id="01KAV9FT00JCKYZSHQA40QNF52", ip_sealed=None))

    key_id, hashed = hash_ip(IpHashKeys(ring()), ip_address(VISITOR).packed)
    assert (click.ip_hash, click.ip_hash_key_id) == (hashed, key_id)
    assert (same_visitor.ip_hash, same_visitor.ip_hash_key_id) == (None, None)


def test_an_anonymous_click_has_a_country_and_neither_hash_nor_region_nor_city() -> None:
    click = enriched(raw_click(privacy=ANONYMOUS))

    assert (click.ip_hash, click.ip_hash_key_id) == (None, None)
    assert click.geo == Geo(status="found", country="PT", database=LISBON.database)


def test_the_network_of_an_anonymous_click_is_not_looked_up() -> None:
    assert enriched(raw_click(privacy=ANONYMOUS)).network == Network(status="anonymous")
    assert enriched(raw_click(privacy=ANONYMOUS, ip_sealed=None)).network == Network(status="anonymous")


@pytest.mark.parametrize(
    "sealed",
    [
        None,
        "",
        "s1.AAAA",
        "z9" + seal(VISITOR)[2:],
        seal(VISITOR)[:-1] + "A",
        seal(VISITOR, "01KAV9FT00JCKYZSHQA40QNF52"),
    ],
    ids=["absent", "empty", "too short", "unknown key", "forged", "of another click"],
)
def test_a_seal_that_cannot_be_opened_gives_no_address_and_the_click_goes_on(sealed: str | None) -> None:
    click = enriched(raw_click(ip_sealed=sealed))

    assert click.geo == Geo(status="no_address")
    assert click.network == Network(status="no_address")
    assert click.ip_hash is None
    assert click.device.type == "mobile"


def test_a_seal_whose_key_was_destroyed_gives_no_address() -> None:
    sealed = seal(VISITOR)
    rotated = rotate(ring(), "ip_seal", NOW, bytes(number + 100 for number in range(36)))
    gone = destroy(rotated, "ip_seal", sealed[:2])
    without = msgspec.structs.replace(lookups(), open_ip=partial(open_ip, IpSealKeys(gone)))

    assert enriched(raw_click(ip_sealed=sealed), without).geo.status == "no_address"


def test_a_bot_is_a_bot_in_its_device_too_whatever_device_it_names() -> None:
    googlebot = (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    )
    click = enriched(raw_click(user_agent=googlebot))

    assert (click.device.type, click.bot.is_bot, click.bot.reasons) == ("bot", True, ["crawler_user_agent"])


def test_a_click_that_was_fetched_ahead_is_no_bot_for_that() -> None:
    click = enriched(raw_click(prefetch=True))

    assert (click.prefetch, click.bot.is_bot) == (True, False)


def test_a_test_stays_one_and_is_told_apart_by_nothing_else() -> None:
    test, click = enriched(raw_click(is_test=True)), enriched(raw_click())

    assert (test.is_test, click.is_test) == (True, False)
    assert msgspec.structs.replace(test, is_test=False) == click


@pytest.mark.parametrize("source", [None, "program", "deep_link"])
def test_whose_target_it_was_goes_on_as_ingest_said_it(source: str | None) -> None:
    assert enriched(raw_click(target_source=source)).target_source == source


def test_an_enriched_click_has_no_trace_of_the_address() -> None:
    written = encode(enriched(raw_click())).decode()

    assert VISITOR not in written
    assert seal(VISITOR) not in written


def test_the_same_record_gives_the_same_click_to_the_byte() -> None:
    record = record_of(raw_click())

    first = process(record, lookups=lookups(), now=NOW)
    later = process(record, lookups=lookups(), now=NOW + timedelta(hours=5))
    assert encode(first) == encode(later)


def test_a_record_is_published_when_kafka_took_it() -> None:
    outcome = process(Record(encode(raw_click()), 1_795_510_800_123), lookups=lookups(), now=NOW)

    assert isinstance(outcome, EnrichedClick)
    assert outcome.published_at == datetime(2026, 11, 24, 9, 0, 0, 123_000, tzinfo=UTC)


def test_a_newer_minor_version_is_written_as_ours() -> None:
    outcome = process(record_of(raw_click(schema_version="1.9")), lookups=lookups(), now=NOW)

    assert isinstance(outcome, EnrichedClick)
    assert outcome.schema_version == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not_json"),
        (b"", "not_json"),
        (b"\x00\x01", "not_json"),
        (b'{"click_id": "\xff"}', "not_utf8"),
        (b"[]", "wrong_shape"),
        (b'{"schema_version": "2.0"}', "unknown_version"),
        (encode(raw_click())[:-1], "not_json"),
    ],
)
def test_bytes_that_are_no_click_are_dead_lettered_with_its_original_bytes(value: bytes | None, reason: str) -> None:
    letter = process(Record(value, key=b"k"), lookups=lookups(), now=NOW)

    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.stage, letter.attempts, letter.failed_at) == (reason, "enricher", 1, NOW)
    assert (letter.topic, letter.partition, letter.offset, letter.key) == ("clicks.raw", 3, 70, b"k")
    assert letter.value == (value or b"")


@pytest.mark.parametrize("age", [OLDEST_CLICK + timedelta(seconds=1), -NEWEST_CLICK - timedelta(seconds=1)])
def test_a_click_of_an_implausible_time_is_dead_lettered(age: timedelta) -> None:
    value = encode(raw_click(clicked_at=CLICKED_AT))
    taken_at = CLICKED_AT + age
    letter = process(Record(value, int(taken_at.timestamp() * 1000)), lookups=lookups(), now=NOW)

    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.value) == ("implausible_time", value)


@pytest.mark.parametrize("age", [OLDEST_CLICK, -NEWEST_CLICK])
def test_a_click_at_the_edge_of_the_plausible_is_enriched(age: timedelta) -> None:
    taken_at = CLICKED_AT + age
    outcome = process(Record(encode(raw_click()), int(taken_at.timestamp() * 1000)), lookups=lookups(), now=NOW)

    assert isinstance(outcome, EnrichedClick)


def replay(path: Path) -> EnrichedClick | DeadLetter:
    value = path.read_bytes()
    read = decode(RawClick, value)
    taken_at = read.clicked_at if isinstance(read, RawClick) else NOW
    return process(Record(value, int(taken_at.timestamp() * 1000)), lookups=lookups(), now=NOW)


@pytest.mark.parametrize("path", sorted([*EXAMPLES.glob("good/*"), *RELEASED]), ids=lambda path: path.name)
def test_each_good_example_of_the_contract_and_of_its_releases_is_enriched(path: Path) -> None:
    outcome = replay(path)

    assert isinstance(outcome, EnrichedClick)
    assert decode(EnrichedClick, encode(outcome)) == outcome


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("bad/*")), ids=lambda path: path.name)
def test_each_bad_example_of_the_contract_is_dead_lettered(path: Path) -> None:
    outcome = replay(path)

    assert isinstance(outcome, DeadLetter)
    assert outcome.value == path.read_bytes()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=REFERRER_CAP)


@examples(300)
@given(user_agent=TEXTS, referrer=TEXTS, host=TEXTS, target=TEXTS, medium=TEXTS)
def test_no_text_of_a_visitor_raises_and_whatever_comes_out_keeps_the_contract(
    user_agent: str, referrer: str, host: str, target: str, medium: str
) -> None:
    raw = raw_click(user_agent=user_agent[:USER_AGENT_CAP], referrer=referrer, host=host[:255], target_url=target)
    click = enriched(msgspec.structs.replace(raw, ad_ids={"fbclid": medium[:256]}))

    assert decode(EnrichedClick, encode(click)) == click


def test_a_step_can_be_given_any_other_lookup() -> None:
    mine = Agent(Bot(is_bot=True, reasons=["mine"], rules="1"), Device(type="bot"))
    suspicious = msgspec.structs.replace(lookups(), read_agent=lambda *_: mine)

    assert (enriched(raw_click(), suspicious).bot, enriched(raw_click(), suspicious).device) == (mine.bot, mine.device)


def test_two_rings_give_two_hashes_of_one_address() -> None:
    other = init_ring(NOW, bytes((11 * number + 5) % 251 for number in range(RING_RANDOMNESS)))

    assert seal(VISITOR, keys=other) != seal(VISITOR)


def test_a_click_is_scored_by_the_rules_in_use() -> None:
    facts = ClickFacts(raw_click(prefetch=True), published_at=NOW)
    for step in LOCAL_STEPS:
        step(facts, lookups())
    own = make_rules("test", "1", {"prefetch_weight": 0.4})

    assert (finish_click(facts).fraud.score, finish_click(facts, own).fraud.score) == (97, 40)
    assert finish_click(facts, own).fraud.rules == own.stamp


def test_a_replay_after_a_rotation_gives_the_same_hashes_and_later_clicks_new_ones() -> None:
    rotated = rotate(ring(), "ip_hash", NOW, bytes(number + 100 for number in range(36)))
    after = msgspec.structs.replace(lookups(), find_hash_key=IpHashKeys(rotated).at)
    later_id = make_ulid(int(NOW.timestamp() * 1000) + 1, bytes(16))
    later = raw_click(click_id=later_id, clicked_at=NOW + timedelta(milliseconds=1), ip_sealed=seal(VISITOR, later_id))

    assert encode(enriched(raw_click(), after)) == encode(enriched(raw_click()))
    assert enriched(later, after).client_hash not in (None, enriched(raw_click()).client_hash)


def test_a_click_whose_hash_key_was_destroyed_goes_on_without_hashes() -> None:
    rotated = rotate(ring(), "ip_hash", NOW, bytes(number + 100 for number in range(36)))
    gone = destroy(rotated, "ip_hash", IpHashKeys(ring()).kid)
    click = enriched(raw_click(), msgspec.structs.replace(lookups(), find_hash_key=IpHashKeys(gone).at))

    assert (click.ip_hash, click.ip_hash_key_id, click.net_hash, click.client_hash) == (None, None, None, None)
    assert click.geo == LISBON


def test_without_a_store_a_click_says_so() -> None:
    click = enriched(raw_click())
    assert {click.unique.status, click.counts.status, click.guards.status} == {"no_store"}
