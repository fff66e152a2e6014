from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.bots import PEOPLE
from enricher.steps.bots import list_rules
from schemas import Bot
from tests.enricher.agents.examples import KindExample, read_kinds
from tests.enricher.builders import IPHONE, lookups
from tests.examples import examples

FOLDER = Path(__file__).parent
KNOWN_TO_PASS = {"Instagram 406", "MetaIAB Facebook", "Fluid/0.9.6", "Code/1.", "Trae/1."}
"""Examples of the list that people use."""
ANDROID = "Mozilla/5.0 (Linux; Android 15; {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Mobile Safari/537.36"


def lines(name: str) -> list[list[str]]:
    text = (FOLDER / name).read_text()
    return [line.split(" | ") for line in text.splitlines() if not line.startswith("#")]


def read(user_agent: str | None) -> Bot:
    bot = lookups().read_agent(user_agent, None).bot
    assert bot.is_bot == bool(bot.reasons) == (bot.kind == "bot")
    return bot


@pytest.mark.parametrize("user_agent", [line[-1] for line in lines("people.txt")])
def test_the_browsers_and_apps_of_people_are_no_bots(user_agent: str) -> None:
    assert read(user_agent).kind == "person"


@pytest.mark.parametrize(("reason", "user_agent"), lines("machines.txt"))
def test_a_machine_is_one_for_the_reason_that_says_most(reason: str, user_agent: str) -> None:
    assert read(user_agent).reasons == [reason]


@pytest.mark.parametrize("example", read_kinds("kinds.txt"), ids=lambda example: example.group)
def test_people_bots_and_app_fetches_are_told_apart(example: KindExample) -> None:
    assert read(example.user_agent).kind == example.kind


def test_examples_that_were_held_out_are_told_apart_too() -> None:
    assert [row for row in read_kinds("held_out.txt") if read(row.user_agent).kind != row.kind] == []


@pytest.mark.parametrize("nothing", [None, "", "  \t"])
def test_a_request_without_a_user_agent_is_a_machines(nothing: str | None) -> None:
    assert read(nothing).reasons == ["no_user_agent"]


@pytest.mark.parametrize("model", ["CPH2557 Build/AP3A.240617.008", "Odin; wv", "XBot_Senior", "Googlebot 5"])
def test_the_name_of_a_telephone_makes_no_bot_of_it(model: str) -> None:
    assert read(ANDROID.format(model)).kind == "person"


@pytest.mark.parametrize(
    "declared",
    [
        "Pixel 8; compatible; AcmeBot/2.1; +https://acme.example/bot",
        "Pixel 8) AppleWebKit/537.36 (compatible; AcmeBot/2.1",
        "AcmeBot/2.1",
        "Pixel 8; +https://acme.example/",
    ],
)
def test_a_bot_declares_itself_beside_the_telephone_it_plays(declared: str) -> None:
    assert read(ANDROID.format(declared)).kind == "bot"


def test_the_rules_that_classified_a_click_are_named_on_it() -> None:
    label = read("curl/8").rules

    assert read(IPHONE) == Bot(is_bot=False, reasons=[], rules=label, kind="person")
    assert (label or "").startswith("crawler-user-agents 1.")


def test_what_is_taken_away_from_the_list_is_still_in_it() -> None:
    assert {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA} >= PEOPLE
    assert len(list_rules()) > len(CRAWLER_USER_AGENTS_DATA) - len(PEOPLE)


def test_every_example_of_the_list_is_found_but_for_those_that_are_people() -> None:
    passed = [user for entry in CRAWLER_USER_AGENTS_DATA for user in entry["instances"] if not read(user).is_bot]

    assert [user for user in passed if not any(known in user for known in KNOWN_TO_PASS)] == []


WORDS = st.from_regex(r"[A-Z][a-z]{2,9}( ?[A-Z0-9][a-z0-9]{0,6})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)
SYSTEMS = st.sampled_from(
    [
        "iPhone; CPU iPhone OS 17_5 like Mac OS X",
        "Linux; Android 14; {} Build/UP1A.231005.007; wv",
        "Linux; U; Android 9; en-us; {} Build/PKQ1.180904.001",
        "Linux; Android 13; {}",
    ]
)


@examples(300)
@given(
    SYSTEMS,
    WORDS,
    WORDS,
    VERSIONS,
    st.sampled_from(["{}/{}", "({} ios@{})", "{}/{} (https://acme.example/app)", "[{}/{}]"]),
)
def test_a_web_view_with_any_mark_on_any_telephone_is_a_person(
    system: str, model: str, app: str, version: str, mark: str
) -> None:
    agent = f"Mozilla/5.0 ({system.format(model + ' bot 5')}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "

    assert read(agent + mark.format(app.replace(" ", ""), version)).kind == "person"


@examples(300)
@given(SYSTEMS, WORDS, VERSIONS, st.sampled_from(["bot", "Bot", "spider", "-crawler", "_bot"]))
def test_a_declared_bot_is_one_on_any_telephone(system: str, name: str, version: str, ending: str) -> None:
    agent = f"Mozilla/5.0 ({system.format('Pixel 8')}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "

    assert read(f"{agent}(compatible; {name}{ending}/{version}; +https://acme.example/)").kind == "bot"
    assert read(f"{name.replace(' ', '')}{ending}/{version}").kind == "bot"


@examples(300)
@given(st.text(max_size=3000))
def test_no_text_raises(user_agent: str) -> None:
    assert read(user_agent).kind in ("person", "bot", "app_fetch")
