from collections import Counter
from random import Random

import pytest

from simulate.browsers import Engine
from simulate.visitors import accept_language, draw_visitor, navigation_headers


@pytest.mark.parametrize(
    ("tag", "engine", "written"),
    [
        ("en-US", "chromium", "en-US,en;q=0.9"),
        ("en-GB", "chromium", "en-GB,en-US;q=0.9,en;q=0.8"),
        ("de-AT", "chromium", "de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7"),
        ("pt-BR", "gecko", "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7"),
        ("pl-PL", "gecko", "pl,en-US;q=0.9,en;q=0.8"),
        ("ja-JP", "webkit", "ja-JP,ja;q=0.9"),
    ],
)
def test_languages_are_written_as_each_engine_does(tag: str, engine: Engine, written: str) -> None:
    assert accept_language(tag, engine) == written


def test_people_of_a_country_come_by_both_families_of_addresses() -> None:
    rng = Random(3)
    families: Counter[tuple[str, bool]] = Counter()
    for _ in range(5000):
        visitor = draw_visitor(rng)
        families[visitor.country.code, ":" in dict(visitor.headers)["X-Forwarded-For"]] += 1
    assert 0.55 <= families["DE", True] / (families["DE", True] + families["DE", False]) <= 0.75


def test_whoever_comes_from_a_page_names_it() -> None:
    visitor = draw_visitor(Random(1))
    assert dict(navigation_headers(visitor, "https://blog.example/"))["Referer"] == "https://blog.example/"
    assert dict(navigation_headers(visitor, "https://blog.example/"))["Sec-Fetch-Site"] == "cross-site"


def test_safari_does_not_say_that_a_person_acted() -> None:
    rng = Random(2)
    for visitor in (draw_visitor(rng) for _ in range(100)):
        headers = dict(navigation_headers(visitor, None))
        assert ("Sec-Fetch-User" in headers) == (visitor.browser.engine != "webkit")
        assert headers["Sec-Fetch-Mode"] == "navigate"


def test_whoever_comes_from_nowhere_names_nothing() -> None:
    headers = dict(navigation_headers(draw_visitor(Random(1)), None))
    assert "Referer" not in headers
    assert headers["Sec-Fetch-Site"] == "none"
