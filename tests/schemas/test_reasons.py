"""Why a request was refused."""

import re

import pytest

from schemas.reasons import PAUSED_AFFILIATE, PAUSED_CODE, PAUSED_PROGRAM, REASONS, UNKNOWN_CODE, Reason, advise


@pytest.mark.parametrize(
    ("reason", "command"),
    [
        (UNKNOWN_CODE, "`clickrail code check spring-26`"),
        (PAUSED_CODE, "`clickrail code resume spring-26`"),
        (PAUSED_AFFILIATE, "`clickrail affiliate resume ann`"),
        (PAUSED_PROGRAM, "`clickrail program resume shop`"),
    ],
)
def test_a_remedy_names_what_it_is_about(reason: Reason, command: str) -> None:
    assert command in advise(reason, code="spring-26", affiliate_id="ann", program_id="shop")


def test_no_remedy_is_left_with_a_placeholder_where_everything_is_known() -> None:
    advice = [advise(reason, code="c", affiliate_id="a", program_id="p") for reason in REASONS.values()]

    assert [text for text in advice if re.search(r"\b(CODE|AFFILIATE_ID|PROGRAM_ID|ID)\b", text)] == []


@pytest.mark.parametrize("code", [None, "", "a b", "$(reboot)", "`x`", "a\n", "x" * 65])
def test_what_is_no_code_gets_into_no_command(code: str | None) -> None:
    assert advise(PAUSED_CODE, code=code) == PAUSED_CODE.remedy


def test_a_code_that_would_be_taken_for_an_option_is_not() -> None:
    assert "`clickrail code resume -- --help`" in advise(PAUSED_CODE, code="--help")
