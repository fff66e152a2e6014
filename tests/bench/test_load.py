"""The load of the bench: percentiles, and requests that differ."""

import pytest

from bench.load import VARIANTS, find_percentile, render


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 51.0), (99, 100.0), (100, 100.0)])
def test_a_percentile_is_a_value_of_the_list(percent: int, value: float) -> None:
    assert find_percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_without_values_a_percentile_is_zero() -> None:
    assert find_percentile([], 99) == 0


def test_every_request_of_a_load_differs() -> None:
    requests = render("go.shop.example")

    assert len(set(requests)) == len(requests) == VARIANTS
    assert all(request.endswith(b"\r\n\r\n") for request in requests)
