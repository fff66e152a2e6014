"""What a visit of a link would get: as the redirect itself answers it."""

import re
from typing import Any

import pytest

from ingest.preview import Preview, preview_visit
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Answer
from schemas.reasons import (
    ARCHIVED_CODE,
    MALFORMED_CODE,
    PAUSED_PROGRAM,
    STORES_AWAY,
    UNKNOWN_CODE,
)
from tests.identity.builders import CLICK_ID
from tests.ingest.builders import FALLBACK, SHOES, found, keys
from tests.ingest.serving import serving
from tests.ingest.wire import ask
from urls.links import match_code, read_link

TOKEN = re.compile(r"[0-9A-Z]{26}\.[0-9A-Za-z]{18}")
CLICK = re.compile(r"01[0-9A-Z]{24}")
SITE_FALLBACK = "https://shop.example/nowhere"


def preview(link: str, answer: Answer, fallback_url: str | None = None) -> Preview:
    return preview_visit(read_link(link), answer, keys(), CLICK_ID, fallback_url)


def test_an_active_code_leads_to_its_target_with_a_cookie() -> None:
    assert preview("abc123", found()) == Preview(status=302, location=SHOES, sets_cookie=True, source="program")


def test_macros_and_the_token_parameter_are_filled_in() -> None:
    target = "https://e.com/{code}/{sub1}?c={click_id}"
    named = found(target_url=target, token_parameter="t", pass_query="all")
    plain = found(token_parameter="clickid", pass_query="all")

    assert preview("/ref/abc123?sub1=a+b&x=1", named).location == "https://e.com/abc123/a%20b?c=CLICK&x=1"
    assert preview("abc123?x=1", plain).location == f"{SHOES}?clickid=TOKEN&x=1"


def test_whose_target_it_is_is_told() -> None:
    own = found(of_code={"target_url": "https://own.example/"}, deep_link_hosts=("shop.example",))
    told = [preview(f"abc123{query}", own).source for query in ("", "?url=https://shop.example/red", "?url=x")]

    assert told == ["code", "visitor", "code"]


@pytest.mark.parametrize(
    ("link", "answer", "fallback_url", "expected"),
    [
        ("abc/d", UNKNOWN_IN_POSTGRES, None, Preview(status=404)),
        ("/ref/a%2Fb", UNKNOWN_IN_POSTGRES, None, Preview(status=404, reason=MALFORMED_CODE)),
        ("nope", UNKNOWN_IN_POSTGRES, None, Preview(status=404, reason=UNKNOWN_CODE)),
        (
            "nope",
            UNKNOWN_IN_POSTGRES,
            SITE_FALLBACK,
            Preview(status=302, location=SITE_FALLBACK, reason=UNKNOWN_CODE),
        ),
        ("abc123", UNAVAILABLE, None, Preview(status=503, reason=STORES_AWAY)),
        (
            "abc123",
            found(status="paused", fallback_url=FALLBACK),
            SITE_FALLBACK,
            Preview(status=302, location=FALLBACK, reason=PAUSED_PROGRAM),
        ),
        (
            "abc123",
            found(of_code={"status": "archived"}),
            None,
            Preview(status=302, location=SHOES, reason=ARCHIVED_CODE),
        ),
    ],
)
def test_what_makes_no_click_says_why(link: str, answer: Answer, fallback_url: str | None, expected: Preview) -> None:
    assert preview(link, answer, fallback_url) == expected
    assert not expected.makes_click


def test_a_program_without_cookies_sets_none() -> None:
    assert not preview("abc123", found(privacy="anonymous")).sets_cookie


LINKS = [
    "/ref/abc123",
    "/ref/abc123/",
    "/ref/abc123//",
    "/ref/abc12%33",
    "/%72ef/abc123",
    "/ref/abc123%2F",
    "/ref/abc%201",
    "/ref/",
    "/ref",
    "/abc123",
    "/ref/nope",
    "/ref/away",
    "/ref/abc123?sub1=a%20b&x=1&T=forged",
    "/ref/abc123?url=https%3A%2F%2Fshop.example%2Fred%3Fx%3D1%23y",
    "/ref/abc123?url=https://evil.example/",
    "/ref/abc123?x=1#y",
]
PROGRAMS: list[dict[str, Any]] = [
    {},
    {"target_url": "https://e.com/{code}?c={click_id}&t={click_token}&s={sub1}"},
    {"token_parameter": "t", "pass_query": "all", "deep_link_hosts": ("shop.example",)},
    {"of_code": {"target_url": "https://own.example/"}, "cookie_domain": "shop.example"},
    {"status": "paused", "fallback_url": FALLBACK, "pass_query": "all"},
    {"of_affiliate": {"status": "archived"}},
    {"privacy": "no_cookie"},
]


@pytest.mark.parametrize("of_program", PROGRAMS, ids=range(len(PROGRAMS)))
@pytest.mark.parametrize("fallback_url", [None, SITE_FALLBACK])
async def test_it_is_what_the_redirect_answers(of_program: dict[str, Any], fallback_url: str | None) -> None:
    answers: dict[str, Answer] = {"abc123": found(**of_program), "away": UNAVAILABLE}
    seen, told = [], []
    async with serving(answers, fallback_url=fallback_url) as served:
        for link in LINKS:
            got = await ask(served.port, link)
            location = got.location and CLICK.sub("CLICK", TOKEN.sub("TOKEN", got.location))
            seen.append((link, got.status, location, got.cookie is not None))
            visited = read_link(link)
            answer = answers.get(match_code(visited.path) or "", UNKNOWN_IN_POSTGRES)
            wanted = preview_visit(visited, answer, keys(), CLICK_ID, fallback_url)
            told.append((link, wanted.status, wanted.location, wanted.sets_cookie))

    assert told == seen
