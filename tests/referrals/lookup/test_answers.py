import pytest

from referrals.lookup.answers import Found
from schemas.reasons import ARCHIVED_AFFILIATE, ARCHIVED_CODE, PAUSED_CODE, PAUSED_PROGRAM, Reason
from tests.referrals.builders import affiliate, code, program


def found(*, of_code: str = "active", of_affiliate: str = "active", of_program: str = "active") -> Found:
    return Found(code(status=of_code), affiliate(status=of_affiliate), program(status=of_program), "process")


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (found(of_code="paused", of_program="paused"), "code", PAUSED_CODE),
        (found(of_code="archived"), "code", ARCHIVED_CODE),
        (found(of_affiliate="archived", of_program="paused"), "affiliate", ARCHIVED_AFFILIATE),
        (found(of_program="paused"), "program", PAUSED_PROGRAM),
    ],
)
def test_the_narrowest_inactive_kind_gives_the_reason(answer: Found, kind: str, reason: Reason) -> None:
    assert answer.inactive_kind == kind
    assert answer.reason_for(answer.inactive_kind) == reason


def test_an_active_code_has_no_inactive_kind() -> None:
    assert found().inactive_kind is None


def test_a_code_with_a_target_of_its_own_leads_there() -> None:
    own = Found(code(target_url="https://shop.example/own"), affiliate(), program(), "process")
    assert [(one.target_url, one.target_source) for one in (own, found())] == [
        ("https://shop.example/own", "code"),
        (program().target_url, "program"),
    ]


def test_the_fallback_is_the_programs_or_else_its_target() -> None:
    with_fallback = Found(code(), affiliate(), program(fallback_url="https://shop.example/gone"), "process")
    assert [with_fallback.fallback_url, found().fallback_url] == ["https://shop.example/gone", program().target_url]
