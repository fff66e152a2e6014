"""Answers as they stand on the wire."""

import pytest

from ingest.http.response import ACCEPT_CH, make_page, redirect_to
from tests.ingest.wire import read_answers

SHOES = "https://shop.example/shoes?a=%2Fb&z=a+b"
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


def test_a_redirect_is_never_stored_and_its_location_is_as_it_was_given() -> None:
    assert (
        redirect_to(SHOES).render(DATE, "", has_body=True)
        == (
            f"HTTP/1.1 302 Found\r\nLocation: {SHOES}\r\nCache-Control: no-store\r\nContent-Length: 0\r\n"
            f"Date: {DATE}\r\n\r\n"
        ).encode()
    )


def test_a_cookie_is_set_only_when_there_is_one() -> None:
    (without,) = read_answers(redirect_to(SHOES).render(DATE, "", has_body=True))
    (with_one,) = read_answers(redirect_to(SHOES, "a=b; Path=/").render(DATE, "Connection: close\r\n", has_body=True))
    assert without.headers.getall("Set-Cookie", []) == []
    assert with_one.headers.getall("Set-Cookie") == ["a=b; Path=/"]
    assert with_one.headers["Connection"] == "close"


def test_more_client_hints_are_asked_for_and_no_second_request_is() -> None:
    (answer,) = read_answers(redirect_to(SHOES, "a=b", ACCEPT_CH).render(DATE, "", has_body=True))
    assert answer.headers["Accept-CH"] == "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version"
    assert (answer.headers["Set-Cookie"], answer.headers["Cache-Control"]) == ("a=b", "no-store")
    assert "Critical-CH" not in answer.headers


@pytest.mark.parametrize(
    "location", ["https://e.example/\r\nSet-Cookie: x=1", "https://e.example/\n", "https://é.example/"]
)
def test_a_location_that_would_leave_its_line_is_refused(location: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        redirect_to(location)


@pytest.mark.parametrize(
    ("status", "more", "ends"),
    [
        (400, {}, True),
        (404, {}, False),
        (405, {"Allow": "GET, HEAD"}, True),
        (429, {"Retry-After": "7"}, False),
        (431, {}, True),
        (500, {}, True),
        (503, {"Retry-After": "7"}, False),
    ],
)
def test_a_page_says_what_happened_and_holds_nothing_of_the_request(
    status: int, more: dict[str, str], ends: bool
) -> None:
    response = make_page(status, 7)
    (answer,) = read_answers(response.render(DATE, "", has_body=True))
    assert (answer.status, response.closes) == (status, ends)
    assert answer.body.startswith(b"<!doctype html>")
    assert dict(answer.headers) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(answer.body)),
        "Cache-Control": "no-store",
        "Date": DATE,
        **more,
    }


def test_an_answer_to_head_tells_the_length_and_sends_nothing_of_it() -> None:
    (answer,) = read_answers(make_page(404).render(DATE, "", has_body=False), is_head=True)
    assert int(answer.headers["Content-Length"]) == len(make_page(404).body) > 0
