import pytest

from referrals.lookup.answers import Found
from tests.referrals.builders import TARGET, affiliate, code, program


@pytest.mark.parametrize(
    ("gpc", "dnt", "decision"),
    [(False, False, "full"), (True, False, "anonymous"), (False, True, "no_cookie"), (True, True, "anonymous")],
)
def test_the_strictest_decision_that_applies_stands(*, gpc: bool, dnt: bool, decision: str) -> None:
    policy = program(privacy="full", privacy_gpc="anonymous", privacy_dnt="no_cookie")
    assert policy.decide_privacy(gpc=gpc, dnt=dnt) == decision


def test_a_signal_never_makes_a_policy_milder() -> None:
    policy = program(privacy="anonymous", privacy_gpc="full", privacy_dnt="no_cookie")
    assert policy.decide_privacy(gpc=True, dnt=True) == "anonymous"


def test_the_narrowest_pause_is_named() -> None:
    paused = {"status": "paused"}
    answers = [
        Found(code(**paused), affiliate(**paused), program(**paused), "process"),
        Found(code(), affiliate(**paused), program(**paused), "process"),
        Found(code(), affiliate(), program(**paused), "process"),
        Found(code(), affiliate(), program(), "process"),
    ]
    assert [found.inactive_kind for found in answers] == ["code", "affiliate", "program", None]


def test_what_is_paused_and_what_is_archived_have_reasons_of_their_own() -> None:
    numbers = {
        status: [
            Found(code(status=status), affiliate(), program(), "process").reason_for("code").number,
            Found(code(), affiliate(status=status), program(), "process").reason_for("affiliate").number,
            Found(code(), affiliate(), program(status=status), "process").reason_for("program").number,
        ]
        for status in ("paused", "archived")
    }
    assert numbers == {"paused": ["R201", "R202", "R203"], "archived": ["R204", "R205", "R206"]}


def test_a_code_leads_to_its_own_target_before_the_programs() -> None:
    own = Found(code(target_url="https://own.example"), affiliate(), program(), "process")
    plain = Found(code(), affiliate(), program(), "process")
    assert (own.target_url, plain.target_url) == ("https://own.example", TARGET)


def test_while_something_is_paused_the_fallback_stands_before_the_target() -> None:
    fallback = Found(code(), affiliate(), program(fallback_url="https://over.example"), "process")
    plain = Found(code(target_url="https://own.example"), affiliate(), program(), "process")
    assert (fallback.fallback_url, plain.fallback_url) == ("https://over.example", TARGET)
