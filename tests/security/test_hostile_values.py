"""Items 6 to 10: what hostile values become, from the wire to the row, and that no log is fooled by them."""

import json
import time

import asyncpg
import pytest

from enricher.steps.agent import load_agent_reader
from enricher.steps.device import LABEL_CAP
from schemas.fields import USER_AGENT_CAP
from tests.security.aftermath import Aftermath

pytestmark = [pytest.mark.servers, pytest.mark.processes]

PARSED_S = 0.01


def row_of(aftermath: Aftermath, name: str) -> asyncpg.Record:
    """Give the one row of a hostile request that was answered with a redirect."""
    (row,) = aftermath.rows[name]
    assert aftermath.answers[name].status == 302
    return row


def test_item_06_a_user_agent_that_is_no_text_is_one_row_of_replacement_characters(aftermath: Aftermath) -> None:
    assert row_of(aftermath, "no_text")["user_agent"] == "\ufffd\ufffd"


def test_item_07_a_nul_in_a_parameter_is_removed_and_the_click_is_one_row(aftermath: Aftermath) -> None:
    row = row_of(aftermath, "nul")
    assert (row["sub1"], row["query"]) == ("xy", "external_id=nul&sub=x%00y&sub1=x%00y")


def test_item_08_a_number_too_long_to_be_one_is_read_as_text_and_the_click_is_one_row(aftermath: Aftermath) -> None:
    row = row_of(aftermath, "digits")
    assert row["user_agent"] == "BlackBerry" + "9" * (USER_AGENT_CAP - 10)
    assert (row["device_browser"], row["device_browser_version"]) == ("BlackBerry", "9" * LABEL_CAP)


def test_item_09_a_long_user_agent_is_cut_and_the_cut_is_told(aftermath: Aftermath) -> None:
    row = row_of(aftermath, "long")
    assert (row["user_agent"], row["truncated"]) == ("B" * USER_AGENT_CAP, ["user_agent"])


def test_item_09_a_longer_one_is_refused_unread(aftermath: Aftermath) -> None:
    assert aftermath.answers["longer"].status == 431
    assert "longer" not in aftermath.rows


@pytest.mark.parametrize(
    "text", ["B" * 8_100, "BlackBerry" + "9" * 4_301, "Mozilla/5.0 (" + "; " * 4_000, "a/1 " * 2_000]
)
def test_item_09_a_long_user_agent_is_read_soon(text: str) -> None:
    # The least of several: a machine that has much to do needs longer for the same work.
    assert min(measure_reading(text) for _ in range(3)) < 3 * PARSED_S


def measure_reading(text: str) -> float:
    """Return the processor seconds in which a reader that has not kept the answer reads a user agent."""
    read_agent = load_agent_reader()
    read_agent("to load the rules", None)
    began = time.thread_time()
    read_agent(text, None)
    return time.thread_time() - began


def test_item_10_every_line_of_every_log_is_one_json_object_and_none_is_forged(aftermath: Aftermath) -> None:
    assert aftermath.logs["ingest"]
    for log in aftermath.logs.values():
        assert "\u202e" not in log
        for line in log.splitlines():
            assert json.loads(line)["event"]
            assert "FAKE" not in line


def test_item_10_what_turns_text_around_is_kept_as_the_text_it_is(aftermath: Aftermath) -> None:
    turned, quotes = row_of(aftermath, "turned"), row_of(aftermath, "quotes")
    assert (turned["user_agent"], turned["sub1"]) == ("\u202e\ufeffFAKE", "\u202e\ufeffFAKE")
    assert (quotes["user_agent"], quotes["cookie_state"]) == ('a" 200 1 "x', "malformed")
