"""Signals in a request."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from identity.probe_link import make_test_proof
from ingest.pipeline import prepare_keys
from ingest.request.signals import (
    has_dnt,
    has_gpc,
    is_prefetch,
    is_test,
    read_requested_code,
    read_test_proof,
)
from schemas.fields import ASKED_CAP
from tests.identity.builders import NOW_S
from tests.ingest.builders import MODEST, foreign_ring, headers, keys


@MODEST
@given(st.text(st.characters(codec=None), max_size=200))
@example("\ud800\udcff\0")
def test_whatever_was_asked_is_told_in_text_that_can_be_stored(asked: str) -> None:
    told = read_requested_code(f"/ref/{asked}")
    told.encode()
    assert len(told) <= ASKED_CAP
    assert "\0" not in told


def test_what_was_asked_is_told_as_it_is_matched() -> None:
    assert [read_requested_code(path) for path in ("/ref/ab%63", "/%72ef/a%2Fb", "/ref/")] == ["abc", "a%2Fb", ""]


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
@pytest.mark.parametrize(
    "value",
    [
        "prefetch",
        "Prefetch",
        "prefetch;prerender",
        "prefetch;anonymous-client-ip",
        "prerender",
        "preview",
        ": preview",
        "preload",
        "link-preload",
    ],
)
def test_a_browser_that_asks_ahead_of_its_visitor_is_recognised(name: str, value: str) -> None:
    assert is_prefetch(headers({name: value}))


def test_it_is_recognised_by_whatever_header_and_line_says_so() -> None:
    assert is_prefetch(headers({"Sec-Purpose": "navigate", "X-Moz": "prefetch"}))
    assert is_prefetch(CIMultiDictProxy(CIMultiDict([("Purpose", ""), ("purpose", "prefetch")])))


@pytest.mark.parametrize(
    "fields",
    [{}, {"Sec-Purpose": ""}, {"Purpose": "navigate"}, {"Sec-Fetch-Mode": "navigate"}, {"X-Purpose": "preface"}],
)
def test_a_visitor_who_really_goes_is_not_taken_for_a_prefetch(fields: dict[str, str]) -> None:
    assert not is_prefetch(headers(fields))


@pytest.mark.parametrize(
    ("value", "on"),
    [
        ("1", True),
        (" 1", True),
        ("1, 1", True),
        ("0,1", True),
        ("0", False),
        ("true", False),
        ("", False),
        ("11", False),
    ],
)
def test_the_signals_of_privacy_are_on_at_1_and_nothing_else(*, value: str, on: bool) -> None:
    assert (has_gpc(headers({"Sec-GPC": value})), has_dnt(headers({"DNT": value}))) == (on, on)


def test_a_signal_of_privacy_counts_in_any_line() -> None:
    lines = CIMultiDictProxy(CIMultiDict([("DNT", "0"), ("DNT", "1"), ("Sec-GPC", "0"), ("sec-gpc", "1")]))
    assert (has_gpc(lines), has_dnt(lines)) == (True, True)


def test_without_signals_nothing_is_asked_for() -> None:
    assert (has_gpc(headers()), has_dnt(headers())) == (False, False)


@pytest.mark.parametrize(
    ("query", "proof"),
    [
        ("", None),
        ("sub1=a&utm_source=b", None),
        ("cr_test=abc", "abc"),
        ("sub1=a&cr_test=abc&sub2=b", "abc"),
        ("sub1=a&amp;cr_test=abc&amp;sub2=b", "abc"),
        ("cr_test=first&cr_test=second", "first"),
        ("cr_test=", ""),
        ("cr_test", None),
        ("CR_TEST=abc", None),
        ("xcr_test=abc", None),
        ("sub1=cr_test=abc", None),
        ("xcr_test=abc&cr_test=a%20b=c", "a%20b=c"),
    ],
)
def test_the_proof_of_a_test_is_the_first_of_its_name_as_it_stands(query: str, proof: str | None) -> None:
    assert read_test_proof(query) == proof


def test_a_signed_link_makes_a_test_of_a_visit_of_its_code_until_it_expires() -> None:
    token_keys = keys().token
    query = f"sub1=a&cr_test={make_test_proof(token_keys, 'abc123', NOW_S)}"

    assert is_test(token_keys, "abc123", query, NOW_S - 1)
    assert not is_test(token_keys, "abc123", query, NOW_S)
    assert not is_test(token_keys, "other", query, NOW_S - 1)
    assert not is_test(prepare_keys(foreign_ring()).token, "abc123", query, NOW_S - 1)


@MODEST
@given(st.text(st.characters(codec=None), max_size=200) | st.text("cr_test=&k70AZ", max_size=60))
@example("cr_test=\udcff")
@example("cr_test=" + "\udcff" * 25)
def test_nobody_without_a_key_makes_a_test_of_a_visit(query: str) -> None:
    for text in (query, f"cr_test={query}"):
        assert not is_test(keys().token, "abc123", text, 0)
