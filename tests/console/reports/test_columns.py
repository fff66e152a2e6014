"""Every measure and rate has a column; an address names some of them."""

from console.reports.columns import COLUMNS, USUAL, find_value, list_measures, read_columns
from storage.rollups.measures import DERIVED, MEASURES, RATES


def test_each_measure_and_rate_has_a_column_that_says_how_it_is_counted() -> None:
    assert set(COLUMNS) == {*MEASURES, *DERIVED, *RATES}
    assert all(one.how and one.title for one in COLUMNS.values())


def test_an_address_names_columns_and_nonsense_is_left_out() -> None:
    columns, why = read_columns("bots,nonsense,bot_rate,bots")

    assert [one.name for one in columns] == ["bots", "bot_rate"]
    assert why.startswith("no such column")
    assert [one.name for one in read_columns("")[0]] == list(USUAL)


def test_the_measures_of_rates_and_of_the_order_are_asked_for() -> None:
    columns, _ = read_columns("bot_rate,people")

    assert list_measures(columns) == ("bots", "gross", "people")
    assert list_measures(columns, "-unique_rate") == ("bots", "gross", "people", "uniques")


def test_a_rate_of_nothing_is_none() -> None:
    assert find_value("bot_rate", {"bots": 1, "gross": 4}) == 0.25
    assert find_value("bot_rate", {"bots": 0, "gross": 0}) is None
    assert find_value("bots", {"bots": 3}) == 3
