"""Which hosts a browser can go to. The table of whole URLs is in `target_cases`."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from urls.hosts import decode_punycode, find_host_problem, is_host, is_punycode, to_ascii, to_stored_host


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


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("shop.example", "shop.example"),
        ("Shop.EXAMPLE", "shop.example"),
        ("shop%2Eexample", "shop.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("mu\u0308nchen.example", "xn--mnchen-3ya.example"),
        ("m%C3%BCnchen.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("日本語。例え", "xn--wgv71a119e.xn--r8jz45g"),
        ("shop\u3002example", "shop.example"),
        ("ﬁne\u00ad.example", "fine.example"),
        ("\u2603.example", "xn--n3h.example"),
    ],
)
def test_a_host_is_read_as_browsers_read_it(host: str, name: str) -> None:
    assert to_ascii(host) == name


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example\uff0f.shop.example",
        "evil.example%2F.shop.example",
        "evil.example%EF%BC%8F.shop.example",
        "user\uff20shop.example",
        "shop.example\uff1a443",
        "shop.example%3A443",
        "shop.example\u2024evil%20x",
        "shop%00.example",
        "%FF.example",
        "\udcff.example",
        "\u202eshop.example",
        "ü" * 5000,
        "[::1]",
    ],
)
def test_what_would_end_a_host_or_be_none_is_none(host: str) -> None:
    assert to_ascii(host) is None


@examples(300)
@given(st.text(max_size=30) | st.text("aü.。\uff0f\uff20\uff1a%2F-xn\u0308", max_size=20))
def test_any_text_is_a_name_of_the_listed_kind_or_none(host: str) -> None:
    for text in (host, quote(host, errors="replace")):
        name = to_ascii(text)
        assert name is None or set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        assert name is None or to_ascii(name) == name


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("*.MÜNCHEN.example", "*.xn--mnchen-3ya.example"),
        ("пример.example", "xn--e1afmkfd.example"),
        ("shop。example", "shop.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("*.shop.example", "*.shop.example"),
        # What is no host stays as it is, to be refused as it was written.
        ("Shop.example", "Shop.example"),
        ("%6dünchen.example", "%6dünchen.example"),
        ("mün chen.example", "mün chen.example"),
        ("https://münchen.example", "https://münchen.example"),
        ("", ""),
    ],
)
def test_a_host_in_another_script_is_stored_as_browsers_ask_for_it(given: str, stored: str) -> None:
    assert to_stored_host(given) == stored
