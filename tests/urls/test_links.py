"""The link a visitor follows."""

import pytest

from urls.links import VisitedLink, is_link, match_code, read_link, split_path


@pytest.mark.parametrize(
    ("sent", "path", "query"),
    [
        ("/ref/abc123", "/ref/abc123", ""),
        ("/ref/abc123?sub1=a&sub2=b?c", "/ref/abc123", "sub1=a&sub2=b?c"),
        ("/ref/abc123?sub1=a#part", "/ref/abc123", "sub1=a"),
        ("/ref/a%3Fb", "/ref/a%3Fb", ""),
        ("https://evil.example/ref/abc123?x=1", "/ref/abc123", "x=1"),
        ("http://evil.example", "/", ""),
        ("http://evil.example?x=/ref/abc123", "/", "x=/ref/abc123"),
        ("http://evil.example//ref/abc123", "//ref/abc123", ""),
        ("/ref/abc123#part?x=1", "/ref/abc123", ""),
        ("*", "/*", ""),
        ("shop.example:443", "/shop.example:443", ""),
    ],
)
def test_a_target_is_split_into_path_and_query_and_its_host_is_passed_over(sent: str, path: str, query: str) -> None:
    assert split_path(sent) == (path, query)


@pytest.mark.parametrize("code", ["a", "abc123", "A-b_9", "x" * 64])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_code_is_matched_with_or_without_a_slash_at_the_end(code: str, end: str) -> None:
    assert match_code(f"/ref/{code}{end}") == code


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "/",
        "abc123//",
        "x" * 65,
        "x" * 4096,
        "%00",
        "a%0d%0ab",
        "a%2fb",
        "..%2f",
        "%ff%fe",
        "../admin",
        "a/b",
        "abc.123",
        "abc123\n",
        "ab c",
        "é",
        "\udcff",
        "%61bc%2F",
        "%2561bc",
        "abc%",
        "abc%6",
        "abc%2E",
        "abc%7E",
        "a%40b",
        "a%7Bb",
    ],
)
def test_what_cannot_be_a_code_matches_nothing(asked: str) -> None:
    assert match_code(f"/ref/{asked}") is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/ref/ab%63", "abc"),
        ("/ref/%61%62%63/", "abc"),
        ("/ref/A%2Db%5f%39%5A%7A", "A-b_9Zz"),
        ("/%72ef/abc", "abc"),
        ("/ref/ab%6", None),
        ("/ref%2Fabc", None),
        ("/Ref/abc", None),
        ("/xref/abc", None),
        ("/", None),
        ("", None),
    ],
)
def test_an_encoded_character_that_needs_no_encoding_is_that_character(path: str, code: str | None) -> None:
    assert code == match_code(path)


@pytest.mark.parametrize(
    ("path", "link"),
    [("/ref/", True), ("/ref/a/b", True), ("/%72%65f/a", True), ("/ref", False), ("/ref%2Fabc", False), ("/", False)],
)
def test_a_path_below_ref_is_a_link_whatever_stands_there(path: str, *, link: bool) -> None:
    assert is_link(path) is link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("abc123", VisitedLink(None, "/ref/abc123", "")),
        ("abc123?sub1=a/b", VisitedLink(None, "/ref/abc123", "sub1=a/b")),
        ("abc123?url=https://x/", VisitedLink(None, "/ref/abc123", "url=https://x/")),
        ("ab%63", VisitedLink(None, "/ref/ab%63", "")),
        ("", VisitedLink(None, "/ref/", "")),
        ("/ref/abc", VisitedLink(None, "/ref/abc", "")),
        ("ref/abc", VisitedLink(None, "/ref/abc", "")),
        ("a/b", VisitedLink(None, "/a/b", "")),
        ("https://go.shop.example/ref/abc?x=1#y", VisitedLink("https://go.shop.example", "/ref/abc", "x=1")),
        ("http://localhost:8080/ref/abc/", VisitedLink("http://localhost:8080", "/ref/abc/", "")),
        ("https://go.shop.example", VisitedLink("https://go.shop.example", "/", "")),
        ("https://go.shop.example?x", VisitedLink("https://go.shop.example", "/", "x")),
        ("go.shop.example/ref/abc", VisitedLink("//go.shop.example", "/ref/abc", "")),
        ("localhost:8080/ref/abc", VisitedLink("//localhost:8080", "/ref/abc", "")),
        ("//go.shop.example/ref/abc", VisitedLink("//go.shop.example", "/ref/abc", "")),
        ("https://[/ref/abc", VisitedLink("https://[", "/ref/abc", "")),
    ],
)
def test_a_link_is_read_from_whatever_people_paste(text: str, link: VisitedLink) -> None:
    assert link == read_link(text)
