from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.bots import PEOPLE
from enricher.steps.bots import rules
from schemas import Bot
from tests.enricher.builders import IPHONE, lookups
from tests.examples import examples

FOLDER = Path(__file__).parent
KNOWN_TO_PASS = {"Twitter for iPhone BrandVerity", "Fluid/0.9.6", "Instagram 406", "MetaIAB Facebook"}


def lines(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text()
    return [line.split(" | ") for line in text.splitlines() if not line.startswith("#")]


def reasons(user_agent: str | None) -> list[str]:
    bot = lookups().read_bot(user_agent)
    assert bot.is_bot == bool(bot.reasons)
    return bot.reasons


@pytest.mark.parametrize("user_agent", [line[-1] for line in lines("people.txt")])
def test_the_browsers_and_apps_of_people_are_no_bots(user_agent: str) -> None:
    assert reasons(user_agent) == []


@pytest.mark.parametrize(("reason", "user_agent"), lines("machines.txt"))
def test_a_machine_is_one_for_the_reason_that_says_most(reason: str, user_agent: str) -> None:
    assert reasons(user_agent) == [reason]


@pytest.mark.parametrize("nothing", [None, "", "  \t"])
def test_a_request_without_a_user_agent_is_a_machines(nothing: str | None) -> None:
    assert reasons(nothing) == ["no_user_agent"]


def test_the_build_number_of_a_telephone_makes_no_bot_of_it() -> None:
    chrome = (
        "Mozilla/5.0 (Linux; Android 15; {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Mobile Safari/537.36"
    )

    assert reasons(chrome.format("CPH2557 Build/AP3A.240617.008")) == []
    assert reasons(chrome.format("Odin; wv")) == []


def test_the_rules_that_classified_a_click_are_named_on_it() -> None:
    assert lookups().read_bot(IPHONE) == Bot(is_bot=False, reasons=[], rules=lookups().read_bot("curl/8").rules)
    assert (lookups().read_bot(IPHONE).rules or "").startswith("crawler-user-agents 1.")


def test_what_is_taken_away_from_the_list_is_still_in_it() -> None:
    assert {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA} >= PEOPLE
    assert len(rules()) > len(CRAWLER_USER_AGENTS_DATA)


def test_every_example_of_the_list_is_found_but_for_those_that_are_people() -> None:
    passed = [user for entry in CRAWLER_USER_AGENTS_DATA for user in entry["instances"] if not reasons(user)]
    unknown = [user for user in passed if not any(known in user for known in KNOWN_TO_PASS)]
    assert unknown == []


@examples(300)
@given(st.text(max_size=3000))
def test_no_text_raises(user_agent: str) -> None:
    assert isinstance(reasons(user_agent), list)
