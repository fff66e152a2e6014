"""Words and addresses around the log: what is set besides the toolbar's filters, and the way to analytics. Pure."""

from typing import Final

import msgspec

from console.clicks.log_address import is_live
from console.clicks.picks import Picks
from console.view.ranges import DEFAULT
from console.view.view import View, write_view
from schemas.reasons import REASONS

COUNTED_AS: Final = {("visitors", name): name for name in ("people", "bots", "app_fetches", "prefetches", "tests")} | {
    ("unique", "unique"): "uniques",
    ("unique", "repeat"): "repeats",
    ("unique", "not_judged"): "not_judged",
    ("quality", "suspicious"): "suspicious",
}
"""Which measure of analytics counts what a choice of the log shows."""


class OwnChip(msgspec.Struct, frozen=True):
    """A parameter of the log that has no field in a form: what it means, its value, and the query without it."""

    title: str
    words: str
    value: str
    without: str


def list_chips(view: View, picks: Picks) -> list[OwnChip]:
    """List what is set by links only: a number of analytics, a reason, the hashes of a visitor."""
    chips = []
    if view.measure:
        without = Picks(msgspec.structs.replace(view, measure="")).query
        chips.append(OwnChip("Counted as", "is", view.measure.replace("_", " "), without))
    reason = REASONS.get(view.get("reason"))
    titles = {"reason": "Reason", "address": "Address, hashed", "network": "Network, hashed"}
    for name, title in titles.items():
        if value := view.get(name):
            shown = f"{value} {reason.title.lower()}" if reason and name == "reason" else value
            chips.append(OwnChip(title, "is", shown, picks.with_own(**{name: ""})))
    return chips


def write_analytics(view: View) -> str:
    """Write the query of analytics with the same filters and range, and the number that counts what is shown."""
    measures = [measure for pair, measure in COUNTED_AS.items() if pair in view.rest]
    measure = view.measure or (measures[0] if len(measures) == 1 else "")
    shown = DEFAULT if is_live(view) else view.range
    return write_view(msgspec.structs.replace(view, range=shown, measure=measure, rest=(), usual=DEFAULT))
