import pytest
from hypothesis import given
from hypothesis import strategies as st

from urls.queries import MAX_PARAMETERS, UrlParts, fold_name, parameter_names, remove_parameter, split_query, split_url


@pytest.mark.parametrize(
    ("url", "link", "separator"),
    [
        ("https://e.com", UrlParts("https://e.com", None, ""), "?"),
        ("https://e.com/?", UrlParts("https://e.com/", "", ""), ""),
        ("https://e.com/?a=1", UrlParts("https://e.com/", "a=1", ""), "&"),
        ("https://e.com/?a=1&", UrlParts("https://e.com/", "a=1&", ""), ""),
        ("https://e.com?a=1?b#c?d#e", UrlParts("https://e.com", "a=1?b", "#c?d#e"), "&"),
        ("https://e.com/#?a=1", UrlParts("https://e.com/", None, "#?a=1"), "?"),
    ],
)
def test_a_url_is_split_at_its_query_and_fragment(url: str, link: UrlParts, separator: str) -> None:
    assert (split_url(url), split_url(url).separator) == (link, separator)


@given(st.text(st.sampled_from("ab/?#&=")))
def test_the_parts_make_the_url_again(url: str) -> None:
    link = split_url(url)
    assert link.before_fragment + link.fragment == url


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("ref", "ref"),
        ("Ref", "ref"),
        ("%52ef", "ref"),
        ("ref[]", "ref"),
        ("ref%5Ba%5D", "ref"),
        ("ref%00x", "ref"),
        ("+ref", "ref"),
        ("my.ref", "my_ref"),
        ("my+ref", "my_ref"),
        ("my%20ref", "my_ref"),
        ("my-ref", "my-ref"),
        ("", ""),
        ("[a]", ""),
        ("\udcff%ff", "\udcff\ufffd"),
    ],
)
def test_a_name_is_compared_as_the_most_generous_server_would(raw: str, folded: str) -> None:
    assert fold_name(raw) == folded


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_compared(raw: str) -> None:
    assert not set("[. \0") & set(fold_name(raw))


def test_the_names_of_a_query_are_found_behind_semicolons_too() -> None:
    assert parameter_names("a=1&B=2;c[]=3;&&d") == {"a", "b", "c", "d"}
    assert parameter_names("") == parameter_names(None) == frozenset()


def test_a_name_is_taken_out_however_it_is_written() -> None:
    assert remove_parameter("a=1&ID=2;%69d=3&id[x]=4&id&b=id", "id") == "a=1&;&&&b=id"
    assert remove_parameter("a=1", "id") == "a=1"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", [""]),
        ("a=1&b=2&", ["a=1", "b=2", ""]),
        ("a=1&amp;b=2", ["a=1", "b=2"]),
        ("a=1&AMP;amp;b=2", ["a=1", "b=2"]),
        ("a=1;b=2&amp=3&ampersand=4&amp%3Bc=5", ["a=1;b=2", "amp=3", "ampersand=4", "amp%3Bc=5"]),
    ],
)
def test_a_query_is_split_at_ampersands_as_html_writes_them_too(query: str, parameters: list[str]) -> None:
    assert split_query(query) == parameters


def test_of_a_flood_of_parameters_only_the_first_are_given() -> None:
    assert len(split_query("a&" * 5000)) == len(split_query("a&amp;" * 5000)) == MAX_PARAMETERS
