"""The ledger for people, in lines. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from simulate.ledger import LATE_MS, Ledger

NAMES: Final[Mapping[str, str]] = {
    "visit": "visits",
    "repeat": "repeated visits",
    "replay": "replayed visits",
    "prefetch": "prefetches",
    "head": "HEAD",
    "bot": "crawlers, libraries",
    "preview": "link previews",
    "unknown_code": "unknown codes",
    "malformed_code": "malformed codes",
    "elsewhere": "other paths",
    "method": "other methods",
    "hostile": "hostile values",
}
MEANINGS: Final[Mapping[str, str]] = {
    "302 + cookie": "accepted clicks, for certain",
    "302": "clicks without a cookie (privacy forbade it), looks by HEAD, or refusals with a fallback: "
    "from outside they are the same",
    "400": "not HTTP as it should be: refused by the server itself",
    "404": "unknown or malformed codes, and paths that are no link",
    "405": "methods no link has",
    "429": "over a limit, by a program that refuses",
    "503": "prefetches put off until the visitor goes, or a stack that cannot say",
}


def describe(ledger: Ledger, codes: tuple[str, ...]) -> Iterator[str]:
    """Give the lines of the ledger; `codes` are those the requests were made with."""
    asked = "" if ledger.asked_rate is None else f" ({number(ledger.asked_rate)} asked)"
    early = ", ended early" if ledger.interrupted else ""
    yield f"{ledger.sent:,} requests in {ledger.seconds:,.1f} s, {number(ledger.rate)} a second{asked}{early}"
    yield f"{ledger.sent:,} sent = {ledger.answered:,} answered + {ledger.failed:,} failed"
    yield ""
    yield from lay_out(ledger)
    yield ""
    yield from (f"{outcome:>14}  {MEANINGS[outcome]}" for outcome in columns(ledger) if outcome in MEANINGS)
    yield ""
    latency = ledger.latency_ms
    named = (("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99), ("max", latency.max))
    yield "latency in ms" + "".join(f"   {name} {value:.1f}" for name, value in named)
    yield from warn(ledger, codes)


def lay_out(ledger: Ledger) -> Iterator[str]:
    shown = [(outcome, max(len(outcome), len(f"{ledger.outcomes[outcome]:,}"))) for outcome in columns(ledger)]
    yield f"{'':20} {'sent':>9}" + "".join(f"   {outcome:>{width}}" for outcome, width in shown)
    rows = [(name, ledger.by_kind[kind]) for kind, name in NAMES.items() if kind in ledger.by_kind]
    for name, counts in (*rows, ("all", ledger.outcomes)):
        cells = (f"{counts[outcome]:,}" if outcome in counts else "-" for outcome, _ in shown)
        aligned = (f"   {cell:>{width}}" for cell, (_, width) in zip(cells, shown, strict=True))
        yield f"{name:20} {sum(counts.values()):>9,}" + "".join(aligned)


def columns(ledger: Ledger) -> list[str]:
    """Give the outcomes there are: clicks for certain first, then by status, failures last."""
    return sorted(ledger.outcomes, key=lambda outcome: (not outcome[0].isdecimal(), "+" not in outcome, outcome))


def warn(ledger: Ledger, codes: tuple[str, ...]) -> Iterator[str]:
    if not ledger.held:
        yield (
            f"The rate was not held: {ledger.late:,} requests left more than {LATE_MS:.0f} ms after their time, one of "
            f"them {ledger.late_ms.max:,.0f} ms. Answers are too slow for --connections, or this machine is too busy."
        )
    missed = sum(ledger.unexpected.get(kind, {}).get("404", 0) for kind in ("visit", "repeat", "replay"))
    if missed:
        yield (
            f"{missed:,} visits by the codes {', '.join(codes)} were answered 404: this stack does not know all of "
            f"them. Name codes it knows with --codes."
        )
    for kind, outcomes in ledger.unexpected.items():
        counted = ", ".join(f"{count:,} x {outcome}" for outcome, count in outcomes.items())
        yield f"Not as expected: {NAMES[kind]}, {counted}"


def number(rate: float) -> str:
    return f"{rate:,.0f}" if rate == int(rate) else f"{rate:,.1f}"
