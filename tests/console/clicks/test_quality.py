"""What a click is worth, in words."""

from datetime import timedelta

import pytest

from console.clicks.events import Decision
from console.clicks.explain import explain
from console.clicks.quality import describe_network, describe_uniqueness, explain_score, report_quality
from quality.evidence import LaterEvidence
from quality.rules import DEFAULT_RULES
from quality.score import score_click
from schemas import Counts, Fraud, Network, Signal, Uniqueness
from storage.read.records import StoredClick
from storage.read.scores import ManualVerdict, SettledScore, Verdict
from tests.console.builders import NOW, enriched_click, ulid_at

OPENER = ulid_at(NOW, 7)
DAY_S = 86_400
HOSTING = Signal(name="hosting_network", weight=0.35, detail="Example Hosting")
SWEEP = Signal(name="link_sweep", weight=0.8, value=5.0, limit=3.0)
LIVE = Fraud(score=35, band="suspicious", signals=[HOSTING], rules="clickrail 1 abc", stage="live")
SETTLED = Fraud(
    score=87,
    band="likely_invalid",
    ivt_class="sivt",
    signals=[HOSTING, SWEEP],
    rules="clickrail 1 abc",
    stage="settled",
)
LATER = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (
            Network(status="found", asn=16509, org="Amazon.com", kind="hosting", certainty="probable", provider="AWS"),
            "AS16509 Amazon.com: probably a hosting provider (AWS).",
        ),
        (
            Network(status="found", asn=3243, org="MEO", kind="other", certainty="certain"),
            "AS3243 MEO: no special kind of network.",
        ),
        (
            Network(status="not_found", kind="vpn", lists=["vpn.txt", "ours.txt"]),
            "Network without a number: a VPN, by vpn.txt, ours.txt.",
        ),
        (Network(status="found", asn=3243), "AS3243."),
        (Network(status="found", asn=1, kind="of_later"), "AS1: of later."),
        (Network(status="no_database"), "There is no ASN database, so the network is not known."),
        (Network(status="anonymous"), "Not looked up: the click is anonymous."),
        (Network(), "Not known: the click was recorded by an older version."),
    ],
)
def test_a_network_is_named_with_its_kind(network: Network, sentence: str) -> None:
    assert describe_network(network) == sentence


@pytest.mark.parametrize(
    ("unique", "window_s", "sentence"),
    [
        (
            Uniqueness(is_unique=True, basis="cookie", status="judged"),
            DAY_S,
            "The visitor's first click on the program within 24 h, by the visitor's cookie.",
        ),
        (
            Uniqueness(is_unique=False, basis="address", first_click_id=OPENER, status="judged"),
            7 * DAY_S,
            f"A repeat within 7 d of click {OPENER}, by address and browser.",
        ),
        (
            Uniqueness(is_unique=True, basis="address", status="warming"),
            5400,
            (
                "The visitor's first click on the program within 90 min, by address and browser. The store had been"
                " emptied, so it may be a repeat."
            ),
        ),
        (Uniqueness(status="no_store"), DAY_S, "Not judged: Redis was away when the click was enriched."),
        (Uniqueness(status="anonymous"), DAY_S, "Not judged: the click is anonymous."),
        (Uniqueness(status="of_later"), DAY_S, "Not judged: of later."),
    ],
)
def test_uniqueness_is_told_with_its_basis_or_why_it_was_not_judged(
    unique: Uniqueness, window_s: int, sentence: str
) -> None:
    assert describe_uniqueness(unique, window_s) == sentence


def test_the_newest_verdict_comes_first_and_the_others_are_kept() -> None:
    verdict = Verdict(
        LIVE,
        [SettledScore(SETTLED, LATER)],
        [ManualVerdict("valid", "a partner's test", "ana", LATER + timedelta(hours=1))],
    )
    report = report_quality(enriched_click(fraud=LIVE), verdict)

    assert [(line.name, line.text.split(" (")[0], line.counts) for line in report.verdicts] == [
        ("By hand", "valid", True),
        ("Settled", "87 of 100, likely invalid", False),
        ("Live", "35 of 100, suspicious", False),
    ]
    assert report.verdicts[0].detail == "ana: a partner's test"
    assert explain_score(enriched_click(fraud=LIVE), verdict) == Decision("Score", "Valid, decided by ana.")


