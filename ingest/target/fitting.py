"""A Location made to fit, where an answer's head would be more than a proxy in front of us takes. Pure.

What visitors brought gives way, and only that: first the parameters that are passed on, then the values of macros. The
stored URL, the click's id and token, and the ids of referrals are never cut.
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
    plan: TargetPlan, values: Mapping[str, str], token: str | None, passed: Sequence[str], room: int
) -> str:
    """Write a Location of at most `room` characters: whole parameters as they still fit, in their order.

    Where it is too long without any of them, the values of macros are cut to one length. What cannot be cut stays.
    """
    location = write_location(plan, values, token, ())
    if len(location) > room:
        return write_location(plan, shorten_values(plan, values, len(location) - room), token, ())
    room -= len(location)
    kept = []
    for parameter in passed:
        if len(parameter) < room:
            kept.append(parameter)
            room -= len(parameter) + 1
    return write_location(plan, values, token, kept)


def shorten_values(plan: TargetPlan, values: Mapping[str, str], excess: int) -> dict[str, str]:
    """Cut the longest of the visitor's values, as they are encoded, until those in the URL are shorter by so much."""
    places = Counter(name for name in (*plan.head.pieces[1::2], *plan.tail.pieces[1::2]) if name in SUBS)
    lengths = {name: len(values.get(name, "")) for name in places}
    room = sum(lengths[name] * count for name, count in places.items()) - excess
    # The greatest length that fits; 0 where even that does not.
    low, high = 0, max(lengths.values(), default=0)
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(min(lengths[name], middle) * count for name, count in places.items()) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return {name: cut_value(value, low) if name in places else value for name, value in values.items()}


def cut_value(value: str, length: int) -> str:
    """Cut an encoded value to a length in front of an escape or a character that would be torn."""
    if len(value) <= length:
        return value
    whole = CUT_ESCAPE.sub("", value[:length])
    return encode_value(unquote_to_bytes(whole).decode(errors="ignore"))
