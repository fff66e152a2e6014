"""Changes in words."""

import pytest

from console.analytics.changes import Delta, compare


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (112, 100, Delta("+12 %", 100, "up")),
        (88, 100, Delta("\N{MINUS SIGN}12 %", 100, "down")),
        (1004, 1000, Delta("+0.4 %", 1000, "up")),
        (100, 100, Delta("±0 %", 100)),
        (0, 100, Delta("\N{MINUS SIGN}100 %", 100, "down")),
        (5, 0, Delta("new", 0, "up")),
        (0, 0, Delta("", 0)),
        (1400, 100, Delta("×14", 100, "up")),  # noqa: RUF001 - times
    ],
)
def test_a_change_is_written_as_people_say_it(now: int, before: int, expected: Delta) -> None:
    assert compare(now, before, is_good=True) == expected


def test_more_bots_are_not_welcome_and_more_repeats_are_neither() -> None:
    assert [compare(2, 1, is_good=is_good).trend for is_good in (True, False, None)] == ["up", "down", "even"]
