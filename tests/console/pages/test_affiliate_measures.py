"""The measures of an affiliate: shares, limits, and what is too little to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pages.affiliate_measures import TEXTS, Measure, measure_affiliate
from storage.read.affiliates import AffiliateCounts

USUAL = {
    "clicks": 1000,
    "hosting_vpn": 30,
    "top_net": 20,
    "invalid": 5,
    "clients": 900,
    "known": 1000,
    "night": 100,
    "judged": 800,
    "repeats": 80,
}


def measured(**changes: int) -> dict[str, Measure]:
    return {one.title: one for one in measure_affiliate(AffiliateCounts("shoes", **USUAL | changes))}


def marked(**changes: int) -> list[str]:
    return [title for title, one in measured(**changes).items() if one.is_beyond]


def test_an_usual_affiliate_is_beyond_no_limit() -> None:
    assert marked() == []


@pytest.mark.parametrize(
    ("title", "within", "beyond"),
    [
        ("Hosting and VPN", {"hosting_vpn": 750}, {"hosting_vpn": 751}),
        ("Largest network", {"top_net": 200}, {"top_net": 201}),
        ("Different visitors", {"clients": 300}, {"clients": 299}),
    ],
)
def test_a_share_beyond_its_limit_is_marked(title: str, within: dict[str, int], beyond: dict[str, int]) -> None:
    assert marked(**within) == []
    assert marked(**beyond) == [title]


def test_below_a_hundred_clicks_no_limit_applies() -> None:
    few = {"clicks": 99, "hosting_vpn": 99, "top_net": 99, "clients": 1, "known": 99}

    assert marked(**few) == []
    assert measured(**few)["Hosting and VPN"].limit == "no limit below 100 clicks"
    assert marked(**few | {"clicks": 100, "known": 100}) == ["Hosting and VPN", "Largest network", "Different visitors"]


def test_what_has_no_limit_is_only_told() -> None:
    one = measured(night=1000, repeats=800, invalid=1000)

    assert [title for title, each in one.items() if each.limit == "no limit"] == [
        "Likely invalid",
        "Repeats",
        "At night",
    ]
    assert [each for each in one.values() if each.is_beyond] == []


def test_values_and_limits_are_in_words() -> None:
    one = measured(hosting_vpn=800)["Hosting and VPN"]

    assert one.sentence == "800 of 1,000 clicks came from hosting providers or VPNs."
    assert (one.percent, one.limit) == (80, "at most 75%")
    assert measured()["Different visitors"].limit == "at least 30%"


def test_nothing_judged_is_no_share() -> None:
    assert measured(judged=0, repeats=0)["Repeats"].percent is None
    assert marked(clients=0, known=0) == []


@given(st.builds(AffiliateCounts, st.just("shoes"), *[st.integers(0, 10**9)] * 9))
def test_whatever_was_counted_has_its_measures(counts: AffiliateCounts) -> None:
    assert [one.title for one in measure_affiliate(counts)] == [text.title for text in TEXTS]
