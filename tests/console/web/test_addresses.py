"""Addresses of our own pages, at the root of a site and below a path."""

import pytest

from console.web.addresses import Base, make_local_target, make_login_address, read_base

ROOT, BELOW = Base(), Base("/tracking/ops")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, ""),
        ("https://ops.example", ""),
        ("https://ops.example/", ""),
        ("https://ops.example/a", "/a"),
        ("https://ops.example/a/b/", "/a/b"),
    ],
)
def test_the_base_is_the_path_of_the_url(url: str | None, path: str) -> None:
    assert read_base(url) == Base(path)


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/tracking/ops/clicks?code=a", "/clicks?code=a"),
        ("/tracking/ops/", "/"),
        ("/tracking/ops", "/"),
        ("/tracking/ops?x=1", "/?x=1"),
        ("/clicks", "/clicks"),
        ("/tracking/opsother", "/tracking/opsother"),
    ],
)
def test_a_request_may_come_with_the_base_or_without(path: str, below: str) -> None:
    assert BELOW.relative(path) == below


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nSet-Cookie: x=1"],
)
@pytest.mark.parametrize("base", [ROOT, BELOW], ids=["root", "below"])
def test_a_login_never_leads_to_another_site(base: Base, target: str) -> None:
    assert make_local_target(base, target) == base.address("/")


def test_a_login_leads_to_where_one_wanted_to_go_but_not_to_itself() -> None:
    assert make_local_target(ROOT, "/clicks/01?a=b") == "/clicks/01?a=b"
    assert make_local_target(BELOW, "/tracking/ops/clicks/01?a=b") == "/tracking/ops/clicks/01?a=b"
    assert make_local_target(BELOW, "/clicks") == "/tracking/ops/clicks"
    assert make_local_target(ROOT, "/login?next=/login") == "/"
    assert make_local_target(BELOW, "/tracking/ops/login") == "/tracking/ops/"


def test_the_login_leads_back_whether_the_base_came_along_or_not() -> None:
    wanted = "/tracking/ops/login?next=/tracking/ops/clicks%3Fcode%3Da"

    assert make_login_address(BELOW, "/tracking/ops/clicks?code=a") == wanted
    assert make_login_address(BELOW, "/clicks?code=a") == wanted
    assert make_login_address(ROOT, "/clicks/\udcff") == "/login?next=/clicks/%FF"


def test_another_site_behind_the_base_is_another_site_still() -> None:
    assert make_local_target(BELOW, "/tracking/ops//evil.example") == "/tracking/ops/"
    assert make_local_target(BELOW, "/tracking/ops/\\evil.example") == "/tracking/ops/"
