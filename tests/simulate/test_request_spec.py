from pathlib import Path
from typing import Any

import pytest

from simulate.planned import DEMO_CODES
from simulate.report import describe_duration, describe_left_out
from simulate.request_spec import RequestSpec, make_spec
from simulate.traffic_options import InvalidSpec, TrafficOptions, find_url
from tests.simulate.test_replay import line


def spec(**options: Any) -> RequestSpec:
    return make_spec(TrafficOptions(**{"codes": "demo"} | options))


def write(path: Path, *lines: bytes) -> Path:
    file = path / "requests.jsonl"
    file.write_bytes(b"".join(lines))
    return file


def log(path: Path, *times: str | None) -> Path:
    """Write a request for each of these times."""
    return write(path, *(line(ts=time) for time in times))


def test_a_minute_is_sent_unless_told_otherwise() -> None:
    assert spec().total == 12_000
    assert spec(rate=50.0, seconds=2.5).total == 125
    assert spec(rate=0.1, seconds=1).total == 1


@pytest.mark.parametrize(
    ("url", "environ", "found"),
    [
        (None, {}, "http://127.0.0.1:8080"),
        (None, {"CLICKRAIL_INGEST_PORT": "8099"}, "http://127.0.0.1:8099"),
        ("http://edge:80", {"CLICKRAIL_INGEST_PORT": "8099"}, "http://edge:80"),
        (None, {"CLICKRAIL_PUBLIC_URL": "https://go.shop.example"}, "http://127.0.0.1:8080"),
    ],
)
def test_traffic_goes_to_the_stack_whose_port_is_set(url: str | None, environ: dict[str, str], found: str) -> None:
    assert find_url(url, environ) == found


@pytest.mark.parametrize("port", ["0", "", "eighty", "99999", "\u0663"])
def test_a_port_to_which_nothing_can_be_sent_is_named(port: str) -> None:
    with pytest.raises(InvalidSpec, match=f"CLICKRAIL_INGEST_PORT is {port!r}, .*--url"):
        find_url(None, {"CLICKRAIL_INGEST_PORT": port})


def test_without_codes_a_file_is_sent_as_it_stands_and_other_traffic_goes_to_the_demo(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line(path="/ref/mine?sub1=a"))
    assert [request.path for request in spec(codes=None, requests=file).plan()] == ["/ref/mine?sub1=a"]
    assert spec(codes=None).codes == DEMO_CODES


def test_the_plan_is_as_long_as_ordered() -> None:
    made = spec(seconds=1, codes=" one , two,")
    assert made.codes == ("one", "two")
    assert [request.id for request in made.plan()] == list(range(1, 201))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"codes": "a b"}, "--codes: 'a b'"),
        ({"codes": "x" * 65}, "--codes: "),
        ({"codes": " , "}, "--codes: name at least one"),
        ({"rate": 0.0}, "--rate must be above 0"),
        ({"rate": float("nan")}, "--rate"),
        ({"rate": float("inf")}, "--rate"),
        ({"seconds": -1.0}, "--seconds must be above 0"),
        ({"seconds": float("inf")}, "--seconds"),
        ({"speed": 0.0}, "--speed must be above 0"),
        ({"speed": float("nan")}, "--speed must be above 0"),
        ({"speed": 60.0}, "--speed goes with --trace and --requests"),
        ({"speed": 60.0, "rate": 10.0}, "--speed and --rate exclude each other"),
        ({"trace": "ghosts"}, "--trace: there is no trace 'ghosts': name one of office, nat"),
        ({"trace": "office", "rate": 5.0}, "--trace sends its own requests"),
        ({"trace": "office", "requests": Path("/nowhere.jsonl")}, "--trace sends its own requests"),
        ({"trace": "office", "size": 0}, "--size must be from 1 to 100,000"),
        ({"trace": "office", "background": -1}, "--background must be from 0"),
        ({"size": 5}, "--size and --background go with --trace"),
        ({"connections": 0}, "--connections must be from 1"),
        ({"url": "127.0.0.1:8080"}, "--url: '127.0.0.1:8080' is no address"),
        ({"url": "ftp://shop.example"}, "--url: "),
        ({"url": "http://"}, "--url: "),
        ({"url": "http://h:99999"}, "--url: "),
        ({"url": "http://user:secret@h"}, "--url: "),
        ({"url": "http://127.0.0.1:8080/ref/demo"}, "--url: 'http://127.0.0.1:8080/ref/demo' says more"),
        ({"requests": Path("/nowhere.jsonl")}, "--requests: /nowhere.jsonl cannot be read: No such file"),
    ],
)
def test_what_cannot_be_followed_is_said_in_one_line(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidSpec) as raised:
        spec(**wrong)
    assert str(raised.value).startswith(says)
    assert "\n" not in str(raised.value)


