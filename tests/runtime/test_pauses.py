"""Waits between attempts."""

from itertools import islice

from runtime.pauses import pauses, sleep_unless


def test_waits_double_up_to_the_longest_with_a_quarter_of_jitter() -> None:
    waits = list(islice(pauses(first_s=1, most_s=4), 6))

    assert all(0.75 * base <= wait <= 1.25 * base for wait, base in zip(waits, (1, 2, 4, 4, 4, 4), strict=True))


async def test_a_sleep_ends_when_it_is_given_up() -> None:
    answers = iter([False, True])

    assert await sleep_unless(lambda: next(answers), 60)
    assert not await sleep_unless(lambda: False, 0.01)
