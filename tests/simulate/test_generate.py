import hashlib
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from multidict import CIMultiDict

from ingest.request.signals import is_prefetch
from simulate.planned import DEMO_CODES, EVERYDAY, STATUSES
from tests.simulate.builders import everyday, generated, header, only
from urls.links import match_code, split_path

DIGEST = """
import hashlib
from itertools import islice
from simulate.generate import generate
print(hashlib.sha256(repr(list(islice(generate(7), 500))).encode("utf-8", "surrogateescape")).hexdigest())
"""


def code_of(path: str) -> str | None:
    return match_code(split_path(path)[0])


def test_the_same_seed_gives_the_same_requests_in_the_same_order() -> None:
    assert generated(1000, seed=4) == generated(1000, seed=4)


def test_another_seed_gives_other_requests() -> None:
    assert generated(50, seed=1) != generated(50, seed=2)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    assert list(everyday()[:300]) == generated(300)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_gives_the_same(hash_seed: str) -> None:
    here = hashlib.sha256(repr(generated(500, seed=7)).encode("utf-8", "surrogateescape")).hexdigest()
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    there = subprocess.run([sys.executable, "-c", DIGEST], env=environ, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_ids_count_from_one() -> None:
    assert [request.id for request in everyday()] == list(range(1, 5001))


def test_every_kind_has_its_share() -> None:
    counts = Counter(request.kind for request in everyday())
    assert set(counts) == set(EVERYDAY)
    for kind, share in EVERYDAY.items():
        assert abs(counts[kind] / 50 - share) <= max(share * 0.2, 0.2), kind


def test_only_the_kinds_asked_for_are_made() -> None:
    counts = Counter(request.kind for request in generated(2000, shares={"visit": 3, "head": 1, "bot": 0}))
    assert set(counts) == {"visit", "head"}
    assert 2.5 <= counts["visit"] / counts["head"] <= 3.5


def test_no_header_and_no_path_can_break_out_of_its_line() -> None:
    name_of_header = re.compile(r"[A-Za-z-]+").fullmatch
    for request in everyday():
        assert re.fullmatch(r"/[!-~]*", request.path), request.path
        for name, value in request.headers:
            assert name_of_header(name)
            assert not set(value) & set("\r\n\0"), value
            value.encode("utf-8", "surrogateescape")


def test_ordinary_requests_stay_far_below_what_servers_allow() -> None:
    for request in everyday():
        if request.kind not in {"hostile", "malformed_code"}:
            assert len(request.path) + sum(len(name) + len(value) for name, value in request.headers) < 2500


def test_everybody_comes_from_an_address_of_their_own() -> None:
    requests = [request for request in everyday() if request.kind != "hostile"]
    assert all(header(request, "X-Forwarded-For") for request in requests)
    assert len({header(request, "X-Forwarded-For") for request in requests}) > 3500


def test_visits_go_to_the_codes_given_the_first_most_often() -> None:
    counts = Counter(request.code for request in only("visit", codes=("one", "two", "three")))
    assert [code for code, _ in counts.most_common()] == ["one", "two", "three"]


def test_without_options_the_codes_are_those_of_the_demo() -> None:
    assert {request.code for request in only("visit")} == set(DEMO_CODES)


@pytest.mark.parametrize("kind", ["visit", "repeat", "prefetch", "head", "bot", "preview", "hostile", "method"])
def test_a_good_link_is_read_as_its_code(kind: str) -> None:
    for request in only(kind):
        assert code_of(request.path) == request.code
        assert request.code in DEMO_CODES


def test_unknown_codes_could_be_codes_and_are_none_of_ours() -> None:
    for request in only("unknown_code", codes=("demo", "a", "Demo", "DEMO")):
        assert code_of(request.path) == request.code
        assert request.code not in {"demo", "a", "Demo", "DEMO"}


def test_a_code_of_one_letter_can_be_mistyped() -> None:
    assert all(request.code not in {"", "x"} for request in only("unknown_code", codes=("x",)))


def test_malformed_codes_are_never_read_as_one() -> None:
    requests = only("malformed_code")
    assert all(request.path.startswith("/ref/") and code_of(request.path) is None for request in requests)
    assert len({request.path for request in requests}) > 20


def test_other_paths_are_no_links() -> None:
    assert not [request.path for request in only("elsewhere") if request.path.startswith("/ref/")]


def test_repeats_are_people_who_were_here_under_the_name_they_had() -> None:
    requests = everyday()
    first = {request.visitor: request for request in reversed(requests) if request.visitor}
    repeats = [request for request in requests if request.kind == "repeat"]
    assert len(repeats) > 400
    for request in repeats:
        earlier = first[request.visitor]
        assert earlier.id < request.id
        for name in ("User-Agent", "Accept-Language", "X-Forwarded-For", "Sec-GPC"):
            assert header(request, name) == header(earlier, name)


def test_only_people_have_cookies() -> None:
    kinds = {request.kind for request in everyday() if request.visitor}
    assert kinds == {"visit", "repeat", "prefetch"}


def test_prefetches_say_so_and_nobody_else_does() -> None:
    for request in everyday():
        assert is_prefetch(CIMultiDict(request.headers)) == (request.kind == "prefetch")


def test_some_people_ask_for_privacy() -> None:
    people = only("visit", 5000)
    with_gpc = sum(header(request, "Sec-GPC") == "1" for request in people)
    with_dnt = sum(header(request, "DNT") == "1" for request in people)
    assert 75 <= with_gpc <= 350
    assert 75 <= with_dnt <= 350


def test_methods_are_as_planned() -> None:
    assert {request.method for request in only("head")} == {"HEAD"}
    assert {request.method for request in only("method")} == {"POST", "OPTIONS", "PUT", "DELETE", "PATCH"}
    assert {request.method for request in everyday() if request.kind not in {"head", "method"}} == {"GET"}


def test_every_request_expects_something() -> None:
    # What is said of a request that was made once, nobody here knows beforehand.
    assert {request.expected for request in everyday()} == set(STATUSES) - {"anything"}
