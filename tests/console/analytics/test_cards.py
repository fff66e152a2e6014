"""The cards of the page."""

from console.analytics.asking import OWN
from console.analytics.cards import CARDS, MAP, TAB_TITLES, choose_measure
from console.view.filters import FIELDS


def test_every_card_remembers_its_tab_in_the_address_and_breaks_down_by_what_can_be_filtered() -> None:
    tabs = [tab for card in CARDS.values() for tab in card.tabs]

    assert set(CARDS) <= set(OWN)
    assert set(tabs) - {MAP} <= set(FIELDS)
    assert set(tabs) <= set(TAB_TITLES)


def test_a_tab_that_is_none_is_the_first() -> None:
    assert [CARDS["places"].choose(name) for name in ("region", "", "os")] == ["region", "country", "country"]


def test_quality_is_that_of_all_clicks_where_people_alone_say_nothing() -> None:
    assert [choose_measure("quality", name) for name in ("people", "uniques", "bots", "sivt")] == [
        "gross",
        "gross",
        "bots",
        "sivt",
    ]
    assert choose_measure("places", "people") == "people"
