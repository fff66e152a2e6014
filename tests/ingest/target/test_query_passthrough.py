"""Which of the visitor's parameters are passed on."""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.request.parameters import SUBS
from ingest.target.query_passthrough import PASSED_CAP, QueryPassthrough, decide_passthrough, pass_parameters, to_bytes
from tests.ingest.builders import MODEST
from urls.queries import MAX_PARAMETERS, parameter_name

ALL = QueryPassthrough(None, frozenset())


@pytest.mark.parametrize(
    ("policy", "names", "passthrough"),
    [
        ("none", ["a"], None),
        ("listed", ["A.b"], QueryPassthrough(frozenset({"a_b"}), frozenset({"url", "cr_test", "ref"}))),
        ("all", [], QueryPassthrough(None, frozenset({"url", "cr_test", "ref", *SUBS}))),
        ("all", ["sub1", "x"], QueryPassthrough(None, frozenset({"url", "cr_test", "ref", *SUBS} - {"sub1"}))),
    ],
)
def test_a_program_decides_what_goes_on(policy: str, names: list[str], passthrough: QueryPassthrough | None) -> None:
    assert decide_passthrough(policy, names, ["ref"]) == passthrough


def test_whole_parameters_go_on_until_they_are_too_long_together() -> None:
    long = f"a={'x' * 1000}"
    assert pass_parameters(f"{long}&{long}&{long}&b=2", ALL) == ([long, long, "b=2"], True)
    assert pass_parameters(f"a={'x' * PASSED_CAP}&b=2", ALL) == (["b=2"], True)
    assert pass_parameters(f"a={'é' * 400}&b=2", ALL) == (["b=2"], True)


def test_of_a_flood_of_parameters_only_the_first_go_on() -> None:
    for count, is_cut in ((MAX_PARAMETERS, False), (MAX_PARAMETERS + 1, True), (5000, True)):
        assert pass_parameters("&".join(["a=1"] * count), ALL) == (["a=1"] * MAX_PARAMETERS, is_cut)


@MODEST
@given(st.text(st.characters(codec=None), max_size=60))
def test_what_goes_on_is_what_was_sent_in_characters_that_a_url_has(query: str) -> None:
    passed = pass_parameters(query, ALL).parameters
    named = [piece for piece in query.split("&") if parameter_name(piece)]
    sent = [unquote_to_bytes(to_bytes(piece)) for piece in named]
    assert all(piece.isascii() and piece.isprintable() and not set(' "#&;<>\\^`{|}') & set(piece) for piece in passed)
    assert list(map(unquote_to_bytes, passed)) == sent


@pytest.mark.parametrize(
    ("text", "data"), [("a", b"a"), ("é", b"\xc3\xa9"), ("\udcff", b"\xff"), ("\ud800\udfff", b"\xef\xbf\xbd" * 2)]
)
def test_text_is_given_back_as_the_bytes_that_were_sent(text: str, data: bytes) -> None:
    assert to_bytes(text) == data
