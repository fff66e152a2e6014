"""Refusals, and the responses that visitors get."""

from typing import Any

import pytest

from ingest.http.response import make_page, redirect_to
from ingest.refusals import Refusal, make_refusal_response, refuse_code, refuse_prefetch, resolve_answer
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES
from schemas.reasons import (
    ARCHIVED_AFFILIATE,
    ARCHIVED_CODE,
    ARCHIVED_PROGRAM,
    MALFORMED_CODE,
    PAUSED_AFFILIATE,
    PAUSED_CODE,
    PAUSED_PROGRAM,
    REFUSED_PREFETCH,
    STORES_AWAY,
    UNKNOWN_CODE,
    Reason,
)
from tests.ingest.builders import FALLBACK, SHOES, found

PAUSED = {"status": "paused"}
ARCHIVED = {"status": "archived"}


def test_an_active_code_is_no_refusal() -> None:
    assert resolve_answer(found(), "", FALLBACK) == found()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"of_code": PAUSED}, PAUSED_CODE),
        ({"of_affiliate": PAUSED}, PAUSED_AFFILIATE),
        (PAUSED, PAUSED_PROGRAM),
        ({"of_code": PAUSED, "of_affiliate": PAUSED, **PAUSED}, PAUSED_CODE),
        ({"of_code": ARCHIVED}, ARCHIVED_CODE),
        ({"of_affiliate": ARCHIVED}, ARCHIVED_AFFILIATE),
        (ARCHIVED, ARCHIVED_PROGRAM),
        ({"of_code": PAUSED, **ARCHIVED}, PAUSED_CODE),
    ],
)
@pytest.mark.parametrize(("fallback_url", "location"), [(FALLBACK, FALLBACK), (None, SHOES)])
def test_what_is_paused_or_archived_leads_to_its_programs_fallback_or_target(
    changes: dict[str, Any], reason: Reason, fallback_url: str | None, location: str
) -> None:
    paused = found(**changes, fallback_url=fallback_url)
    assert resolve_answer(paused, "", "https://nowhere.example/") == Refusal(reason, 302, location, paused)


def test_a_paused_codes_own_target_is_not_its_fallback() -> None:
    paused = found(of_code={"status": "paused", "target_url": "https://own.example/"})
    assert resolve_answer(paused, "", None) == Refusal(PAUSED_CODE, 302, SHOES, paused)


def test_a_paused_code_leads_on_without_click_id_or_token() -> None:
    target = "https://shop.example/?c={click_id}&t={click_token}&a={affiliate_id}&s={sub1}"
    paused = found(target_url=target, **PAUSED)
    assert resolve_answer(paused, "sub1=m%20l", None) == Refusal(
        PAUSED_PROGRAM, 302, "https://shop.example/?c=&t=&a=ann&s=m%20l", paused
    )


@pytest.mark.parametrize("answer", [UNKNOWN_HERE, UNKNOWN_IN_POSTGRES])
def test_an_unknown_code_gets_the_fallback_else_404(answer: Any) -> None:
    assert resolve_answer(answer, "", FALLBACK) == Refusal(UNKNOWN_CODE, 302, FALLBACK)
    assert resolve_answer(answer, "", None) == Refusal(UNKNOWN_CODE, 404)


def test_a_malformed_code_gets_the_fallback_else_404() -> None:
    assert refuse_code(MALFORMED_CODE, FALLBACK) == Refusal(MALFORMED_CODE, 302, FALLBACK)
    assert refuse_code(MALFORMED_CODE, None) == Refusal(MALFORMED_CODE, 404)


def test_while_nobody_knows_the_answer_is_the_fallback_else_503_and_never_404() -> None:
    assert resolve_answer(UNAVAILABLE, "", FALLBACK) == Refusal(STORES_AWAY, 302, FALLBACK)
    assert resolve_answer(UNAVAILABLE, "", None) == Refusal(STORES_AWAY, 503)


def test_a_prefetch_is_asked_to_come_again() -> None:
    assert refuse_prefetch(None) == refuse_prefetch(UNKNOWN_IN_POSTGRES) == Refusal(REFUSED_PREFETCH, 503)
    assert refuse_prefetch(found()) == Refusal(REFUSED_PREFETCH, 503, found=found())
    assert make_refusal_response(refuse_prefetch(found())) == make_page(503)


def test_a_refusal_with_a_location_sends_the_visitor_there() -> None:
    assert make_refusal_response(refuse_code(UNKNOWN_CODE, FALLBACK)) == redirect_to(FALLBACK)
