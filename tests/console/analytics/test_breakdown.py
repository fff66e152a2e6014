"""Breakdowns: whatever the counts, the shares add up to 100 %."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from console.analytics.breakdown import split_percent


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=10).filter(any))
def test_shares_add_up_to_100_percent(counts: list[int]) -> None:
    shares = [Decimal(share.removesuffix(" %")) for share in split_percent(counts, sum(counts))]

    assert sum(shares) == 100
    assert all(
        abs(share - Decimal(100 * count) / sum(counts)) < Decimal("0.1")
        for share, count in zip(shares, counts, strict=True)
    )


def test_without_clicks_there_are_no_shares() -> None:
    assert split_percent([0, 0], 0) == ["", ""]
