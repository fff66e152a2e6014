"""Each signal: what gives it, and the people who must not."""

import pytest

from quality.evidence import LaterEvidence
from quality.rules import DEFAULT_RULES
from quality.score import score_click
from schemas import Bot, ClientHints, Device, EnrichedClick, Fetch, Guards, Network, Referrer
from tests.quality.builders import (
    ANDROID_CHROME,
    FIREFOX,
    INSTAGRAM,
    IPHONE,
    USUAL,
    WINDOWS_CHROME,
    click_of,
    counted,
)

NO_REFERRER = Referrer(url=None, host=None, medium="direct")
DESKTOP = Device(type="desktop", os="Windows", browser="Chrome")


def names(click: EnrichedClick, later: LaterEvidence | None = None) -> list[str]:
    return [signal.name for signal in score_click(click, DEFAULT_RULES, later).signals]


PEOPLE = {
    "Chrome on Windows": click_of(),
    "Safari, which sends no hints": click_of(user_agent=IPHONE, client_hints=None),
    "Firefox": click_of(user_agent=FIREFOX, client_hints=None),
    "a view inside Instagram, without hints and language": click_of(
        user_agent=INSTAGRAM, client_hints=None, fetch=None, accept_language=None
    ),
    "a view inside an app, with a long user agent": click_of(user_agent=f"{INSTAGRAM} {'x' * 300}", client_hints=None),
    "Chrome behind a proxy that removes all headers": click_of(
        client_hints=None,
        fetch=None,
        accept_language=None,
        guards=Guards(chrome=1000, accept_language=3, client_hints=0, fetch=0, newest_chrome=142, status="judged"),
    ),
    "Chrome on a host that few visit": click_of(
        client_hints=None,
        fetch=None,
        accept_language=None,
        guards=Guards(chrome=3, accept_language=3, client_hints=3, fetch=3, newest_chrome=142, status="judged"),
    ),
    "a click of which nothing was judged": click_of(client_hints=None, fetch=None, guards=Guards()),
    "a phone in desktop mode": click_of(
        user_agent=WINDOWS_CHROME.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64"),
        client_hints=ClientHints(ua='"Chromium";v="142"', mobile="?1", platform='"Android"'),
    ),
    "the last Chrome of Windows 7": click_of(user_agent=WINDOWS_CHROME.replace("142.", "109.")),
    "an old Chrome on a phone": click_of(
        user_agent=ANDROID_CHROME.replace("142.", "80."),
        client_hints=None,
        device=Device(type="mobile", os="Android", browser="Chrome Mobile"),
    ),
    "Apple's relay": click_of(network=Network(status="found", kind="relay", provider="Apple")),
    "phones of one carrier's address, each at another link": click_of(
        user_agent=ANDROID_CHROME,
        client_hints=ClientHints(ua='"Chromium";v="142"', mobile="?1", platform='"Android"'),
        device=Device(type="mobile", os="Android", browser="Chrome Mobile"),
        referrer=NO_REFERRER,
        counts=counted(links_10s=8),
    ),
    "an office with one browser version, each at another link": click_of(
        referrer=NO_REFERRER, counts=counted(links_10s=8, net_cookies_600s=36)
    ),
    "tabs opened from a page": click_of(counts=counted(links_10s=6)),
    "an office that reads the same newsletter": click_of(
        counts=counted(links_10s=6, net_clients_600s=40), referrer=NO_REFERRER
    ),
    "a person with a cookie who opens links of a mail": click_of(
        counts=counted(links_10s=6), referrer=NO_REFERRER, cookie_state="valid"
    ),
    "a busy office": click_of(counts=counted(client_60s=25, net_60s=200, net_clients_600s=40, net_clients_60s=30)),
    "phones of a mobile carrier that share an address": click_of(
        counts=counted(client_60s=25, net_60s=200, net_clients_60s=3),
        network=Network(status="found", asn=21928, kind="other"),
    ),
    "a person with a cookie who clicks often": click_of(cookie_state="valid", counts=counted(client_60s=15)),
}


@pytest.mark.parametrize("click", PEOPLE.values(), ids=PEOPLE)
def test_a_person_gives_no_signal(click: EnrichedClick) -> None:
    assert names(click) == []


