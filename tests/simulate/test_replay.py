import json
from typing import Any

import pytest

from simulate.planned import Planned
from simulate.replay import InvalidLine, read_requests

CODES = ("one", "two", "three")


def line(**changes: Any) -> bytes:
    fields = {
        "ip": "83.149.9.216",
        "ts": "2015-05-17T10:05:03+00:00",
        "method": "GET",
        "path": "/presentations/kibana-search.png",
        "referrer": "http://semicomplete.com/",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
    }
    return json.dumps(fields | changes).encode() + b"\n"


def read(*lines: bytes, codes: tuple[str, ...] = CODES) -> list[Planned | InvalidLine]:
    return list(read_requests(lines, codes))


def good(*lines: bytes, codes: tuple[str, ...] = CODES) -> list[Planned]:
    requests = [one for one in read(*lines, codes=codes) if isinstance(one, Planned)]
    assert len(requests) == len(lines)
    return requests


def reason(one: bytes) -> str:
    (bad,) = read(one)
    assert isinstance(bad, InvalidLine)
    assert bad.number == 1
    return bad.reason


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/ref/spring-26?sub1=a&utm_source=mail", "spring-26"),
        ("/ref/ab%63/?x=%20", "ab%63/"),
        ("/ref/sp\u00e4th", "sp\u00e4th"),
        ("/presentations/kibana-search.png", ""),
        ("/", ""),
        ("/ref", ""),
        ("//evil.example/ref/x", ""),
    ],
)
def test_a_path_is_sent_as_it_stands(path: str, code: str) -> None:
    (request,) = good(line(path=path), codes=())
    assert (request.path, request.code, request.expected) == (path, code, "anything")


def test_a_tracking_link_is_sent_as_it_stands_though_codes_are_named() -> None:
    known, unknown = good(line(path="/ref/two?sub1=a"), line(path="/ref/other?sub1=a"))
    assert (known.path, known.code, known.expected) == ("/ref/two?sub1=a", "two", "click")
    assert (unknown.path, unknown.code, unknown.expected) == ("/ref/other?sub1=a", "other", "anything")


def test_a_line_becomes_a_click_to_be() -> None:
    (request,) = good(line())
    assert request == Planned(
        id=1,
        kind="replay",
        expected="click",
        method="GET",
        path=f"/ref/{request.code}",
        code=request.code,
        headers=(
            ("X-Forwarded-For", "83.149.9.216"),
            ("Accept", "*/*"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
            ("Referer", "http://semicomplete.com/"),
        ),
        visitor="83.149.9.216 Mozilla/5.0 (X11; Linux x86_64)",
        at_s=0.0,
    )
    assert request.code in CODES


def test_the_same_path_always_leads_to_the_same_code() -> None:
    requests = good(*(line(path=f"/{number % 40}") for number in range(80)))
    assert [request.code for request in requests[:40]] == [request.code for request in requests[40:]]
    assert {request.code for request in requests} == set(CODES)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (("2026-05-04T09:00:00Z", "2026-05-04T09:00:01.5Z", "2026-05-04T11:00:02+02:00"), [0.0, 1.5, 2.0]),
        (("2026-05-04T09:00:00", "2026-05-04T09:00:07"), [0.0, 7.0]),
        (("2026-05-04T09:00:05Z", "2026-05-04T09:00:03Z", "2026-05-04T09:00:06Z"), [0.0, 0.0, 1.0]),
        ((None, "2026-05-04T09:00:05Z", None, "2026-05-04T09:00:06Z", None), [None, 0.0, 0.0, 1.0, 1.0]),
        ((None, None), [None, None]),
    ],
)
def test_each_line_has_its_time_after_the_first_and_none_goes_back(
    times: tuple[str | None, ...], seconds: list[float | None]
) -> None:
    assert [request.at_s for request in good(*(line(ts=time) for time in times))] == seconds


def test_what_was_absent_stays_absent() -> None:
    (request,) = good(line(referrer=None, user_agent=None))
    assert [name for name, _ in request.headers] == ["X-Forwarded-For", "Accept"]


def test_other_methods_are_sent_as_they_were() -> None:
    head, post = good(line(method="HEAD"), line(method="POST"))
    assert (head.method, head.kind, head.expected) == ("HEAD", "head", "redirect")
    assert (post.method, post.kind, post.expected) == ("POST", "method", "not_allowed")


def test_empty_lines_count_as_lines_and_as_nothing_else() -> None:
    assert [request.id for request in read(b"\n", line(), b"  \n", line()) if isinstance(request, Planned)] == [2, 4]


def test_bad_lines_are_named_by_number_and_good_ones_are_kept() -> None:
    requests = read(line(), b"{broken\n", line(ip="nowhere"), line())
    assert [type(one) for one in requests] == [Planned, InvalidLine, InvalidLine, Planned]
    assert [one.number for one in requests if isinstance(one, InvalidLine)] == [2, 3]


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (b"\xff\xfe\n", "JSON is malformed"),
        (b"[1, 2]\n", "Expected `object`"),
        (b'{"ip": "1.2.3.4", "method": "GET"}\n', "missing required field `path`"),
        (line(ip=7), "$.ip"),
        (line(ip="999.1.1.1"), "does not appear to be an IPv4 or IPv6 address"),
        (line(ip="fe80::1%eth0"), "its own network"),
        (line(method="get"), "no method"),
        (line(method="GET / HTTP/1.1\r\nX: y"), "no method"),
        (line(method=""), "no method"),
        (line(path=""), "no path"),
        (line(path="ref/demo"), "no path"),
        (line(path="https://shop.example/ref/demo"), "no path"),
        (line(path="/ref/demo HTTP/1.1\r\nX: y"), "no path"),
        (line(user_agent="a\r\nX-Evil: 1"), "line break"),
        (line(referrer="a\0b"), "NUL"),
        (line(ts="yesterday"), "ts: 'yesterday' is no time, such as 2026-05-04T09:00:00Z"),
        (line(ts=7), "$.ts"),
        (b'{"x": ' + b"[" * 100_000 + b"\n", ""),
    ],
)
def test_a_bad_line_says_what_is_wrong(one: bytes, says: str) -> None:
    assert says in reason(one)
