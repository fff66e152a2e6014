from runtime.breaker import Breaker
from tests.referrals.builders import Clock


def test_everything_is_let_through_while_the_store_answers() -> None:
    breaker = Breaker(Clock().time().now, probe_s=1)
    breaker.record(answered=True)
    assert [breaker.admits() for _ in range(3)] == [True, True, True]


def test_while_it_does_not_answer_one_probe_a_second_is_let_through() -> None:
    clock = Clock()
    breaker = Breaker(clock.time().now, probe_s=1)
    breaker.record(answered=False)
    first = [breaker.admits() for _ in range(3)]
    clock.pass_seconds(1)
    second = [breaker.admits() for _ in range(3)]
    assert (first, second) == ([False] * 3, [True, False, False])


def test_a_probe_that_is_answered_lets_everything_through_again() -> None:
    clock = Clock()
    breaker = Breaker(clock.time().now, probe_s=1)
    breaker.record(answered=False)
    clock.pass_seconds(1)
    breaker.admits()
    breaker.record(answered=True)
    assert [breaker.admits() for _ in range(2)] == [True, True]