SIGNALS = {
    "declared_bot": [click_of(bot=Bot(is_bot=True, reasons=["http_library"], kind="bot"))],
    "odd_user_agent": [
        click_of(user_agent="Mozilla/5.0", client_hints=None),
        click_of(user_agent=f"{WINDOWS_CHROME} {'x' * 300}"),
    ],
    "prefetch": [click_of(prefetch=True)],
    "hosting_network": [click_of(network=Network(status="found", kind="hosting", org="Example Hosting"))],
    "tor_exit": [click_of(network=Network(status="found", kind="tor"))],
    "vpn_network": [click_of(network=Network(status="found", kind="vpn"))],
    "mail_security_network": [
        click_of(network=Network(status="found", kind="mail_security", certainty="certain")),
        click_of(network=Network(status="found", kind="mail_security", certainty="probable")),
    ],
    "no_accept_language": [click_of(accept_language=None), click_of(accept_language="")],
    "hints_contradict": [
        click_of(client_hints=ClientHints(ua='"Chromium";v="142"', platform='"Linux"')),
        click_of(client_hints=ClientHints(ua='"HeadlessChrome";v="142"', platform='"Windows"')),
    ],
    "hints_missing": [click_of(client_hints=None), click_of(client_hints=ClientHints(mobile="?0"))],
    "not_a_navigation": [
        click_of(fetch=None),
        click_of(fetch=Fetch(site="cross-site", mode="no-cors", dest="image")),
        click_of(fetch=Fetch(mode="cors", dest="empty"), guards=Guards()),
        click_of(user_agent=FIREFOX, client_hints=None, fetch=Fetch()),
    ],
    "stale_browser": [click_of(user_agent=WINDOWS_CHROME.replace("142.", "117."), device=DESKTOP)],
    "duplicate_click": [click_of(counts=counted(same_link_30s=1)), click_of(counts=counted(same_link_30s=9))],
    "client_rate": [
        click_of(counts=counted(client_60s=10)),
        click_of(counts=counted(client_600s=20)),
        click_of(counts=counted(client_60s=30, net_clients_600s=10)),
        click_of(counts=counted(client_60s=30), network=Network(status="found", kind="relay")),
        click_of(counts=counted(client_60s=30), network=Network(status="found", asn=21928, kind="other")),
        click_of(counts=counted(client_60s=25), network=Network(status="found", asn=2860, kind="other")),
    ],
    "network_rate": [
        click_of(counts=counted(net_60s=61, net_clients_60s=7)),
        click_of(
            counts=counted(net_60s=200, net_clients_60s=3), network=Network(status="found", asn=2860, kind="other")
        ),
    ],
    "link_sweep": [
        click_of(counts=counted(links_10s=3), referrer=NO_REFERRER),
        click_of(
            counts=counted(net_links_10s=3), referrer=NO_REFERRER, network=Network(status="found", kind="mail_security")
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "click"),
    [(name, click) for name, clicks in SIGNALS.items() for click in clicks],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_click_gives_its_signal(name: str, click: EnrichedClick) -> None:
    assert name in names(click)


@pytest.mark.parametrize(
    ("name", "later"),
    [
        ("twin_click", LaterEvidence(twin="no_accept_language")),
        ("machine_rhythm", LaterEvidence(rhythm=0.02, rhythm_clicks=6)),
        ("wide_client", LaterEvidence(affiliates=5)),
    ],
)
def test_later_clicks_give_further_signals(name: str, later: LaterEvidence) -> None:
    assert names(click_of(), later) == [name]
    assert names(click_of()) == []


def test_the_first_clicks_of_a_sweep_are_found_when_settled() -> None:
    first = click_of(referrer=NO_REFERRER)

    assert names(first) == []
    assert names(first, LaterEvidence(sweep_links=3)) == ["link_sweep"]


@pytest.mark.parametrize(
    "later",
    [
        LaterEvidence(rhythm=0.02, rhythm_clicks=5),
        LaterEvidence(rhythm=0.1, rhythm_clicks=50),
        LaterEvidence(affiliates=4),
    ],
    ids=str,
)
def test_later_clicks_of_a_person_give_none(later: LaterEvidence) -> None:
    assert names(click_of(), later) == []


def test_the_largest_window_over_its_limit_is_named() -> None:
    (signal,) = score_click(click_of(counts=counted(client_60s=30, client_600s=44)), DEFAULT_RULES).signals

    assert (signal.value, signal.limit, signal.detail) == (44, 20, "600s")


def test_a_click_that_was_not_counted_gives_no_rate() -> None:
    counts = counted(client_60s=None, client_600s=None, net_60s=None, same_link_30s=None, links_10s=None)

    assert names(click_of(counts=counts, guards=USUAL, referrer=NO_REFERRER)) == []
