"""What a click is worth, in words: its network, its uniqueness, and its score with the evidence. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from console.clicks.events import Decision, Tone
from console.web.text import humanize, join
from quality.spared import list_spared
from quality.unjudged import list_unjudged
from quality.wording import TEXTS, describe_score, describe_signal
from schemas import EnrichedClick, Fraud, Network, Signal, Uniqueness
from storage.read.scores import ManualVerdict, Verdict

KINDS: Final = {
    "reserved": "a reserved address, of no network",
    "relay": "a relay that hides addresses for privacy",
    "mail_security": "a service that checks the links in mails",
    "gateway": "a gateway of companies",
    "tor": "an exit of the Tor network",
    "vpn": "a VPN",
    "bot": "a network of a known bot",
    "cdn": "a content delivery network",
    "hosting": "a hosting provider",
    "other": "no special kind of network",
}
NO_NETWORK: Final = {
    "not_found": "The ASN database does not know the address.",
    "no_database": "There is no ASN database, so the network is not known.",
    "bad_database": "The ASN database is damaged, so the network is not known.",
    "no_address": "There was no address to look up.",
    "anonymous": "Not looked up: the click is anonymous.",
    "not_judged": "Not known: the click was recorded by an older version.",
}
BASES: Final = {"cookie": "by the visitor's cookie", "address": "by address and browser"}
NOT_JUDGED: Final = {
    "no_store": "Not judged: Redis was away when the click was enriched.",
    "anonymous": "Not judged: the click is anonymous.",
    "not_judged": "Not judged: tests, prefetches, bots, and clicks that an older version recorded, are not.",
}
TONES: Final[dict[str | None, Tone]] = {"suspicious": "bot", "likely_invalid": "rejected", "invalid": "rejected"}
DAY_S: Final = 86_400
HOUR_S: Final = 3_600
MINUTE_S: Final = 60


class VerdictLine(msgspec.Struct, frozen=True):
    """One verdict: who gave it, what it says, and when. `at` is null for the live one: within milliseconds."""

    name: str
    text: str
    detail: str
    tone: Tone
    at: datetime | None = None
    counts: bool = False


class EvidenceLine(msgspec.Struct, frozen=True):
    """A signal that was found. `is_later`: only the clicks after this one showed it."""

    signal: Signal
    title: str
    sentence: str
    caution: str
    weight: float
    is_later: bool = False


class SparedLine(msgspec.Struct, frozen=True):
    """A signal that a guard took off: what was seen, which guard and why, and the score without the guard."""

    signal: Signal
    title: str
    sentence: str
    guard: str
    why: str
    score: int


class UnjudgedLine(msgspec.Struct, frozen=True):
    """Names and titles of signals, and the clause that says why they were not judged."""

    signals: tuple[str, ...]
    titles: str
    why: str


class QualityReport(msgspec.Struct, frozen=True):
    """The verdicts, the one that counts first; of the newest score evidence, what was taken off, what is unjudged."""

    verdicts: tuple[VerdictLine, ...]
    evidence: tuple[EvidenceLine, ...]
    spared: tuple[SparedLine, ...]
    unjudged: tuple[UnjudgedLine, ...]


def report_quality(click: EnrichedClick, verdict: Verdict | None = None) -> QualityReport:
    """Report what a click is worth. Without a verdict of the tables only the live score is known."""
    verdict = verdict or Verdict(click.fraud, [], [])
    newest = verdict.newest
    return QualityReport(
        verdicts=tuple(list_verdicts(verdict)),
        evidence=tuple(describe_evidence(signal, verdict.live) for signal in newest.signals),
        spared=tuple(list_spared_lines(click, newest)),
        unjudged=tuple(list_unjudged_lines(click, newest)),
    )


def list_spared_lines(click: EnrichedClick, newest: Fraud) -> Iterator[SparedLine]:
    """Describe what guards took off. A click without a score was judged by no rule, and so spared by none."""
    for one in list_spared(click, newest.signals) if newest.stage else ():
        title = TEXTS[one.signal.name].title
        yield SparedLine(one.signal, title, describe_signal(one.signal), one.guard, one.why, one.score)


def list_unjudged_lines(click: EnrichedClick, newest: Fraud) -> Iterator[UnjudgedLine]:
    """Name what was not judged. A signal that later clicks showed is found, whatever was not known at first."""
    found = {signal.name for signal in newest.signals}
    for one in list_unjudged(click, newest.stage):
        if names := tuple(name for name in one.signals if name not in found):
            yield UnjudgedLine(names, ", ".join(TEXTS[name].title for name in names), one.why)


def list_verdicts(verdict: Verdict) -> list[VerdictLine]:
    """List the decisions of people, then the scores, each the newest first."""
    lines = [describe_decision(one, counts=one is verdict.decision) for one in verdict.manual]
    lines += [
        describe_computed("Settled", one.fraud, one.scored_at, counts=verdict.source == "settled" and number == 0)
        for number, one in enumerate(verdict.settled)
    ]
    return [*lines, describe_computed("Live", verdict.live, None, counts=verdict.source == "live")]


def describe_decision(decision: ManualVerdict, *, counts: bool) -> VerdictLine:
    tone: Tone = "rejected" if decision.verdict == "invalid" else "accepted"
    text = "the verdict before was withdrawn" if decision.verdict == "withdrawn" else decision.verdict
    return VerdictLine("By hand", text, f"{decision.who}: {decision.why}", tone, decision.decided_at, counts)


def describe_computed(name: str, fraud: Fraud, at: datetime | None, *, counts: bool) -> VerdictLine:
    detail = f"rules {fraud.rules}" if fraud.rules else ""
    return VerdictLine(name, describe_score(fraud), detail, TONES.get(fraud.band, "accepted"), at, counts)


def describe_evidence(signal: Signal, live: Fraud) -> EvidenceLine:
    text = TEXTS.get(signal.name)
    return EvidenceLine(
        signal=signal,
        title=text.title if text else humanize(signal.name),
        sentence=describe_signal(signal),
        caution=text.caution if text else "",
        weight=signal.weight,
        is_later=all(one.name != signal.name for one in live.signals),
    )


def explain_network(click: EnrichedClick) -> Decision:
    return Decision("Network", describe_network(click.network))


def describe_network(network: Network) -> str:
    """Name the network and its kind, how sure that is, and which lists say so."""
    owner = join(None if network.asn is None else f"AS{network.asn}", network.org, separator=" ")
    if network.kind is None:
        return f"{owner}." if owner else NO_NETWORK.get(network.status, humanize(network.status))
    kind = KINDS.get(network.kind, humanize(network.kind))
    if network.provider and network.provider != network.org:
        kind += f" ({network.provider})"
    certainty = "probably " if network.certainty == "probable" else ""
    lists = f", by {', '.join(network.lists)}" if network.lists else ""
    return f"{owner or 'Network without a number'}: {certainty}{kind}{lists}."


def explain_uniqueness(click: EnrichedClick, verdict: Verdict | None = None) -> Decision:
    """Give the uniqueness as settled, which counts, and the live one."""
    live = describe_uniqueness(click.unique, click.unique_window_s)
    settled = None if verdict is None else verdict.settled_unique
    if settled is None:
        return Decision("Unique", live)
    if settled == click.unique:
        return Decision("Unique", f"{live} Settled and live say the same.")
    return Decision("Unique", f"Settled: {describe_settled(settled, click)} Live: {live}")


def describe_settled(unique: Uniqueness, click: EnrichedClick) -> str:
    if unique.is_unique and unique.basis == "cookie" and click.cookie_state != "valid":
        return "The visitor's first click, not a repeat: the cookie that it set came back with a later click."
    return describe_uniqueness(unique, click.unique_window_s)


def describe_uniqueness(unique: Uniqueness, window_s: int) -> str:
    """Say whether the click is the visitor's first in the window, and how the visitor was recognised."""
    if unique.is_unique is None:
        return NOT_JUDGED.get(unique.status, f"Not judged: {humanize(unique.status)}.")
    basis, window = BASES.get(unique.basis or "", humanize(unique.basis or "")), describe_window(window_s)
    if not unique.is_unique:
        return f"A repeat within {window} of click {unique.first_click_id}, {basis}."
    doubt = " The store had been emptied, so it may be a repeat." if unique.status == "warming" else ""
    return f"The visitor's first click on the program within {window}, {basis}.{doubt}"


def describe_window(seconds: int) -> str:
    for length, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= length and seconds % length == 0 and seconds != DAY_S:
            return f"{seconds // length} {unit}"
    return "24 h" if seconds == DAY_S else f"{seconds} s"


def explain_score(click: EnrichedClick, verdict: Verdict | None) -> Decision:
    """Give the verdict that counts."""
    verdict = verdict or Verdict(click.fraud, [], [])
    newest, decision = verdict.newest, verdict.decision
    if decision is not None:
        return Decision(
            "Score", f"{decision.verdict.capitalize()}, decided by {decision.who}.", TONES.get(newest.band, "accepted")
        )
    text = describe_score(newest)
    stage = f", {newest.stage}" if newest.stage else ""
    return Decision("Score", f"{text[0].upper()}{text[1:]}{stage}.", TONES.get(newest.band, "accepted"))