def test_a_file_is_sent_whole_or_for_so_long(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line() * 30)
    assert spec(requests=file).total == 30
    assert spec(requests=file, rate=10.0, seconds=2).total == 20
    assert [request.id for request in spec(requests=file, rate=10.0, seconds=1).plan()] == list(range(1, 11))


def test_a_file_with_times_is_sent_at_its_times_unless_a_rate_is_given(tmp_path: Path) -> None:
    file = log(tmp_path, "2026-05-04T09:00:00Z", "2026-05-04T09:10:00Z")
    assert spec(requests=file).sending.speed == 1
    assert spec(requests=file, speed=60.0).sending.speed == 60
    at_rate = spec(requests=file, rate=10.0).sending
    assert (at_rate.rate, at_rate.speed) == (10, None)
    assert [request.at_s for request in spec(requests=file).plan()] == [0, 600]


def test_a_file_without_any_time_is_sent_at_the_rate(tmp_path: Path) -> None:
    file = log(tmp_path, None, None)
    sending = spec(requests=file).sending
    assert (sending.rate, sending.speed) == (200, None)
    with pytest.raises(InvalidSpec, match=f"--speed: no line of {file} has a ts"):
        spec(requests=file, speed=2.0)


def test_what_takes_long_is_said_before(tmp_path: Path) -> None:
    file = log(tmp_path, "2026-05-04T09:00:00Z", "2026-05-05T10:01:02Z")
    (said,) = describe_duration(spec(requests=file))
    assert said.startswith("At the times of the requests this takes 1 day, 1:01:02 (h:mm:ss): --speed 60 plays an hour")
    assert said.endswith(", and --rate 200 ignores them")
    assert list(describe_duration(spec(requests=file, speed=3600.0))) == []
    assert list(describe_duration(spec(requests=file, rate=10.0))) == []
    assert list(describe_duration(spec(requests=file, seconds=100.0))) == []
    (said,) = describe_duration(spec(trace="slow-bot", size=10, background=0, speed=2.0))
    assert said.startswith("At the times of the requests this takes 0:03:")
    assert "--rate" not in said


def test_a_file_with_times_is_sent_for_so_long_by_its_times(tmp_path: Path) -> None:
    file = log(tmp_path, *(f"2026-05-04T09:{minute:02}:00Z" for minute in range(30)))
    assert spec(requests=file, seconds=600.0).total == 11
    assert spec(requests=file, seconds=10.0, speed=60.0).total == 11
    assert spec(requests=file, seconds=3600.0).total == 30


def test_a_trace_is_sent_at_its_times_whole_or_for_so_long() -> None:
    made = spec(codes=None, trace="slow-bot", size=10, background=0)
    assert (made.total, made.sending.speed, made.codes) == (10, 1, DEMO_CODES)
    assert [request.id for request in made.plan()] == list(range(1, 11))
    assert spec(trace="slow-bot", size=10, background=0, seconds=100.0).total == 3
    assert spec(trace="slow-bot", size=10, background=0, seconds=10.0, speed=10.0).total == 3


def test_a_trace_has_the_codes_and_the_seed_given() -> None:
    made = [list(spec(codes="one,two", trace="office", size=5, seed=seed).plan()) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert {request.code for request in made[0]} == {"one", "two"}


def test_lines_that_are_none_are_left_out_and_named(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(line() + b"oops\n" * 12 + line())
    made = spec(requests=file)
    said = list(describe_left_out(made))
    assert [request.id for request in made.plan()] == [1, 14]
    assert said[0].startswith(f"{file}, line 2 is left out: JSON is malformed")
    assert said[10:] == [f"{file}: 2 more lines are left out"]


def test_a_file_without_a_request_is_no_order(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b"oops\n")
    with pytest.raises(InvalidSpec, match=r"no line of .* is a request; line 1: JSON is malformed"):
        spec(requests=file)
