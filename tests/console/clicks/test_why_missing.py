"""Why a click is not there."""

from datetime import timedelta

import pytest

from console.clicks.why_missing import DEAD, ELSEWHERE, MALFORMED, explain_erased, explain_missing, read_id
from tests.console.builders import NOW, ulid_at


@pytest.mark.parametrize(
    "asked", ["", "nonsense", "01KAT301V8C3Q9GZ2F5B7N4M6", "01KAT301V8C3Q9GZ2F5B7N4M6PX", "<script>"]
)
def test_what_is_no_id_is_told_so(asked: str) -> None:
    assert explain_missing(asked, NOW).causes == MALFORMED


def test_an_id_of_the_future_was_never_made() -> None:
    assert "in the future" in explain_missing(ulid_at(NOW + timedelta(days=3)), NOW).summary


def test_a_click_of_just_now_may_be_on_its_way() -> None:
    missing = explain_missing(ulid_at(NOW - timedelta(seconds=2)), NOW)

    assert missing.summary.endswith("2 s ago.")
    assert "on its way" in missing.causes[0]


def test_a_click_of_yesterday_may_be_a_dead_letter() -> None:
    assert explain_missing(ulid_at(NOW - timedelta(days=1)), NOW).causes[0] == DEAD


def test_a_click_of_long_ago_may_be_gone() -> None:
    assert explain_missing(ulid_at(NOW - timedelta(days=100)), NOW).causes[1:] == (ELSEWHERE,)


def test_an_id_of_after_the_year_9999_is_no_reason_to_fail() -> None:
    assert explain_missing("7" + "Z" * 25, NOW).causes == (ELSEWHERE,)


@pytest.mark.parametrize(
    "pasted",
    [
        "01KAT301V8C3Q9GZ2F5B7N4M6P",
        "01kat301v8c3q9gz2f5b7n4m6p",
        " 01KAT301V8C3Q9GZ2F5B7N4M6P\n",
        "01KAT301V8C3Q9GZ2F5B7N4M6P.t1ABCDEFGHJKMNPQRS",
        "01kat301v8c3q9gz2f5b7n4m6p.t1abcdefghjkmnpqrs",
        "01KAT301V8C3Q9GZ2F5B7N4M6P.t1ABC",
        "O1KAT3O1V8C3Q9GZ2F5B7N4M6P",
    ],
)
def test_an_id_is_read_out_of_whatever_somebody_has_pasted(pasted: str) -> None:
    assert read_id(pasted) == "01KAT301V8C3Q9GZ2F5B7N4M6P"


@pytest.mark.parametrize("pasted", ["", "nonsense", "01KAT301V8C3Q9GZ2F5B7N4M6PX", "8" + "0" * 25, "7" + "Z" * 25])
def test_what_can_be_nobodys_id_is_not_looked_for(pasted: str) -> None:
    assert read_id(pasted) is None


def test_a_small_letter_is_no_reason_to_be_called_malformed() -> None:
    missing = explain_missing(ulid_at(NOW - timedelta(days=1)).lower(), NOW)

    assert missing.causes[0] == DEAD


def test_an_erased_click_says_when_and_what_that_means() -> None:
    missing = explain_erased(ulid_at(NOW), NOW)

    assert missing.is_erased
    assert missing.summary == "It was erased on 2026-11-24 09:30:12.500 UTC."
    assert "still in every count" in missing.causes[0]
