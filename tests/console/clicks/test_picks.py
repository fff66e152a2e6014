"""Links of values in the log: what they filter by, and that a value of a stranger stays a text in them."""

import pytest
from markupsafe import Markup

from console.clicks.picks import Picks
from console.view.filters import Filter
from console.view.view import View
from tests.console.builders import IMAGE, TURNED

SHOWN = Markup("<bdi>shown</bdi>")


def view_of(**values: str) -> View:
    return View(filters=tuple(Filter(field, "is", (value,)) for field, value in values.items()))


def test_a_link_filters_by_its_value_besides_what_is_asked_for_already() -> None:
    link = Picks(view_of(country="PT")).link("/below", "search", "referrer_medium", SHOWN)

    assert link == (
        '<a class="pick" href="/below/clicks?f.country=is:PT&amp;f.referrer_medium=is:search"'
        ' data-pick="referrer_medium" title="Only search; with Shift: all others"><bdi>shown</bdi></a>'
    )


def test_the_link_of_what_is_asked_for_leads_away_from_it_and_says_so() -> None:
    link = Picks(view_of(country="PT")).link("", "PT", "country", SHOWN)

    assert 'href="/clicks?"' in link
    assert ' aria-current="true"' in link


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_value_there_is_no_link(nothing: str | None) -> None:
    assert Picks(View()).link("", nothing, "country", SHOWN) is SHOWN


@pytest.mark.parametrize("hostile", [IMAGE, '"><script>alert(1)</script>', "'onmouseover='alert(1)", TURNED])
def test_a_hostile_value_is_text_in_its_link(hostile: str) -> None:
    link = Picks(View()).link("", hostile, "referrer_host", SHOWN)

    assert hostile not in link
    assert link.count("<") == 4
    assert link.count('"') == 8
