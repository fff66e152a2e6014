from ipaddress import ip_address
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest

from ingest.limits.gcra import SECOND_NS
from ingest.limits.limiter import WITHIN, Decision
from ingest.limits.metrics import KeyMetrics, LimitMetrics
from ingest.limits.policy import ADMITTED, Admit, Refuse, Skip
from referrals.model import LimitPolicy
from tests.ingest.limits.builders import OFFICE, limit, limits

OVER = Decision("over", SECOND_NS)


def test_without_limits_everybody_is_admitted() -> None:
    subject = limits(client=None)
    asked = [subject.check_client(OFFICE, 0) for _ in range(1_000)]
    assert (set(map(id, asked)), subject.admit("refuse", asked[-1], "abc", 0)) == ({id(WITHIN)}, ADMITTED)


def test_a_client_over_its_limit_meets_the_policy_of_the_program() -> None:
    subject = limits(client=limit(1, 2))
    client = [subject.check_client(OFFICE, 0) for _ in range(3)][-1]
    outcomes = [subject.admit(policy, client, "abc", 0) for policy in get_args(LimitPolicy)]
    assert outcomes == [Admit("client"), Skip("client"), Refuse("client", 1)]


def test_a_code_over_its_limit_meets_the_policy_of_the_program() -> None:
    subject = limits(code=limit(1, 2))
    outcomes = [subject.admit("refuse", WITHIN, "abc", 0) for _ in range(3)]
    assert (outcomes, subject.admit("refuse", WITHIN, "other", 0)) == (
        [ADMITTED, ADMITTED, Refuse("code", 1)],
        ADMITTED,
    )


def test_a_look_meets_the_policy_too_and_uses_nothing() -> None:
    subject = limits(code=limit(1, 1))
    assert [subject.peek("refuse", WITHIN, "abc", 0) for _ in range(3)] == [ADMITTED] * 3
    assert subject.admit("refuse", WITHIN, "abc", 0) == ADMITTED
    assert [subject.peek(policy, WITHIN, "abc", 0) for policy in get_args(LimitPolicy)] == [
        Admit("code"), Skip("code"), Refuse("code", 1),
    ]  # fmt: skip
    assert subject.peek("refuse", OVER, "abc", 0) == Refuse("client", 1)


def test_a_client_that_is_kept_out_does_not_use_a_code_up() -> None:
    subject = limits(code=limit(1, 2))
    for _ in range(10):
        subject.admit("skip", OVER, "abc", 0)
    assert subject.admit("skip", WITHIN, "abc", 0) == ADMITTED


def test_a_flagged_click_does_count_for_its_code() -> None:
    subject = limits(code=limit(1, 2))
    flagged = [subject.admit("flag", OVER, "abc", 0) for _ in range(2)]
    assert (flagged, subject.admit("flag", WITHIN, "abc", 0)) == ([Admit("client")] * 2, Admit("code"))


def test_the_address_nobody_knows_is_not_limited() -> None:
    subject = limits(client=limit(1, 2))
    unknown = ip_address("0.0.0.0")  # noqa: S104 - an address, not a place to listen
    assert [subject.check_client(unknown, 0) for _ in range(5)] == [WITHIN] * 5


def test_a_client_far_over_its_limit_may_come_again_for_what_is_not_in_memory() -> None:
    decisions = [Decision("far_over", wait) for wait in (1, SECOND_NS, 3 * SECOND_NS + 1)]
    assert list(map(limits().refuse_lookup, decisions)) == [Refuse("client", seconds) for seconds in (1, 1, 4)]


def test_every_click_over_a_limit_is_counted_by_what_became_of_it() -> None:
    registry = CollectorRegistry()
    subject = limits(LimitMetrics(registry), code=limit(1, 1))
    KeyMetrics(registry, subject)
    subject.check_client(OFFICE, 0)
    asked: list[tuple[LimitPolicy, str]] = [("flag", "a"), ("flag", "a"), ("skip", "a"), ("refuse", "a"), ("skip", "b")]
    for policy, code in asked:
        subject.admit(policy, WITHIN, code, 0)
    subject.admit("flag", Decision("far_over", 1), "c", 0)
    subject.refuse_lookup(Decision("far_over", 1))
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if line.startswith(("clickrail_limited_total", "clickrail_limit_keys"))] == [
        'clickrail_limited_total{action="flag",by="client"} 0.0',
        'clickrail_limited_total{action="skip",by="client"} 1.0',
        'clickrail_limited_total{action="refuse",by="client"} 1.0',
        'clickrail_limited_total{action="flag",by="code"} 1.0',
        'clickrail_limited_total{action="skip",by="code"} 1.0',
        'clickrail_limited_total{action="refuse",by="code"} 1.0',
        "clickrail_limit_keys 3.0",
    ]