def test_a_verdict_that_was_withdrawn_no_longer_counts() -> None:
    manual = [ManualVerdict("withdrawn", "a mistake", "ana", LATER), ManualVerdict("invalid", "looks odd", "ana", NOW)]
    report = report_quality(enriched_click(fraud=LIVE), Verdict(LIVE, [], manual))

    assert [line.counts for line in report.verdicts] == [False, False, True]
    assert report.verdicts[0].text == "the verdict before was withdrawn"


def test_evidence_is_told_with_its_weight_and_what_speaks_against_it() -> None:
    report = report_quality(enriched_click(fraud=LIVE), Verdict(LIVE, [SettledScore(SETTLED, LATER)], []))

    assert [(one.title, one.weight, one.is_later) for one in report.evidence] == [
        ("Hosting network", 0.35, False),
        ("Link sweep", 0.8, True),
    ]
    assert report.evidence[1].sentence == "5 different links were visited within 10 s, from no page; the limit is 3."
    assert "Tabs that a person opens" in report.evidence[1].caution


def test_a_signal_that_later_clicks_showed_is_not_called_unjudged() -> None:
    click = enriched_click(counts=Counts(status="no_store"))
    before = report_quality(click, Verdict(LIVE, [], []))
    after = report_quality(click, Verdict(LIVE, [SettledScore(SETTLED, LATER)], []))

    assert "link_sweep" in before.unjudged[1].signals
    assert not any("link_sweep" in one.signals for one in after.unjudged)
    assert "Link sweep" not in after.unjudged[1].titles


def test_what_a_guard_took_off_is_told_with_the_score_there_would_be() -> None:
    network = Network(status="found", asn=21928, org="T-Mobile USA", kind="other")
    click = enriched_click(fraud=LIVE, network=network, counts=Counts(client_60s=12, status="judged"))
    (line,) = [one for one in report_quality(click).spared if one.signal.name == "client_rate"]

    assert line.title == "Clicks of one browser"
    assert line.sentence == "One browser at one address made 12 clicks within 60s; the limit is 10."
    assert (line.guard, line.score) == ("shared network", 61)
    assert line.why.startswith("the address belongs to a mobile carrier (T-Mobile USA, AS21928)")
    # Without a score no rule was asked.
    assert report_quality(enriched_click(fraud=Fraud(), network=network, counts=click.counts)).spared == ()


def test_without_the_tables_the_live_score_is_shown() -> None:
    click = enriched_click(fraud=LIVE)

    assert [line.name for line in report_quality(click).verdicts] == ["Live"]
    assert explain_score(click, None) == Decision("Score", "35 of 100, suspicious, live.", "bot")
    assert explain_score(enriched_click(), None) == Decision("Score", "Not scored.")


def test_every_signal_that_fired_is_told() -> None:
    click = enriched_click(user_agent="Mozilla/5.0", network=Network(status="found", kind="tor"))
    later = LaterEvidence(sweep_links=4, twin="no Accept-Language", rhythm=0.01, rhythm_clicks=9, affiliates=7)
    fraud = score_click(click, DEFAULT_RULES, later)
    report = report_quality(click, Verdict(click.fraud, [SettledScore(fraud, LATER)], []))

    assert len(report.evidence) == len(fraud.signals) > 4
    assert not any("{" in one.sentence for one in report.evidence)


def test_the_decisions_name_network_uniqueness_and_score() -> None:
    subjects = [one.subject for one in explain(StoredClick(enriched_click(fraud=LIVE), NOW, NOW))]

    assert [one for one in subjects if one in ("Network", "Unique", "Score")] == ["Network", "Unique", "Score"]
