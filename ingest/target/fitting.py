"""Shortens a Location whose response would have a larger head than a proxy in front of ingest accepts. Pure.

Only values from the request are shortened: first the passed-on parameters are left out, then macro values are cut. The
stored URL, click id, token, and the ids of the referral are never cut.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from ingest.request.parameters import SUBS
from ingest.target.macros import encode_value
from ingest.target.target_plan import TargetPlan, write_location

CUT_ESCAPE: Final = re.compile("%[0-9A-F]?$")


def fit_location(
    plan: TargetPlan, values: Mapping[str, str], token: str | None, passed: Sequence[str], cap: int
) -> str:
    """Write a Location of at most `cap` characters with those whole parameters that fit, in order.

    If it is too long without parameters, cut macro values to one common length. What may not be cut stays.
    """
    location = write_location(plan, values, token, ())
    if len(location) > cap:
        return write_location(plan, shorten_values(plan, values, len(location) - cap), token, ())
    remaining = cap - len(location)
    kept = []
    for parameter in passed:
        if len(parameter) < remaining:
            kept.append(parameter)
            remaining -= len(parameter) + 1
    return write_location(plan, values, token, kept)


def shorten_values(plan: TargetPlan, values: Mapping[str, str], excess: int) -> dict[str, str]:
    """Cut the visitor's longest encoded values until the URL is shorter by `excess` characters."""
    places = Counter(name for name in (*plan.head.pieces[1::2], *plan.tail.pieces[1::2]) if name in SUBS)
    lengths = {name: len(values.get(name, "")) for name in places}
    available = sum(lengths[name] * count for name, count in places.items()) - excess
    # Find the greatest common length that fits; 0 if none does.
    low, high = 0, max(lengths.values(), default=0)
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(min(lengths[name], middle) * count for name, count in places.items()) <= available
        low, high = (middle, high) if fits else (low, middle - 1)
    return {name: cut_value(value, low) if name in places else value for name, value in values.items()}


def cut_value(value: str, length: int) -> str:
    """Cut an encoded value to at most `length`, without splitting a percent escape or a character."""
    if len(value) <= length:
        return value
    whole = CUT_ESCAPE.sub("", value[:length])
    return encode_value(unquote_to_bytes(whole).decode(errors="ignore"))
