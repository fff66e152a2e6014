import pytest

from referrals.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Found
from referrals.explain import Asked, explain, read_asked
from tests.referrals.builders import TARGET, affiliate, code, program

ASKED = Asked("abc123", None)
HTTPS = "https://go.shop.example"


def found(**programs: object) -> Found:
    return Found(code(), affiliate(), program(**programs), "postgres")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("abc123", Asked("abc123", None)),
        ("https://go.shop.example/ref/abc123", Asked("abc123", "https://go.shop.example")),
        ("http://localhost:8080/ref/abc123?sub1=x#y", Asked("abc123", "http://localhost:8080")),
        ("https://go.shop.example/ref/abc%31", Asked("abc1", "https://go.shop.example")),
        ("https://go.shop.example/ref/abc123/", Asked("/ref/abc123/", "https://go.shop.example")),
        ("https://go.shop.example/abc123", Asked("/abc123", "https://go.shop.example")),
        ("https://[/ref/abc123", Asked("https://[/ref/abc123", None)),
    ],
)
def test_a_code_is_read_from_whatever_people_paste(text: str, asked: Asked) -> None:
    assert read_asked(text) == asked


def test_an_active_code_gives_a_click_and_says_whose() -> None:
    explained = explain(ASKED, found(), HTTPS)
    assert (explained.answer, explained.location, explained.counted, explained.sets_cookie, explained.https) == (
        "302",
        TARGET,
        True,
        True,
        True,
    )
    assert explained.why == ["Code, affiliate ann and program shop are active.", "The target is the program's."]


def test_a_code_with_a_target_of_its_own_says_so() -> None:
    own = Found(code(target_url="https://shop.example/own"), affiliate(), program(), "postgres")
    explained = explain(ASKED, own, HTTPS)
    assert (explained.location, explained.why[1]) == ("https://shop.example/own", "The target is the code's.")


@pytest.mark.parametrize(
    ("paused", "number"),
    [
        (Found(code(status="paused"), affiliate(), program(), "postgres"), "R201"),
        (Found(code(), affiliate(status="paused"), program(), "postgres"), "R202"),
        (Found(code(), affiliate(), program(status="paused"), "postgres"), "R203"),
    ],
)
def test_whatever_is_paused_gives_the_fallback_and_its_number(paused: Found, number: str) -> None:
    explained = explain(ASKED, paused, HTTPS)
    assert (explained.location, explained.counted, explained.sets_cookie) == (TARGET, False, False)
    assert explained.why[0].startswith(number)
    assert explained.why[1] == "The visitor goes to the program's target: it has no fallback."


def test_a_program_with_a_fallback_says_that_it_goes_there() -> None:
    explained = explain(ASKED, found(status="paused", fallback_url="https://shop.example/over"), HTTPS)
    assert explained.location == "https://shop.example/over"
    assert explained.why[1] == "The visitor goes to the program's fallback."


def test_a_program_without_cookies_says_why() -> None:
    explained = explain(ASKED, found(privacy="anonymous"), HTTPS)
    assert explained.sets_cookie is False
    assert "No cookie: the program's privacy policy is anonymous." in explained.why


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"token_parameter": "cid"}, "The click token is added as cid, where the target has no macro for it."),
        (
            {"pass_query": "listed", "pass_names": ("gclid", "a")},
            "The visitor's parameters that are listed go on to the target: gclid, a.",
        ),
        (
            {"pass_query": "listed"},
            "The visitor's parameters that are listed go on to the target: none is listed.",
        ),
        (
            {"pass_query": "all"},
            "The visitor's parameters go on to the target; sub1 to sub5 and external_id where listed.",
        ),
        (
            {"deep_link_hosts": ("shop.example",), "token_parameter": "cid"},
            "A visitor may choose a page of shop.example by ?url=.",
        ),
        ({"cookie_policy": "first"}, "A visitor who has a valid cookie keeps it: the first click counts."),
    ],
)
def test_a_setting_that_is_not_the_usual_one_is_told(setting: dict[str, object], said: str) -> None:
    assert said in explain(ASKED, found(**setting), HTTPS).why


@pytest.mark.parametrize(
    ("setting", "warning"),
    [
        (
            {"target_url": "https://e.com/?c={clickid}"},
            "The target has {clickid} in it, which is no macro: it is sent as it stands.",
        ),
        (
            {"target_url": "https://e.com/?ClickID=", "token_parameter": "clickid"},
            "No click token is added: the target names clickid itself.",
        ),
        (
            {"deep_link_hosts": ("shop.example",)},
            "A page that a visitor chooses gets no click token: the program has no token_parameter.",
        ),
    ],
)
def test_a_setting_that_may_not_do_what_was_meant_is_warned_of(setting: dict[str, object], warning: str) -> None:
    assert explain(ASKED, found(**setting), HTTPS).why[-1] == warning
    assert warning not in explain(ASKED, found(**setting, status="paused"), HTTPS).why


def test_a_target_that_carries_the_token_by_itself_is_not_warned_of() -> None:
    named = found(target_url="https://e.com/?clickid={click_token}", token_parameter="clickid")
    assert not any(line.startswith("No click token") for line in explain(ASKED, named, HTTPS).why)


@pytest.mark.parametrize(("asked", "number"), [("abc123", "R102"), ("a b", "R101"), ("", "R101")])
def test_a_code_that_is_none_says_which_kind_of_none(asked: str, number: str) -> None:
    explained = explain(Asked(asked, None), UNKNOWN_IN_POSTGRES, HTTPS)
    assert (explained.counted, explained.why[0][:4]) == (False, number)


def test_an_answer_that_could_not_be_had_is_no_no() -> None:
    assert explain(ASKED, UNAVAILABLE, HTTPS).why[0].startswith("R501")


@pytest.mark.parametrize(
    ("origin", "public_url", "https"),
    [(None, None, None), (None, "http://x", False), ("https://x", None, True), ("https://x", "http://x", False)],
)
def test_https_is_decided_by_the_public_url_and_else_by_the_link(
    origin: str | None, public_url: str | None, *, https: bool | None
) -> None:
    assert explain(Asked("abc123", origin), found(), public_url).https is https


def test_a_link_to_another_host_than_the_public_one_is_warned_of() -> None:
    explained = explain(Asked("abc123", "https://old.example"), found(), HTTPS)
    warning = "The link leads to https://old.example, and visitors reach ingest at https://go.shop.example."
    assert explained.why[-1] == warning


@pytest.mark.parametrize(
    ("domain", "warned"),
    [("shop.example", False), ("go.shop.example", False), ("op.example", True), ("other.example", True)],
)
def test_a_cookie_domain_that_browsers_would_refuse_is_warned_of(domain: str, *, warned: bool) -> None:
    explained = explain(ASKED, found(cookie_domain=domain), HTTPS)
    assert any(line.startswith("Browsers refuse the cookie") for line in explained.why) is warned
