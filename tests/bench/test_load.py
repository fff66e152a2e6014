"""The load of the bench: percentiles, and requests that differ."""

import pytest

from bench.load import VARIANTS, find_percentile, is_complete, render


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 51.0), (99, 100.0), (100, 100.0)])
def test_a_percentile_is_a_value_of_the_list(percent: int, value: float) -> None:
    assert find_percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_without_values_a_percentile_is_zero() -> None:
    assert find_percentile([], 99) == 0


def test_every_request_of_a_load_differs() -> None:
    requests = render("go.shop.example")

    assert len(set(requests)) == len(requests) == VARIANTS
    assert all(request.endswith(b"\r\n\r\n") for request in requests)


def test_a_load_on_several_codes_asks_for_each_as_often() -> None:
    codes = [request.split()[1] for request in render("go.shop.example", ["a", "b"])]

    assert {code: codes.count(code) for code in set(codes)} == {b"/ref/a": VARIANTS // 2, b"/ref/b": VARIANTS // 2}


@pytest.mark.parametrize("head", ["HTTP/1.1 302 Found\r\nContent-Length: 0", "HTTP/1.1 503 x\r\nContent-Length: 4"])
def test_an_answer_is_complete_with_its_last_byte(head: str) -> None:
    answer = f"{head}\r\nDate: now\r\n\r\n{'body' if '503' in head else ''}".encode()
    assert [length for length in range(len(answer) + 1) if is_complete(answer[:length])] == [len(answer)]
