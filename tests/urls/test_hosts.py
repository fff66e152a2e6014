"""Which hosts a browser can go to. The table of whole URLs is in `target_cases`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from urls.hosts import decode_punycode, find_host_problem, is_host, is_punycode


@pytest.mark.parametrize("host", ["shop.example", "SHOP.example.", "127.0.0.1", "xn--bcher-kva.example", "localhost"])
def test_a_host_that_browsers_know_has_no_problem(host: str) -> None:
    assert (is_host(host), find_host_problem(host)) == (True, None)


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("300.1.1.1", "300.1.1.1 ends in a number, and is no address of four numbers from 0 to 255"),
        ("shop.09", "shop.09 ends in a number, and is no address of four numbers from 0 to 255"),
        ("a.xn--0.example", "xn--0 is no valid Punycode, so no browser can look the host up"),
    ],
)
def test_a_host_that_browsers_refuse_is_named_with_why(host: str, problem: str) -> None:
    assert (is_host(host), find_host_problem(host)) == (True, problem)


@pytest.mark.parametrize(
    ("label", "stands_for"),
    [("bcher-kva", "bücher"), ("fiqs8s", "中国"), ("ls8h", "\U0001f4a9"), ("zca", "ß"), ("a-ecp", "a\u2488")],
)
def test_punycode_is_decoded(label: str, stands_for: str) -> None:
    assert decode_punycode(label) == stands_for


@pytest.mark.parametrize("label", ["0", "999999", "-a", "bcher-kv", "a_b", "b-\u00e9"])
def test_what_is_no_punycode_stands_for_nothing(label: str) -> None:
    assert decode_punycode(label) is None


@pytest.mark.parametrize(
    "text", ["\u0301a", "\u00c9", "e\u0301", "\u200da", "xn--\u00e9", "\u0628a", "\u2488", "\ufb01"]
)
def test_characters_that_have_no_place_in_a_name_are_refused(text: str) -> None:
    assert not is_punycode(f"xn--{text.encode('punycode').decode()}")


@examples(500)
@given(st.text("abcxyz019-", max_size=59))
def test_what_is_decoded_is_written_the_same_way_again(encoded: str) -> None:
    text = decode_punycode(encoded)
    assert text is None or text.encode("punycode").decode().removesuffix("-") == encoded.removesuffix("-")
