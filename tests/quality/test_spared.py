"""Which signals a guard took off a click, why, and what the score would have been."""

from typing import Any

import msgspec
import pytest

from quality.rules import DEFAULT_RULES
from quality.score import score_click
from quality.spared import HEADERS_GUARD, PHONES, PHONES_GUARD, SHARED_GUARD, Spared, list_spared
from schemas import Device, EnrichedClick, Guards, Network, Referrer
from tests.quality.builders import click_of, counted

BARE = {"accept_language": None, "client_hints": None, "fetch": None}
HEADERS = ["no_accept_language", "hints_missing", "not_a_navigation"]
NO_REFERRER = Referrer(url=None, host=None, medium="direct")
CARRIER = Network(status="found", asn=21928, kind="other")
RELAY = Network(status="found", kind="relay")


def spared_of(**changes: Any) -> list[Spared]:
    click = click_of(**changes)
    return list_spared(click, score_click(click, DEFAULT_RULES).signals)


def test_nothing_is_taken_off_a_click_that_no_guard_concerns() -> None:
    assert spared_of() == []
    assert spared_of(counts=counted(client_60s=12, net_60s=90, net_clients_60s=9)) == []


@pytest.mark.parametrize(
    ("guards", "why"),
    [
        (
            Guards(chrome=3, accept_language=3, client_hints=3, fetch=3),
            "3 clicks on the host claimed Chrome in the last",
        ),
        (Guards(chrome=50, accept_language=2, client_hints=2, fetch=2), "2 of 50 such clicks on the host carried the"),
        (Guards(status="no_store"), "what other clicks on the host carry is not known (Redis was away"),
    ],
)
def test_a_missing_header_that_a_proxy_may_have_stripped_is_named(guards: Guards, why: str) -> None:
    guards = msgspec.structs.replace(guards, newest_chrome=142)
    spared = spared_of(**BARE, guards=guards)

    assert [(one.signal.name, one.guard, one.score) for one in spared] == [
        ("no_accept_language", HEADERS_GUARD, 50),
        ("hints_missing", HEADERS_GUARD, 35),
        ("not_a_navigation", HEADERS_GUARD, 50),
    ]
    assert [one.why.startswith(why) for one in spared] == [True] * 3
    # What was sent needs no comparison.
    assert spared_of(guards=guards) == []


def test_a_program_may_need_fewer_clicks_of_other_browsers() -> None:
    guards = Guards(chrome=4, accept_language=4, client_hints=4, fetch=4, newest_chrome=142)
    click: EnrichedClick = click_of(**BARE, guards=guards, quality_rules={"guard_limit_clicks": 4.0})

    assert list_spared(click, []) == []
    assert [one.signal.name for one in list_spared(click_of(**BARE, guards=guards), [])] == HEADERS


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"network": CARRIER},
            "the address belongs to a mobile carrier (T-Mobile USA, AS21928), where many phones share one",
        ),
        ({"network": RELAY}, "the address belongs to a relay, which many people share"),
        (
            {"counts": counted(client_60s=12, net_clients_600s=14)},
            "14 different browsers were seen at the address within 600 s; from 10 on it is shared",
        ),
        (
            {"counts": counted(client_60s=12, net_cookies_600s=3)},
            "3 different cookies were seen at the address within 600 s; from 3 on it is shared",
        ),
    ],
)
def test_many_clicks_of_one_browser_are_told_with_what_makes_its_network_shared(
    changes: dict[str, Any], why: str
) -> None:
    (spared,) = spared_of(**{"counts": counted(client_60s=12)} | changes)

    assert (spared.signal.name, spared.signal.value, spared.signal.limit) == ("client_rate", 12, 10)
    assert (spared.guard, spared.why, spared.score) == (SHARED_GUARD, why, 40)


def test_many_clicks_of_a_shared_address_are_told_beside_the_signals_that_stay() -> None:
    counts = counted(net_60s=90, net_clients_60s=9, same_link_30s=1)
    (spared,) = spared_of(counts=counts, network=RELAY)

    # Rates count at most .55 together: .1 of the duplicate and .3 are 37.
    assert (spared.signal.name, spared.guard, spared.score) == ("network_rate", SHARED_GUARD, 37)


def test_a_sweep_of_a_phone_is_told_with_the_guard_of_phones_unless_its_network_is_shared() -> None:
    sweep = {"counts": counted(links_10s=4), "referrer": NO_REFERRER, "device": Device(type="mobile")}
    (phone,), (carrier,) = spared_of(**sweep), spared_of(**sweep, network=CARRIER)

    assert (phone.signal.name, phone.guard, phone.why, phone.score) == ("link_sweep", PHONES_GUARD, PHONES, 80)
    assert (carrier.guard, carrier.score) == (SHARED_GUARD, 80)


def test_a_signal_above_the_higher_limit_too_is_found_and_not_taken_off() -> None:
    assert spared_of(counts=counted(client_60s=30), network=CARRIER) == []


def test_a_signal_that_is_switched_off_is_not_told() -> None:
    assert (
        spared_of(counts=counted(client_60s=12), network=CARRIER, quality_rules={"client_rate_weight_60s": 0.0}) == []
    )
