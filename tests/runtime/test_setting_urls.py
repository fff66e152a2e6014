"""URLs and addresses of settings: hosts, ports, and the rest."""

import pytest

from runtime.setting_urls import (
    HostPort,
    Url,
    UrlProblem,
    find_origin_problem,
    find_web_problem,
    is_host,
    read_url,
)


def test_a_url_is_read_into_its_decoded_parts() -> None:
    assert read_url("Some://u:p@one:1,two:2/a%20b?x=1%2C2&y=") == Url(
        "some", hosts=(HostPort("one", 1), HostPort("two", 2)), path="a b", options={"x": "1,2", "y": ""}
    )
    assert read_url("some://[::1]:1") == Url("some", hosts=(HostPort("::1", 1),), path="", options={})
    assert read_url("some://%2Frun%2Fx/") == Url("some", hosts=(HostPort("/run/x", None),), path="", options={})
    assert read_url("some://") == Url("some", hosts=(), path="", options={})
    assert read_url("some") == UrlProblem("not a URL")


@pytest.mark.parametrize("host", ["db", "db.", "a-b.c_d", "10.0.0.7", "[::1]", "/run/x", "1a", "a" * 63])
def test_a_name_or_an_address_is_a_host(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize(
    "host", ["", ".", "-a", "a-", "a..b", "300.1.1.1", "1.2.3", "7", "[::1", "[1.2.3.4]", "[fe80::1%eth0]", "a b", "ä"]
)
def test_another_text_is_no_host(host: str) -> None:
    assert not is_host(host)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://go.shop.com", None),
        ("http://127.0.0.1:8080", None),
        ("HTTPS://[::1]:8443", None),
        ("https://go.shop.com/", "it must end after the host or the port"),
        ("https://go.shop.com?x", "it must end after the host or the port"),
        ("go.shop.com", "it does not begin with http://"),
        ("ftp://go.shop.com", "it does not begin with http://"),
        ("https://", "it must name exactly one host"),
        ("https://a,b", "it must name exactly one host"),
        ("https://u:p@go.shop.com", "it contains a user name or password"),
        ("https://go.shop.com:port", "the port is not a number"),
        ("https://go shop.com", "it contains a character"),
        ("https://go.shöp.com", "it contains a character"),
        ("https://go..com", "the host is not a name"),
        ("https://%2Frun", "it must name exactly one host"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, reason: str | None) -> None:
    problem = find_origin_problem(url)

    assert (problem is None) is (reason is None)
    assert reason is None or (problem or "").startswith(reason)


def test_a_web_url_may_have_anything_behind_its_host() -> None:
    assert find_web_problem("https://shop.com/@me/{code}?a&b=/?#c") is None
