from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.urls.target_cases import LEFT_TO_PYTHON, NO_TARGETS, TARGETS
from urls.targets import MACROS, TargetProblem, check_new_target, check_target, find_macros, is_safe_target


@pytest.mark.parametrize("url", TARGETS)
def test_a_target_is_given_back_as_it_is(url: str) -> None:
    assert url == check_target(url)


@pytest.mark.parametrize("url", NO_TARGETS + LEFT_TO_PYTHON)
def test_what_is_no_target_is_refused(url: str) -> None:
    assert isinstance(check_target(url), TargetProblem)


@pytest.mark.parametrize("url", ["http://1.2.3/", "https://xn--0.example/", "https://e.com:080/", *TARGETS])
def test_what_was_stored_before_a_rule_may_still_be_sent_to_visitors(url: str) -> None:
    assert is_safe_target(url)


@pytest.mark.parametrize("url", ["javascript:x", "http://a@evil.tld", "https://x\n", "https://e.com:65536/", "//x"])
def test_what_could_harm_is_never_sent_whoever_stored_it(url: str) -> None:
    assert not is_safe_target(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "a target has 1 to 2048 characters; this one has 0"),
        ("https://e.com/" + "x" * 2035, "a target has 1 to 2048 characters; this one has 2049"),
        ("javascript:alert(1)", "a target starts with http:// or https://"),
        ("data:text/html,x", "a target starts with http:// or https://"),
        ("ftp://e.com", "a target starts with http:// or https://"),
        ("//evil.tld", "a target starts with http:// or https://"),
        ("/path", "a target starts with http:// or https://"),
        ("shop.example/path", "a target starts with http:// or https://"),
        ("https:evil.tld", "a target needs a host: https:// and then the host"),
        ("http:/evil.tld", "a target needs a host: http:// and then the host"),
        ("https://", "a target needs a host"),
        ("https:///path", "a target needs a host"),
        ("https://?x", "a target needs a host"),
        ("https://:443/", "a target needs a host"),
        ("http://a@evil.tld", "a target holds no user name or password before its host"),
        ("https://shop.example:pw@evil.tld/", "a target holds no user name or password before its host"),
        ("\\\\evil.tld", "a target holds no backslash: write / or %5C"),
        ("https://shop.example\\@evil.tld", "a target holds no backslash: write / or %5C"),
        (" https://x", "a target holds no white space: write %20"),
        ("https://x\ty", "a target holds no white space: write %20"),
        ("https://x\n", "a target holds no white space: write %20"),
        ("https://x\r\nSet-Cookie: x=1", "a target holds no white space: write %20"),
        ("https://x\u2028", "a target holds no white space: write %20"),
        ("https://x\0", "a target holds no control characters"),
        ("https://x\x1b[2J", "a target holds no control characters"),
        ("https://x\x7f", "a target holds no control characters"),
        ("https://e.com/ü", "a target is ASCII: percent-encode it, as in https://e.com/%C3%BC"),
        ("https://bücher.example/", "a target is ASCII: percent-encode it, and write the host in its xn-- form"),
        ("https://e.com/\u202ex", "a target is ASCII: percent-encode it, as in https://e.com/%E2%80%AEx"),
        ("https://e.com/\udcff", "a target is ASCII: percent-encode it"),
        ("https://{sub1}.example/", "{sub1}.example is not a host name or address"),
        ("https://%65vil.tld/", "%65vil.tld is not a host name or address"),
        ("https://e..com/", "e..com is not a host name or address"),
        ("https://./", ". is not a host name or address"),
        ("https://-e.com/", "-e.com is not a host name or address"),
        ("https://[::1/", "[::1 is not a host name or address"),
        ("https://[::1]x/", "[::1]x is not a host name or address"),
        ("https://[1::2::3]/", "[1::2::3] is not a host name or address"),
        ("https://e.com:/", "a port is a number from 1 to 65535"),
        ("https://e.com:0/", "a port is a number from 1 to 65535"),
        ("https://e.com:65536/", "a port is a number from 1 to 65535"),
        ("https://e.com:80a/", "a port is a number from 1 to 65535"),
        ("https://e.com:080/", "a port is a number from 1 to 65535, without zeros in front"),
        ("http://1.2.3:80/", "1.2.3 ends in a number, and is no address of four numbers from 0 to 255"),
        ("https://a.xn--0.example/", "xn--0 is no valid Punycode, so no browser can look the host up"),
    ],
)
def test_anything_else_is_refused_with_a_reason(url: str, reason: str) -> None:
    assert TargetProblem(reason) == check_target(url)


HOSTILE = st.text(st.sampled_from(list("hHtTpPsS:/\\@.?#[]{}%a1-_ \t\r\n\0é\u2028")), max_size=40)


@given(st.one_of(HOSTILE, HOSTILE.map("https://".__add__), st.text(max_size=40)))
def test_whatever_is_accepted_means_the_same_to_every_reader(url: str) -> None:
    if check_target(url) != url:
        return
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert (parts.username, parts.password) == (None, None)
    assert url.isascii()
    assert url.isprintable()
    assert "\\" not in url


@pytest.mark.parametrize(
    "url",
    [*(f"https://e.com/{{{name}}}" for name in MACROS), 'https://e.com/{}?a={"b":1}{{code}}{', "https://e.com/{a b}"],
)
def test_a_new_target_may_have_every_macro_and_braces_that_are_none(url: str) -> None:
    assert check_new_target(url) == check_target(url)


@pytest.mark.parametrize("name", ["clickid", "CLICK_ID", "sub6", "sub0", "0", "a-b", "a.b", "u", "click_id_"])
def test_a_macro_that_there_is_not_is_named(name: str) -> None:
    refused = check_new_target(f"https://e.com/{{code}}?a={{{name}}}")
    assert isinstance(refused, TargetProblem)
    assert refused.reason.startswith(f"there is no macro {{{name}}}, only {{click_id}}, {{click_token}}, {{code}}, ")
    assert check_target(f"https://e.com/{{{name}}}") == f"https://e.com/{{{name}}}"


def test_what_is_no_target_at_all_is_told_before_its_macros() -> None:
    assert check_new_target("ftp://e.com/{x}") == TargetProblem("a target starts with http:// or https://")


def test_the_macros_of_a_target_are_known() -> None:
    assert find_macros("https://e.com/{code}?{clickid}={sub1}#{code}") == {"code", "sub1"}
