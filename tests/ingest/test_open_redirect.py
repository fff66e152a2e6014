"""No input changes the scheme, host or port of a Location, as three independent URL parsers read it."""

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from ingest.pipeline import build_location, build_location_without_click
from ingest.request.parameters import read_parameters
from tests.examples import examples
from tests.identity.builders import CLICK_ID
from tests.ingest.builders import MODEST, found, keys

Origin = tuple[str, str, int]

EXACT, BELOW, ELSEWHERE = "shop.example", "m.shop.example", "xn--mnchen-3ya.example"
HOSTS = (EXACT, f"*.{BELOW}", ELSEWHERE)
STORED = {
    "https://stored.example:8443": ("https", "stored.example", 8443),
    "https://stored.example:8443?a={sub1}": ("https", "stored.example", 8443),
    "http://stored.example/{sub1}/{sub2}?a={external_id}&b;c#f-{code}{sub3}": ("http", "stored.example", 80),
    "HTTPS://[2001:db8::1]/{sub1}": ("https", "2001:db8::1", 443),
    "https://stored.example/#{sub1}": ("https", "stored.example", 443),
    "https://stored.example/{sub1}?{sub2}=@{sub3}#": ("https", "stored.example", 443),
}
SPECIAL = list("/\\@:?#&=;%[]{}.|<>\"'`^~$*+!(), \t\r\n\0\x1b\x7f\x85\u2028\u202e\u3002\uff0f\uff1aéK\udcff\ud800")
PIECES = [
    "https://", "http:", "//", "\\\\", "evil.example", EXACT, f"a.{BELOW}", BELOW, "javascript:", "data:", "user:pw@",
    ":443", "%0d%0a", "%2f", "%5c", "%09", "%00", "%40", "%23", "%ff", "{click_id}", "{sub1}", "..", "url=", "sub1=",
]  # fmt: skip
NAMES = [
    "url",
    "URL",
    "sub1",
    "sub2",
    "sub3",
    "external_id",
    "clickid",
    "ClickID[]",
    "a",
    "cr_test",
    "gclid",
    "",
    "@x/",
]

hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(SPECIAL)), max_size=8).map("".join)
pages = st.tuples(
    st.sampled_from(["https://", "http://", "HTTPS://", "https:", "//", "https:\\\\", "ftp://", ""]),
    hostile,
    st.sampled_from([EXACT, f"x.{BELOW}", f"ü.{BELOW}", f"{EXACT}.", BELOW, "evil.example", "MÜnchen.example"]),
    hostile,
).map("".join)
texts = st.one_of(hostile, pages, st.text(max_size=12))
values = st.one_of(texts, texts.map(lambda text: quote(text, safe="", errors="replace")))
queries = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), hostile), values), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
)
programs = st.fixed_dictionaries(
    {
        "token_parameter": st.sampled_from([None, "clickid", "sub1", "a"]),
        "pass_query": st.sampled_from(["none", "listed", "all"]),
        "pass_names": st.sampled_from([(), ("sub1", "gclid", "url", "cr_test")]),
        "deep_link_hosts": st.sampled_from([(), HOSTS]),
    }
)
"""Settings of a program; the query is whatever aiohttp may hand over."""


def read_as_urllib(location: str) -> Origin:
    parts = urlsplit(location)
    assert (parts.username, parts.password) == (None, None)
    return parts.scheme, parts.hostname or "", parts.port or default_port(parts.scheme)


def read_as_yarl(location: str) -> Origin:
    url = URL(location, encoded=True)
    assert (url.user, url.password) == (None, None)
    return url.scheme, (url.raw_host or "").lower(), url.port or 0


def read_as_browsers(location: str) -> Origin:
    """Read as the WHATWG's URL standard does: much is forgiven, and a backslash is a slash."""
    text = re.sub("[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):/*([^/?#]*)", text)
    assert match
    scheme, authority = match[1].lower(), match[2]
    assert "@" not in authority
    host, port = re.fullmatch(r"(\[[^]]*\]|[^:]*):?([0-9]*)", authority).groups()  # type: ignore[union-attr]  # no match fails the test
    return scheme, unquote(host).lower().strip("[]"), int(port) if port else default_port(scheme)


def default_port(scheme: str) -> int:
    return {"http": 80, "https": 443}[scheme]


def may_be(origin: Origin, stored: Origin, hosts: tuple[str, ...]) -> bool:
    scheme, host, port = origin
    listed = host in (EXACT, ELSEWHERE) or (host.endswith(f".{BELOW}") and not host.startswith("."))
    return origin == stored or (bool(hosts) and listed and scheme in ("http", "https") and port == default_port(scheme))


def check(stored: str, query: str, program: dict[str, Any]) -> None:
    referral, parameters = found(target_url=stored, **program), read_parameters(query)
    for location in (
        build_location(keys(), referral, CLICK_ID, parameters, query).location,
        build_location_without_click(stored, referral, parameters, query),
    ):
        assert location.isascii()
        assert location.isprintable()
        assert " " not in location
        origins = {read_as_urllib(location), read_as_yarl(location), read_as_browsers(location)}
        assert len(origins) == 1
        assert may_be(origins.pop(), STORED[stored], program["deep_link_hosts"])


@MODEST
@given(st.sampled_from(sorted(STORED)), queries, programs)
def test_no_query_changes_where_a_location_leads(stored: str, query: str, program: dict[str, Any]) -> None:
    check(stored, query, program)


@pytest.mark.usefixtures("only_in_drill")
@examples(10_000)
@given(st.sampled_from(sorted(STORED)), queries, programs)
def test_none_of_ten_thousand_queries_does(stored: str, query: str, program: dict[str, Any]) -> None:
    check(stored, query, program)


@MODEST
@given(pages, st.integers(0, 2))
@example(f"https://evil.example\\@{EXACT}/", 1)
@example(f"https://{EXACT}\\@evil.example/", 1)
@example(f"https://evil.example#@{EXACT}/", 1)
@example(f"https://evil.example/.{BELOW}", 1)
@example(f"https://evil.example%2f.{BELOW}", 1)
@example(f"https://.{BELOW}", 1)
@example(f"https://evil.example\uff0f.{BELOW}", 1)
@example(f"https://evil.example%ef%bc%8f.{BELOW}", 1)
@example("https://evil.example\uff20münchen.example", 0)
def test_no_page_a_visitor_asks_for_is_elsewhere(page: str, times_encoded: int) -> None:
    for _ in range(times_encoded):
        page = quote(page, safe="", errors="replace")
    program = {"token_parameter": "clickid", "deep_link_hosts": HOSTS}
    check("https://stored.example:8443", f"url={page}", program)


@MODEST
@given(st.sampled_from([EXACT, f"x.{BELOW}", ELSEWHERE]), st.text(max_size=20))
def test_a_page_of_a_listed_host_is_reached(host: str, path: str) -> None:
    asked = f"https://{host}/{quote(path, errors='replace')}"
    referral = found(target_url="https://stored.example/", deep_link_hosts=HOSTS)
    query = f"url={quote(asked, safe='')}"
    assert build_location(keys(), referral, CLICK_ID, read_parameters(query), query).location == asked
