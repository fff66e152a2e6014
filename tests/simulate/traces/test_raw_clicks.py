from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.ip import IpSealKeys, open_ip
from identity.ulid import is_ulid
from schemas import RawClick, decode, encode
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import START, TRACE_RING, TracedProgram, record_trace
from simulate.traces.sending import plan_trace
from tests.examples import examples
from tests.identity.builders import known_ring
from tests.simulate.traces.builders import labelled, labels, traced

MODEST = examples(100)
NAMES = list(RECIPES)
# Trace -> how many unique windows its people open: as many as there are people.
UNIQUES = {
    "office": 200,
    "nat": 500,
    "relay": 300,
    "webviews": 400,
    "coupon-tabs": 150,
    "double-taps": 200,
    "newsletter": 1500,
    "mail-gateway": 78 + 300,
    "twin": 150 + 27 + 150,
    "quote-pairs": 500,
    "burst": 300,
    "slow-bot": 300,
    "proxies": 700,
    "tor": 120 + 300,
    "attack": 300,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_as_many_clicks_are_unique_as_there_are_people(name: str) -> None:
    people = {label.visitor for label in labels(name) if label.who == "person"}
    assert sum(label.is_unique for label in labels(name)) == len(people) == UNIQUES[name]
    assert not [label for label in labels(name) if label.is_unique and label.who == "machine"]


@pytest.mark.parametrize("name", NAMES)
def test_clicks_are_records_of_the_contract_at_the_times_of_the_trace(name: str) -> None:
    for number, (one, request) in enumerate(zip(labelled(name), traced(name), strict=True), 1):
        assert one.label.number == number
        assert (one.click is None) == (request.method != "GET")
        if one.click is not None:
            assert decode(RawClick, encode(one.click)) == one.click
            assert one.click.clicked_at == START + timedelta(milliseconds=request.at_ms)
            assert one.label.click_id == one.click.click_id


@pytest.mark.parametrize("name", NAMES)
def test_click_ids_are_ulids_of_their_times_and_never_the_same(name: str) -> None:
    ids = [label.click_id for label in labels(name) if label.click_id is not None]
    assert len(set(ids)) == len(ids)
    assert all(map(is_ulid, ids))
    assert [one[:10] for one in ids] == sorted(one[:10] for one in ids)


CODES = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), min_size=1, max_size=5).map(tuple)


@MODEST
@given(
    name=st.sampled_from(NAMES),
    seed=st.integers(0, 2**40),
    size=st.integers(1, 30),
    background=st.integers(0, 10),
    codes=CODES,
    is_https=st.booleans(),
)
def test_whatever_the_parameters_the_records_are_valid_and_the_truth_adds_up(name: str, **given_: Any) -> None:
    trace = make_trace(name, TraceParameters(**given_))
    written = list(record_trace(trace))
    assert [request.at_ms for request in trace.requests] == sorted(request.at_ms for request in trace.requests)
    assert [one.label.number for one in written] == [request.id for request in plan_trace(trace)]
    assert not [one for one in written if one.click is not None and decode(RawClick, encode(one.click)) != one.click]
    people = {one.label.visitor for one in written if one.label.who == "person"}
    assert sum(one.label.is_unique for one in written) == len(people)


def test_the_same_trace_gives_the_same_records_to_the_byte() -> None:
    trace = make_trace("twin", TraceParameters())
    first, second = ([one.click and encode(one.click) for one in record_trace(trace)] for _ in range(2))
    assert first == second


def test_another_seed_has_other_ids() -> None:
    ids = [{label.click_id for label in labels("slow-bot", seed=seed)} for seed in (1, 2)]
    assert not ids[0] & ids[1] - {None}


def test_addresses_are_sealed_with_the_keys_given() -> None:
    trace = make_trace("relay", TraceParameters(size=20))
    for ring in (TRACE_RING, known_ring()):
        keys = IpSealKeys(ring)
        for one, request in zip(record_trace(trace, ring=ring), trace.requests, strict=True):
            assert one.click is not None
            opened = open_ip(keys, one.click.ip_sealed or "", one.click.click_id)
            assert opened == ip_address(request.address)


def test_no_nonce_is_used_for_two_addresses() -> None:
    sealed = [one.click.ip_sealed for name in NAMES for one in labelled(name) if one.click is not None]
    nonces = [text[3:19] for text in sealed if text is not None]
    assert len(set(nonces)) == len(nonces)


def test_people_who_come_again_bring_their_cookie_and_machines_never() -> None:
    for name in NAMES:
        seen: set[str] = set()
        for one in labelled(name):
            if one.click is None:
                continue
            is_back = one.label.who == "person" and one.label.visitor in seen
            if name != "double-taps":
                assert one.click.cookie_state == ("valid" if is_back else "absent")
            assert (one.click.lease_click_id is None) == (one.click.cookie_state == "absent")
            seen.add(one.label.visitor)


def test_a_program_and_a_start_can_be_given() -> None:
    program = TracedProgram(id="shoes", host="go.shop.example", unique_window_s=60, affiliates={"demo": "ann"})
    start = datetime(2026, 1, 2, tzinfo=UTC)
    trace = make_trace("slow-bot", TraceParameters(size=3, background=0))
    clicks = [one.click for one in record_trace(trace, start, program) if one.click is not None]
    assert [(click.program_id, click.affiliate_id, click.host) for click in clicks] == [
        ("shoes", "ann", "go.shop.example")
    ] * 3
    assert clicks[0].clicked_at == start


def test_a_person_who_comes_after_the_window_is_unique_again() -> None:
    trace = make_trace("office", TraceParameters(size=20))
    short = list(record_trace(trace, program=TracedProgram(unique_window_s=20)))
    assert sum(one.label.is_unique for one in short) == len(trace.requests)
