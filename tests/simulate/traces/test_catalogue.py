import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from ipaddress import ip_address

import pytest
from typer.models import OptionInfo

from cli.simulate_command import TraceName
from docs.generate import FOLDER
from enricher.steps.agent import load_agent_reader
from simulate.browsers import BROWSERS
from simulate.traces.catalogue import LEAD, RECIPES, make_trace
from simulate.traces.model import TraceParameters
from tests.simulate.traces.builders import alone, header, traced

NAMES = list(RECIPES)
ENGINES = {browser.user_agent: browser.engine for browser in BROWSERS}

# Trace -> requests of each kind with seed 1, without the people beside it.
COUNTS = {
    "office": {"office_worker": 461},
    "nat": {"carrier_phone": 700},
    "relay": {"relay_user": 472},
    "webviews": {"web_view": 509},
    "coupon-tabs": {"coupon_hunter": 701},
    "double-taps": {"double_tapper": 422},
    "newsletter": {"reader": 1872},
    "mail-gateway": {"mail_gateway": 1130, "reader": 78},
    "twin": {"reader": 150, "twin": 123, "second_device": 27},
    "quote-pairs": {"quote_scanner": 200},
    "burst": {"burst": 300},
    "slow-bot": {"slow_bot": 320},
    "proxies": {"proxy_click": 300},
    "tor": {"tor_script": 180, "tor_user": 164},
    "attack": {"attack": 400},
}
DIGEST = """
import hashlib
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.model import TraceParameters
traces = [make_trace(name, TraceParameters(seed=7, size=20)) for name in RECIPES]
print(hashlib.sha256(repr(traces).encode()).hexdigest())
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(name: str) -> None:
    trace = make_trace(name, TraceParameters(seed=3, size=30))
    assert trace == make_trace(name, TraceParameters(seed=3, size=30))
    assert trace.requests != make_trace(name, TraceParameters(seed=4, size=30)).requests


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_gives_the_same(hash_seed: str) -> None:
    traces = [make_trace(name, TraceParameters(seed=7, size=20)) for name in NAMES]
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    there = subprocess.run([sys.executable, "-c", DIGEST], env=environ, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == hashlib.sha256(repr(traces).encode()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_has_its_number_of_requests(name: str) -> None:
    assert Counter(request.actor.kind for request in alone(name)) == COUNTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_in_the_order_of_their_times(name: str) -> None:
    times = [request.at_ms for request in traced(name)]
    assert times == sorted(times)
    assert times[0] >= 0


@pytest.mark.parametrize("name", NAMES)
def test_a_name_belongs_to_one_actor(name: str) -> None:
    actors = {request.actor for request in traced(name)}
    assert len({actor.name for actor in actors}) == len(actors)


@pytest.mark.parametrize("name", NAMES)
def test_people_bring_all_that_their_browser_sends(name: str) -> None:
    for request in traced(name):
        if request.actor.who != "person":
            continue
        engine = ENGINES[header(request, "User-Agent") or ""]
        assert header(request, "Accept-Language"), request
        assert header(request, "Sec-Fetch-Mode") == "navigate"
        assert header(request, "Sec-Fetch-Site") == ("cross-site" if header(request, "Referer") else "none")
        assert (header(request, "Sec-CH-UA") is not None) == (engine == "chromium")
        assert (header(request, "Sec-Fetch-User") is None) == (engine == "webkit")
        assert request.actor.keeps_cookies


@pytest.mark.parametrize("name", [name for name in NAMES if name != "slow-bot"])
def test_machines_lack_what_only_browsers_send(name: str) -> None:
    for request in traced(name):
        if request.actor.who == "machine":
            assert not [one for one, _ in request.headers if one.startswith("Sec-") or one == "Referer"]
            assert not request.actor.keeps_cookies


def test_people_s_user_agents_are_no_bots_and_only_two_machines_declare_themselves() -> None:
    read = load_agent_reader()
    bots = {
        (request.actor.who, header(request, "User-Agent"))
        for name in NAMES
        for request in traced(name)
        if read(header(request, "User-Agent"), None).bot.is_bot
    }
    assert bots == {("machine", "curl/8.16.0"), ("machine", "python-requests/2.32.5")}


@pytest.mark.parametrize("name", NAMES)
def test_requests_can_be_sent_and_come_from_public_addresses(name: str) -> None:
    for request in traced(name):
        assert ip_address(request.address).is_global, request.address
        assert re.fullmatch(r"[!-~]*", request.link.query), request.link
        assert not [value for _, value in request.headers if set(value) & set("\r\n\0") or not value.isascii()]
        assert not {"Host", "Cookie", "X-Forwarded-For"} & {one for one, _ in request.headers}


@pytest.mark.parametrize("name", NAMES)
def test_over_plain_http_no_browser_sends_hints_or_sec_fetch(name: str) -> None:
    plain = traced(name, is_https=False)
    assert not [one for request in plain for one, _ in request.headers if one.startswith("Sec-")]
    assert [request.at_ms for request in plain] == [request.at_ms for request in traced(name)]


def test_links_have_the_codes_given() -> None:
    for name in NAMES:
        assert {request.link.code for request in traced(name, codes=("one", "two"))} <= {"one", "two"}


def test_people_come_beside_machines_and_before_them_and_change_nothing_of_them() -> None:
    beside, bare = traced("burst", background=50), alone("burst")
    machines = [request for request in beside if request.actor.who == "machine"]
    assert len({request.actor.name for request in beside if request.actor.who == "person"}) == 50
    assert [request.at_ms - LEAD for request in machines] == [request.at_ms for request in bare]
    assert beside[0].at_ms < LEAD
    assert beside[0].actor.kind == "visitor"


def test_a_size_is_kept() -> None:
    assert len({request.actor.name for request in alone("office", size=7)}) == 7
    assert len(alone("burst", size=7)) == 7


@pytest.mark.parametrize("wrong", [{"size": 0}, {"background": -1}])
def test_a_trace_of_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one of its requests"):
        make_trace("burst", TraceParameters(**wrong))


def test_the_documents_and_the_command_s_help_name_every_trace() -> None:
    page = (FOLDER / "traces.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == NAMES
    (option,) = (option for option in TraceName.__metadata__ if isinstance(option, OptionInfo))
    assert re.findall(r"[a-z]+(?:-[a-z]+)*(?=[,)])", option.help or "") == NAMES


def test_an_unknown_trace_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        make_trace("ghosts", TraceParameters())
