"""Which signals a guard took off a click: which guard, why, and what the score would have been. Pure.

Guard A: a missing header is no evidence where a proxy may have stripped it. Guard B: many clicks of one address are
usual where many people share it, and on phones, which are identical. It shows what counts at the click's own time;
a limit that a later click would have passed is not known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from quality.evidence import NOTHING_LATER, Evidence
from quality.rate_signals import find_client_rate, find_link_sweep, find_network_rate
from quality.rules import DEFAULT_RULES, Rules, override
from quality.score import combine
from quality.shared_networks import explain_shared
from quality.signals import find_missing_hints, find_missing_language, find_other_fetch
from quality.unjudged import REASONS
from schemas import EnrichedClick, Guards, Signal

HEADERS_GUARD: Final = "missing headers"
SHARED_GUARD: Final = "shared network"
PHONES_GUARD: Final = "identical phones"
PHONES: Final = "many identical phones are behind one address of a carrier, so they look like one client"

EVERY_HEADER: Final = Guards(
    chrome=1_000_000, accept_language=1_000_000, client_hints=1_000_000, fetch=1_000_000, status="judged"
)
Found = tuple[Signal, str, str]
"""A signal, the guard that took it off, and why."""


class Spared(msgspec.Struct, frozen=True):
    """A signal that the click does not have because of a guard.

    `why` is a clause without a full stop. `score` is what the click would have without the guard.
    """

    signal: Signal
    guard: str
    why: str
    score: int


def list_spared(click: EnrichedClick, found: Sequence[Signal], rules: Rules = DEFAULT_RULES) -> list[Spared]:
    """List what guards took off. `found` are the click's signals; limits are those of `rules` and of its program."""
    values = override(rules, click.quality_rules).values
    names = {signal.name for signal in found}
    return [
        Spared(signal, guard, why, combine([*found, signal], values["rate_cap_weight"]))
        for signal, guard, why in (*find_by_headers(click, values), *find_by_counts(click, values))
        if signal.weight > 0 and signal.name not in names
    ]


def find_by_headers(click: EnrichedClick, values: Mapping[str, float]) -> Iterator[Found]:
    """Guard A: find the headers that are missing, and may have been stripped."""
    guards = click.guards
    finders = (
        (find_missing_language, guards.accept_language),
        (find_missing_hints, guards.client_hints),
        (find_other_fetch, guards.fetch),
    )
    unguarded = msgspec.structs.replace(click, guards=EVERY_HEADER)
    for find, carried in finders:
        if (signal := find(unguarded, values)) and find(click, values) is None:
            yield signal, HEADERS_GUARD, explain_headers(guards, carried, values["guard_limit_clicks"])


def explain_headers(guards: Guards, carried: int | None, enough: float) -> str:
    if guards.chrome is None or carried is None:
        return f"what other clicks on the host carry is not known ({REASONS.get(guards.status, guards.status)})"
    if guards.chrome < enough:
        return f"{guards.chrome:,} clicks on the host claimed Chrome in the last hour, and {enough:g} are needed"
    return f"{carried:,} of {guards.chrome:,} such clicks on the host carried the header, so a proxy may strip it"


def find_by_counts(click: EnrichedClick, values: Mapping[str, float]) -> Iterator[Found]:
    """Guard B: find the counts that are over a limit, but usual here."""
    shared = explain_shared(click, values)
    if shared is not None:
        for find in (find_client_rate, find_network_rate):
            if (signal := find(click, values, is_nobody)) and find(click, values) is None:
                yield signal, SHARED_GUARD, shared
    sweep = find_link_sweep(click, values, NOTHING_LATER, is_nobody)
    if sweep and find_link_sweep(click, values) is None:
        yield (sweep, SHARED_GUARD, shared) if shared else (sweep, PHONES_GUARD, PHONES)


def is_nobody(_: Evidence, __: Mapping[str, float]) -> bool:
    """The guard that is off: nobody shares the network."""
    return False
