from referrals.lookup.token_bucket import TokenBucket
from tests.referrals.builders import Clock


def is_admitted(bucket: TokenBucket, clock: Clock, times: int, every_s: float) -> int:
    count = 0
    for _ in range(times):
        count += bucket.try_take()
        clock.pass_seconds(every_s)
    return count


def test_a_burst_is_admitted_at_once_and_then_one_each_pause() -> None:
    clock = Clock()
    bucket = TokenBucket(clock.time().now, 0.025, 10)
    assert [bucket.try_take() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.pass_seconds(0.026)
    assert [bucket.try_take() for _ in range(2)] == [True, False]


def test_in_any_second_no_more_are_admitted_than_the_burst_and_the_pauses_allow() -> None:
    clock = Clock()
    bucket = TokenBucket(clock.time().now, 0.025, 10)
    assert [is_admitted(bucket, clock, 1000, 0.001) <= 50 for _ in range(5)] == [True] * 5
    assert is_admitted(bucket, clock, 1000, 0.001) >= 39


def test_rest_does_not_add_up_to_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(clock.time().now, 1.0, 3)
    clock.pass_seconds(1_000)
    assert [bucket.try_take() for _ in range(4)] == [True, True, True, False]


def test_it_says_how_long_to_wait() -> None:
    clock = Clock()
    bucket = TokenBucket(clock.time().now, 2.0, 1)
    before = bucket.wait_s()
    bucket.take()
    assert (before, bucket.wait_s()) == (0.0, 2.0)
