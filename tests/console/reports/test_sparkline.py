"""The points of small charts."""

from console.reports.sparkline import draw_sparkline


def test_a_line_begins_at_the_left_and_its_largest_number_is_at_the_top() -> None:
    drawn = draw_sparkline([0, 5, 10], "day")

    assert drawn is not None
    assert drawn.line == "2,22 48,12 94,2"
    assert drawn.area == "2,22 2,22 48,12 94,2 94,22"
    assert drawn.words == "0 to 10 each day, 10 in the last"


def test_one_point_is_no_line_and_nothing_at_all_lies_at_the_bottom() -> None:
    assert draw_sparkline([3], "day") is None
    drawn = draw_sparkline([0, 0], "day")
    assert drawn is not None
    assert drawn.line == "2,22 94,22"
