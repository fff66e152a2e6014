import pytest

from ingest.limits.gcra import SECOND_NS
from ingest.limits.limiter import WITHIN, Decision
from ingest.limits.policy import ADMITTED, Admit, Outcome, Refuse, Skip, apply_policy
from referrals.model import LimitPolicy

OVER = Decision("over", 3 * SECOND_NS)
LATER = Decision("over", 3 * SECOND_NS + 1)
FAR_OVER = Decision("far_over", 9 * SECOND_NS)


@pytest.mark.parametrize(
    ("policy", "client", "code", "expected"),
    [
        ("flag", WITHIN, WITHIN, ADMITTED),
        ("skip", WITHIN, WITHIN, ADMITTED),
        ("refuse", WITHIN, WITHIN, ADMITTED),
        ("flag", OVER, WITHIN, Admit("client")),
        ("flag", WITHIN, OVER, Admit("code")),
        ("flag", OVER, OVER, Admit("client")),
        ("skip", OVER, WITHIN, Skip("client")),
        ("skip", WITHIN, OVER, Skip("code")),
        ("skip", OVER, OVER, Skip("client")),
        ("refuse", OVER, WITHIN, Refuse("client", 3)),
        ("refuse", WITHIN, LATER, Refuse("code", 4)),
        ("refuse", OVER, LATER, Refuse("client", 4)),
        ("refuse", WITHIN, Decision("over", 1), Refuse("code", 1)),
        ("flag", FAR_OVER, WITHIN, Skip("client")),
        ("flag", WITHIN, FAR_OVER, Skip("code")),
        ("flag", OVER, FAR_OVER, Skip("code")),
        ("flag", FAR_OVER, FAR_OVER, Skip("client")),
        ("skip", FAR_OVER, OVER, Skip("client")),
        ("refuse", FAR_OVER, WITHIN, Skip("client")),
        ("refuse", OVER, FAR_OVER, Skip("code")),
    ],
)
def test_the_policy_decides_unless_it_is_ten_times_over(
    policy: LimitPolicy, client: Decision, code: Decision, expected: Outcome
) -> None:
    assert apply_policy(policy, client, code) == expected


def test_what_is_kept_out_has_a_number() -> None:
    outcomes: list[Skip | Refuse] = [Skip("client"), Skip("code"), Refuse("client", 1), Refuse("code", 1)]
    assert [outcome.reason.number for outcome in outcomes] == ["R301", "R302", "R301", "R302"]
