"""Where the time went, as bars."""

from datetime import timedelta

from console.clicks.lines import TOTAL
from console.clicks.timing import SCALE, STEPS, Bar, chart_journey, chart_steps
from ingest.request.context import StepTimes
from storage.read.records import StoredClick, StoredRejection
from tests.console.builders import NOW, enriched_click, rejected_click


def test_steps_stand_in_the_order_of_the_hot_path_however_the_table_returns_them() -> None:
    chart = chart_steps({"total": 100, "target": 20, "match": 10, "lookup": 70})

    assert chart
    assert [(bar.label, bar.start, bar.width) for bar in chart.bars] == [
        ("Match code", 0, 100),
        ("Look up", 100, 700),
        ("Fill target", 800, 200),
    ]
    assert chart.total == "100 µs"


def test_a_step_nobody_told_us_of_comes_last_under_its_own_name() -> None:
    chart = chart_steps({"new_step": 5, "match": 5})

    assert chart
    assert [bar.label for bar in chart.bars] == ["Match code", "new step"]


def test_every_step_that_ingest_measures_has_a_title_and_no_other_has_one() -> None:
    measured = StepTimes(0).microseconds()

    assert [*STEPS, TOTAL] == list(measured)


def test_without_steps_there_is_no_chart() -> None:
    assert chart_steps({}) is None


def test_steps_of_no_time_at_all_are_still_drawn() -> None:
    chart = chart_steps({"match": 0, "lookup": 0, "total": 0})

    assert chart
    assert all(bar.width > 0 and bar.start + bar.width <= SCALE for bar in chart.bars)


def test_the_way_of_a_click_is_told_from_its_times() -> None:
    click = enriched_click(published_at=NOW + timedelta(milliseconds=10))
    chart = chart_journey(StoredClick(click, NOW + timedelta(milliseconds=250), NOW + timedelta(milliseconds=1000)))

    assert chart
    assert [(bar.label, bar.length) for bar in chart.bars] == [
        ("Ingest and Kafka", "10.0 ms"),
        ("Enricher", "240 ms"),
        ("Sink", "750 ms"),
    ]
    assert chart.total == "1.0 s"


def test_a_click_that_is_not_stored_yet_has_come_as_far_as_it_has() -> None:
    chart = chart_journey(StoredClick(enriched_click(), NOW + timedelta(milliseconds=250)))

    assert chart
    assert [bar.label for bar in chart.bars] == ["Ingest and Kafka", "Enricher"]


def test_clocks_that_disagree_make_no_bar_that_runs_backwards() -> None:
    chart = chart_journey(StoredRejection(rejected_click(), NOW - timedelta(milliseconds=5), NOW))

    assert chart
    assert chart.bars[0] == Bar("Ingest and Kafka", 0, 4, "−5.0 ms")  # noqa: RUF001 - a minus sign is what is meant
