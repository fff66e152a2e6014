"""Tells people what is sent, and the ledger. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from simulate.ledger import LATE_MS, Ledger
from simulate.request_spec import RequestSpec

MOST_SHOWN: Final = 10
LONG_S: Final = 120.0

NAMES: Final[Mapping[str, str]] = {
    "visit": "visits",
    "repeat": "repeated visits",
    "replay": "replayed visits",
    "person": "people",
    "machine": "machines",
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
    "302 + cookie": "accepted clicks",
    "302": "clicks without a cookie (privacy forbade it), answers to HEAD, or refusals with a fallback: "
    "they look the same from outside",
    "400": "invalid HTTP: refused by the server",
    "404": "unknown or malformed codes, and paths that are not links",
    "405": "methods other than GET and HEAD",
    "429": "over a limit of a program whose policy is to refuse",
    "503": "prefetches (the browser asks again when the visitor goes), or a stack whose stores are away",
}


def describe_left_out(spec: RequestSpec) -> Iterator[str]:
    """List the first lines of the file that were not requests, and count the others."""
    for bad in spec.left_out[:MOST_SHOWN]:
        yield f"{spec.requests}, line {bad.number} is left out: {bad.reason}"
    more = len(spec.left_out) - MOST_SHOWN
    if more > 0:
        yield f"{spec.requests}: {more:,} more lines are left out"


def describe_duration(spec: RequestSpec) -> Iterator[str]:
    """Say how long it takes if that is long."""
    if spec.lasts_s is not None and spec.lasts_s >= LONG_S:
        at_a_rate = "" if spec.requests is None else ", and --rate 200 ignores them"
        yield (
            f"At the times of the requests this takes {timedelta(seconds=round(spec.lasts_s))} (h:mm:ss): "
            f"--speed 60 plays an hour in a minute{at_a_rate}"
        )


def describe(ledger: Ledger, codes: tuple[str, ...]) -> Iterator[str]:
    """Return the ledger as lines; `codes` are the codes of the requests."""
    asked = "" if ledger.asked_rate is None else f" ({number(ledger.asked_rate)} asked)"
    if ledger.speed is not None:
        asked = f", at their own times{'' if ledger.speed == 1 else f', {number(ledger.speed)} times as fast'}"
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
    """Return the outcomes: with a cookie first, then by status, failures last."""
    return sorted(ledger.outcomes, key=lambda outcome: (not outcome[0].isdecimal(), "+" not in outcome, outcome))


def warn(ledger: Ledger, codes: tuple[str, ...]) -> Iterator[str]:
    if not ledger.held:
        wanted = "rate was" if ledger.speed is None else "times were"
        yield (
            f"The {wanted} not kept: {ledger.late:,} requests were sent more than {LATE_MS:.0f} ms late, the latest by "
            f"{ledger.late_ms.max:,.0f} ms. Raise --connections if answers are slow; else this machine is too busy."
        )
    missed = sum(ledger.unexpected.get(kind, {}).get("404", 0) for kind in ("visit", "repeat", "replay", "person"))
    if missed:
        yield (
            f"{missed:,} visits by the codes {', '.join(codes)} were answered 404: this stack does not have all of "
            f"them. Name codes it has with --codes."
        )
    for kind, outcomes in ledger.unexpected.items():
        counted = ", ".join(f"{count:,} x {outcome}" for outcome, count in outcomes.items())
        yield f"Unexpected answers: {NAMES[kind]}, {counted}"


def number(rate: float) -> str:
    return f"{rate:,.0f}" if rate == int(rate) else f"{rate:,.1f}"
