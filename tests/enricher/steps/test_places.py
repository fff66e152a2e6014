from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.steps.places import list_names, list_places, read_term
from tests.enricher.agents.examples import read_rows
from tests.enricher.builders import lookups, raw_click
from tests.examples import examples


def classify(url: str) -> tuple[str, str]:
    referrer = lookups().read_referrer(raw_click(referrer=url))
    return referrer.medium, referrer.source or "-"


@pytest.mark.parametrize(("medium", "source", "host"), read_rows("referrers.txt"))
def test_a_place_is_known_by_its_host(medium: str, source: str, host: str) -> None:
    assert classify(host if "://" in host else f"https://{host}/") == (medium, source)


def test_the_places_that_were_kept_aside_are_known() -> None:
    wrong = [row for row in read_rows("referrers_held_out.txt") if classify(f"https://{row[1]}/")[0] != row[0]]

    assert wrong == []


@pytest.mark.parametrize(
    ("url", "term"),
    [
        ("https://www.google.com/search?q=red+shoes&hl=en", "red shoes"),
        ("https://www.google.com/search?hl=en&q=%20red%20%0Ashoes", "red shoes"),
        ("https://yandex.ru/search/?text=%D0%BE%D0%B1%D1%83%D0%B2%D1%8C", "обувь"),
        ("https://www.baidu.com/s?wd=shoes", "shoes"),
        ("https://search.naver.com/search.naver?query=shoes", "shoes"),
        ("https://www.bing.com/search?q=", None),
        ("https://www.google.com/", None),
        ("https://www.google.com/#q=shoes", None),
        ("https://www.google.com/search?" + "&" * 900 + "q=x", None),
        ("https://m.facebook.com/?q=shoes", None),
        ("https://blog.example/?q=shoes", None),
    ],
)
def test_the_term_is_read_where_a_search_engine_sends_it(url: str, term: str | None) -> None:
    assert lookups().read_referrer(raw_click(referrer=url)).term == term


def test_a_long_term_is_cut() -> None:
    assert read_term("https://a.example/?q=" + "x" * 900, ("q",)) == "x" * 128


def test_the_own_webmail_of_a_shop_is_internal() -> None:
    click = raw_click(referrer="https://mail.merchant.example/", target_url="https://www.merchant.example/")

    assert lookups().read_referrer(click).medium == "internal"


def test_the_names_of_a_host_come_longest_first_and_end_in_any_country_only_where_one_does() -> None:
    assert [name for name, _ in list_names("a.google.co.uk", "co.uk")] == [
        "a.google.co.uk",
        "a.google.*",
        "google.co.uk",
        "google.*",
        "co.uk",
        "uk",
    ]
    assert list(list_names("google.github.io", "github.io")) == [
        ("google.github.io", []),
        ("github.io", ["google"]),
        ("io", ["google", "github"]),
    ]


def test_each_host_is_listed_once_and_in_lower_case() -> None:
    text = files("enricher.rules").joinpath("places.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    hosts = [host for *_, listed in rows for host in listed.split()]

    assert sorted(hosts) == sorted(list_places())
    assert [host for host in hosts if host != host.lower() or "/" in host] == []
    assert {medium for medium, *_ in rows} == {"search", "social", "email", "chatbot", "paid"}


@examples(300)
@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    assert read_term("https://a.example/?" + text, ("q",)) is None or "q=" in text
