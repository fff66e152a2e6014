from array import array
from typing import Any

import pytest

from simulate.ledger import Latency, Ledger, Pace, Tally, is_expected, latency, make_entry
from simulate.planned import Expected
from tests.simulate.builders import COOKIE, SHOES, answer, planned


def tallied(*pairs: tuple[Any, Any], rate: float | None = 10.0) -> Ledger:
    tally = Tally()
    for request, came in pairs:
        tally.count(request, came)
    return tally.close(2.0, 2.0, Pace(rate=rate), interrupted=False)


def test_the_sums_add_up() -> None:
    ledger = tallied(
        (planned(), answer()),
        (planned(), answer(set_cookies=())),
        (planned(), answer(status=None, error="timeout")),
        (planned(kind="head", expected="redirect"), answer(set_cookies=())),
        (planned(kind="unknown_code", expected="rejected"), answer(status=404, location=None, set_cookies=())),
    )
    assert (ledger.sent, ledger.answered, ledger.failed) == (5, 4, 1)
    assert ledger.by_kind == {
        "head": {"302": 1},
        "unknown_code": {"404": 1},
        "visit": {"302": 1, "302 + cookie": 1, "timeout": 1},
    }
    assert ledger.outcomes == {"302": 2, "302 + cookie": 1, "404": 1, "timeout": 1}
    assert ledger.errors == {"timeout": 1}
    assert ledger.unexpected == {}
    assert ledger.rate == 2.5


@pytest.mark.parametrize(
    ("set_cookies", "outcome"),
    [
        ((COOKIE,), "302 + cookie"),
        (("__Host-cr-shop=v1.k1.A; Secure",), "302 + cookie"),
        (("lb=7", "__Secure-cr-shop=v1.k1.A"), "302 + cookie"),
        (("lb=7; Path=/",), "302"),
        ((), "302"),
    ],
)
def test_only_our_cookie_makes_a_click_certain(set_cookies: tuple[str, ...], outcome: str) -> None:
    assert answer(set_cookies=set_cookies).outcome == outcome


@pytest.mark.parametrize(
    ("expected", "status", "sets_click_cookie", "fits"),
    [
        ("click", 302, True, True),
        ("click", 302, False, True),
        ("click", 404, False, False),
        ("click", None, False, False),
        ("redirect", 302, False, True),
        ("redirect", 302, True, False),
        ("rejected", 404, False, True),
        ("rejected", 302, True, False),
        ("ahead", 503, False, True),
        ("not_found", 404, False, True),
        ("not_allowed", 405, False, True),
        ("click_or_bad", 400, False, True),
        ("click_or_bad", 500, False, False),
    ],
)
def test_an_answer_fits_its_request_or_not(
    expected: Expected, status: int | None, *, sets_click_cookie: bool, fits: bool
) -> None:
    came = answer(status=status, set_cookies=(COOKIE,) if sets_click_cookie else (), error=None if status else "closed")
    assert is_expected(planned(expected=expected), came) == fits


def test_what_does_not_fit_is_counted_apart_and_failures_are_not() -> None:
    ledger = tallied((planned(), answer(status=404, set_cookies=())), (planned(), answer(status=None, error="refused")))
    assert ledger.unexpected == {"visit": {"404": 1}}


def test_percentiles_are_values_that_were_measured() -> None:
    assert latency(array("d", range(1, 201))) == Latency(100, 180, 198, 200)
    assert latency(array("d", [7.0])) == Latency(7, 7, 7, 7)
    assert latency(array("d")) == Latency()


def test_failures_have_no_latency() -> None:
    ledger = tallied((planned(), answer(status=None, error="timeout", ms=10_000.0)), (planned(), answer(ms=2.0)))
    assert ledger.latency_ms.max == 2.0


def test_a_rate_is_held_when_hardly_anything_was_late() -> None:
    in_time, late = (planned(), answer()), (planned(), answer(late_ms=150.0))
    assert tallied(*[in_time] * 99, late).held
    assert not tallied(*[in_time] * 98, late, late).held
    assert tallied(late, rate=None).held


def test_nothing_sent_makes_an_empty_ledger() -> None:
    ledger = tallied()
    assert (ledger.sent, ledger.rate, ledger.by_kind, ledger.held) == (0, 0.0, {}, True)


def test_an_entry_says_what_became_of_one_request() -> None:
    entry = make_entry(planned(id=7), answer(ms=1.23456))
    assert (entry.id, entry.kind, entry.code, entry.path) == (7, "visit", "demo", "/ref/demo")
    assert (entry.status, entry.location, entry.set_cookie, entry.ms, entry.error) == (302, SHOES, True, 1.235, None)
