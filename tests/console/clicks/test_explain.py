"""One click, explained."""

from datetime import timedelta

import pytest

from console.clicks.explain import explain
from console.clicks.lines import make_rejection_line
from schemas import Bot, Geo, KeyIds, Privacy, Referrer
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, handled, rejected_click


def sentence(subject: str, *decisions: object) -> str:
    (found,) = [decision.sentence for decision in decisions if decision.subject == subject]
    return found


def test_an_ordinary_click_has_nothing_to_look_at() -> None:
    decisions = explain(StoredClick(enriched_click(), NOW, NOW + timedelta(milliseconds=890)))

    assert {decision.tone for decision in decisions} == {"accepted"}
    assert sentence("Code", *decisions) == (
        "Active, for aff_lisbon in prg_shoes; answered from the process's own memory."
    )
    assert sentence("Answer", *decisions) == (
        "302 to shop.example, the target of the code or its program, after 38 µs."
    )
    assert sentence("Stored", *decisions) == "In the table 890 ms after the visitor's click."


def test_a_test_is_told_before_anything_else() -> None:
    first, *others = explain(StoredClick(enriched_click(is_test=True), NOW, NOW + timedelta(milliseconds=890)))

    assert (first.subject, first.tone) == ("Test", "test")
    assert first.sentence == "A signed test link was followed: redirected like any click, but counted in no total."
    assert {decision.tone for decision in others} == {"accepted"}


@pytest.mark.parametrize(
    ("query", "location", "chosen"),
    [
        ("url=https%3A%2F%2Fshop.example%2Fred%3Fx%3D1", "https://shop.example/red?x=1&clickid=T", True),
        ("a=1&url=https://shop.example/r%C3%A9d%20shoes", "https://shop.example/r%C3%A9d%20shoes", True),
        ("url=https://evil.example/", "https://shop.example/red", False),
        ("xurl=https://shop.example/red", "https://shop.example/red", False),
        ("sub1=a", "https://own.example/?x#y", False),
    ],
)
def test_where_the_visitor_went_and_who_chose_it_is_told(query: str, location: str, *, chosen: bool) -> None:
    decisions = explain(StoredClick(enriched_click(query=query, target_url=location), NOW))
    host = location.split("/")[2]
    whose = "the page that the visitor chose by ?url=" if chosen else "the target of the code or its program"

    assert sentence("Answer", *decisions) == f"302 to {host}, {whose}, after 38 µs."


@pytest.mark.parametrize(
    ("source", "whose"),
    [
        ("program", "the program's target"),
        ("code", "the code's own target"),
        ("deep_link", "the page that the visitor chose by ?url="),
        ("lottery_2", "a target of an unknown kind (lottery 2)"),
    ],
)
def test_a_click_that_says_whose_target_it_was_is_believed(source: str, whose: str) -> None:
    click = enriched_click(
        target_source=source, query="url=https://shop.example/red", target_url="https://shop.example/red"
    )
    decisions = explain(StoredClick(click, NOW))

    assert sentence("Answer", *decisions) == f"302 to shop.example, {whose}, after 38 µs."


def test_a_limit_a_prefetch_and_what_was_cut_are_told() -> None:
    click = enriched_click(limit="client", prefetch=True, truncated=["query", "referrer"])
    decisions = explain(StoredClick(click, NOW, NOW + timedelta(milliseconds=890)))

    assert sentence("Limit", *decisions).startswith("Over the limit of one address (R301).")
    assert "fetched the link before the visitor clicked" in sentence("Prefetch", *decisions)
    assert sentence("Cut", *decisions) == "Too long, stored only in part: query, referrer."
    assert [one.subject for one in decisions if one.tone != "accepted"] == ["Prefetch", "Limit", "Cut"]


def test_a_forged_cookie_stands_out() -> None:
    decisions = explain(StoredClick(enriched_click(cookie_state="forged"), NOW))

    assert [decision.subject for decision in decisions if decision.tone == "bot"] == ["Cookie"]


def test_what_a_browser_asked_for_and_what_it_got_is_told() -> None:
    private = enriched_click(
        privacy=Privacy(gpc=True, dnt=False, decision="anonymous"),
        ip_hash=None,
        ip_hash_key_id=None,
        handled=handled(key_ids=KeyIds(ip_seal="s1")),
    )
    decisions = explain(StoredClick(private, NOW))

    assert sentence("Privacy", *decisions).startswith("The browser sent GPC; by the program's policy, no cookie")
    assert sentence("Address", *decisions) == "Not kept, not even as a hash."
    assert sentence("Cookie", *decisions).endswith("No new one was set.")


def test_a_bot_a_damaged_database_and_a_missing_row_stand_out() -> None:
    click = enriched_click(
        bot=Bot(is_bot=True, reasons=["http_library"], rules="7"),
        geo=Geo(status="bad_database"),
        referrer=Referrer(url=None, host=None, medium="direct"),
    )
    decisions = explain(StoredClick(click, NOW))

    assert [decision.subject for decision in decisions if decision.tone != "accepted"] == [
        "Place",
        "Automation",
        "Stored",
    ]
    assert sentence("Automation", *decisions) == "Counted among bots: http library (rules 7)."


def test_a_rejection_says_what_it_means_and_what_to_do() -> None:
    meaning, answer, remedy = explain(StoredRejection(rejected_click(), NOW))

    assert meaning.subject == "R102"
    assert "404" in answer.sentence
    assert "`clickrail code check sprin-26`" in remedy.sentence


def test_a_request_that_was_no_visit_is_no_error() -> None:
    trace = StoredRejection(rejected_click(reason="R601", method="HEAD", status=302), NOW)

    assert [(decision.subject, decision.tone) for decision in explain(trace)] == [
        ("R601", "notice"), ("Answer", "notice"), ("What to do", "notice"),
    ]  # fmt: skip
    assert explain(trace)[1].sentence == (
        "The program that asked got 302. No cookie was set, and no click was counted."
    )
    assert make_rejection_line(trace).tone == "notice"


def test_words_of_a_newer_version_are_said_as_they_are() -> None:
    click = enriched_click(
        cookie_state="half_eaten",
        geo=Geo(status="lost_in_space"),
        handled=handled(cache="crystal_ball"),
        privacy=Privacy(gpc=False, dnt=False, decision="secret"),
    )
    sentences = " ".join(decision.sentence for decision in explain(StoredClick(click, NOW)))

    assert "half eaten" in sentences
    assert "lost in space" in sentences


def test_a_reason_of_a_newer_version_has_no_remedy() -> None:
    assert len(explain(StoredRejection(rejected_click(reason="R999"), NOW))) == 2
