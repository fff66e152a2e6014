"""Macros: values never change where the stored URL leads."""

from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from ingest.target.macros import encode_value, fill_template, parse_template
from tests.ingest.builders import MODEST

NAMES = ("click_id", "click_token", "code", "affiliate_id", "program_id", "sub1", "sub2", "external_id")
EVERYWHERE = "https://shop.example:8443/{sub1}/x/{sub2}?a={external_id}&b=2#f-{code}"

nasty = st.sampled_from(
    [
        "",
        ".",
        "..",
        "/",
        "//evil.example",
        "@evil.example",
        "\\evil.example",
        "?x=1",
        "#y",
        "&b=3",
        "%2e%2e",
        "a b",
        "é",
    ]
)
values = st.one_of(nasty, st.text(max_size=20), st.text(st.sampled_from("./\\@:?#&=%25e"), max_size=12))


def fill(url: str, **given: str | None) -> str:
    values = {name: encode_value(value) for name, value in given.items() if value is not None}
    return fill_template(parse_template(url), values)


@pytest.mark.parametrize(
    "url",
    [
        "https://e.com/a%2Fb?m={unknown}&p=a%20b&z=a+b",
        "HTTP://E.com",
        "https://e.com/{}{click_id",
        "https://e.com/?next={u}",
        "https://[2001:db8::1]:8443/",
    ],
)
def test_a_url_without_macros_stays_as_it_is_to_the_byte(url: str) -> None:
    assert fill(url, click_id="X", u="https://evil.example") == url


def test_everything_but_the_macros_stays_as_it_is_to_the_byte() -> None:
    url = "https://e.com/a%2Fb?m={click_id}&p=a%20b&z=a+b&y={x}"
    assert fill(url, click_id="ID") == "https://e.com/a%2Fb?m=ID&p=a%20b&z=a+b&y={x}"


@pytest.mark.parametrize("name", NAMES)
def test_each_macro_is_replaced_everywhere_and_without_a_value_by_nothing(name: str) -> None:
    url = f"https://e.com/{{{name}}}?a={{{name}}}&b"
    assert fill(url, **{name: "v w"}) == "https://e.com/v%20w?a=v%20w&b"
    assert fill(url, **{name: None}) == fill(url) == "https://e.com/?a=&b"


@pytest.mark.parametrize(
    "url", ["https://{sub1}.e.com/", "https://{sub1}", "https://e.com:{sub1}/", "http://{sub1}@e.com"]
)
def test_no_macro_chooses_the_host(url: str) -> None:
    assert fill(url, sub1="evil") == url


@MODEST
@given(st.fixed_dictionaries(dict.fromkeys(("sub1", "sub2", "external_id", "code"), values)))
@example({"sub1": "..", "sub2": "..", "external_id": "", "code": ""})
@example({"sub1": ".", "sub2": ".", "external_id": "&b=3", "code": "?"})
def test_no_value_changes_the_host_or_leaves_its_place(given: dict[str, str]) -> None:
    filled = fill(EVERYWHERE, **given)
    parts = urlsplit(filled)

    assert filled.isascii()
    assert filled.isprintable()
    assert (parts.scheme, parts.netloc) == ("https", "shop.example:8443")
    placed = {name: "" if value in (".", "..") else value for name, value in given.items()}
    assert [unquote(segment) for segment in parts.path.split("/")] == ["", placed["sub1"], "x", placed["sub2"]]
    assert [tuple(map(unquote, pair.split("="))) for pair in parts.query.split("&")] == [
        ("a", placed["external_id"]),
        ("b", "2"),
    ]
    assert unquote(parts.fragment) == f"f-{placed['code']}"


@MODEST
@given(values, values)
def test_a_browser_that_tidies_the_path_finds_every_literal_piece_of_it(one: str, two: str) -> None:
    tidied = URL(fill("https://shop.example/a/{sub1}/b/{sub2}/c", sub1=one, sub2=two))
    assert tidied.host == "shop.example"
    assert [piece for piece in tidied.raw_path.split("/") if piece in ("a", "b", "c")][:1] == ["a"]
    assert tidied.raw_path.endswith("/c")
    assert "/b/" in tidied.raw_path


@MODEST
@given(st.text(max_size=30))
def test_a_value_comes_out_as_it_went_in(value: str) -> None:
    expected = "" if value in (".", "..") else quote(value, safe="")
    assert fill("https://e.com/?v={sub1}", sub1=value) == f"https://e.com/?v={expected}"
