from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.cookie_header import cookie_name, describe_cookie, find_cookies, find_program, set_cookie
from tests.identity.builders import DAY_S, MODEST


@pytest.mark.parametrize(
    ("https", "domain", "expected"),
    [
        (True, None, "__Host-cr-shop=x; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure"),
        (
            True,
            "shop.com",
            "__Secure-cr-shop=x; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=shop.com",
        ),
        (False, None, "cr-shop=x; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"),
        (False, "shop.com", "cr-shop=x; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax; Domain=shop.com"),
    ],
)
def test_name_and_attributes_follow_the_scheme_and_the_domain(
    *, https: bool, domain: str | None, expected: str
) -> None:
    cookie = describe_cookie("shop", 30 * DAY_S, https=https, domain=domain)

    assert set_cookie(cookie, "x", cookie.window_s) == expected


def test_another_reader_of_cookies_reads_ours() -> None:
    cookie = describe_cookie("shop", 30 * DAY_S, https=True, domain="shop.com")
    morsel = SimpleCookie(set_cookie(cookie, "v1.k7.AA_-", cookie.window_s))["__Secure-cr-shop"]

    assert {key: value for key, value in morsel.items() if value} == {
        "domain": "shop.com",
        "httponly": True,
        "max-age": "2592000",
        "path": "/",
        "samesite": "Lax",
        "secure": True,
    }
    assert morsel.value == "v1.k7.AA_-"


def test_a_cookie_lives_four_hundred_days_at_most() -> None:
    cookie = describe_cookie("shop", 1000 * DAY_S, https=True)

    assert cookie.window_s == 34_560_000


@pytest.mark.parametrize("program_id", ["", "Shop", "a" * 41, "a;b", "a=b", "a b", "a\r\n", "\u00e9"])
def test_what_is_no_program_id_names_no_cookie(program_id: str) -> None:
    with pytest.raises(ValueError, match="Not a program id"):
        cookie_name(program_id, https=True)


@pytest.mark.parametrize("domain", ["", "shop.com; Secure", "shop.com\r\nSet-Cookie: a=b", "sh\u00f6p.com"])
def test_what_is_no_domain_reaches_no_header(domain: str) -> None:
    with pytest.raises(ValueError, match="Not a cookie domain"):
        describe_cookie("shop", DAY_S, https=True, domain=domain)


@pytest.mark.parametrize("window_s", [0, -1])
def test_a_window_of_nothing_is_refused(window_s: int) -> None:
    with pytest.raises(ValueError, match="longer than 0 s"):
        describe_cookie("shop", window_s, https=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__Host-cr-shop", "shop"),
        ("__Secure-cr-shop", "shop"),
        ("cr-shop", "shop"),
        ("cr-cr-shop", "cr-shop"),
        ("__Host-cr-__Host-cr-x", "__Host-cr-x"),
        ("shop", None),
        ("__host-cr-shop", None),
    ],
)
def test_a_name_says_the_program(name: str, expected: str | None) -> None:
    assert find_program(name) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["cr-shop=1"], ["1"]),
        (["a=b;cr-shop=1;  cr-shop = 2 ; cr-shop2=3; xcr-shop=4"], ["1", "2"]),
        (["cr-shop=1", "cr-shop=2"], ["1", "2"]),
        (["cr-shop=a=b"], ["a=b"]),
        (["cr-shop="], [""]),
        (["cr-shop", "=cr-shop", ";;=;", "x=cr-shop=1", "CR-SHOP=1"], []),
        (['v="x\\012cr-shop=1"'], []),
        (["cr-shop=\udcff\x00"], ["\udcff\x00"]),
        ([f"cr-shop={number}" for number in range(99)], list("01234567")),
    ],
)
def test_a_cookie_is_found_by_its_exact_name_in_the_order_sent(lines: list[str], expected: list[str]) -> None:
    assert find_cookies(lines, "cr-shop") == expected


@MODEST
@given(st.lists(st.text(max_size=60)))
def test_any_lines_can_be_searched(lines: list[str]) -> None:
    assert all(isinstance(value, str) for value in find_cookies(lines, "cr-shop"))
