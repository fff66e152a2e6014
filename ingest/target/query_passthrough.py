"""Passes the visitor's query parameters on to the target, by the program's settings. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes

import msgspec

from ingest.request.parameters import SUBS
from referrals.model import PassQuery
from urls.queries import MAX_PARAMETERS, fold_name, parameter_name, split_query

DEEP_LINK: Final = "url"
TEST_LINK: Final = "cr_test"
RESERVED: Final = frozenset({DEEP_LINK, TEST_LINK})
"""Parameters for the tracker, never passed on."""
PASSED_CAP: Final = 2048
"""Characters. Proxies refuse a response with too large a head, often above 4 KiB."""
SAFE: Final = "!$&'()*+,/:=?@[]%"
"""Characters passed on unchanged, besides letters, digits and `-._~`. Not `;`, which some servers read as `&`."""

IS_SAFE: Final = re.compile(rf"[A-Za-z0-9_.~{re.escape(SAFE)}-]+").fullmatch
NOT_BYTES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class QueryPassthrough(msgspec.Struct, frozen=True):
    """The names passed on (null: all) and the names never passed on. All are folded for comparison."""

    listed: frozenset[str] | None
    withheld: frozenset[str]


def decide_passthrough(policy: PassQuery, names: Iterable[str], taken: Iterable[str]) -> QueryPassthrough | None:
    """Decide which names are passed on by a program's `pass_query` and `pass_names`; null for none.

    `taken` are folded names that the visitor may not set.
    """
    if policy == "none":
        return None
    listed = frozenset(map(fold_name, names))
    withheld = RESERVED.union(taken)
    # Parameters that the tracker reads itself are passed on only if they are listed by name.
    return (
        QueryPassthrough(listed, withheld) if policy == "listed" else QueryPassthrough(None, withheld | (SUBS - listed))
    )


class PassedQuery(NamedTuple):
    """Parameters passed on, encoded, and whether others were left out because there were too many."""

    parameters: Sequence[str]
    is_cut: bool


NOTHING_PASSED: Final = PassedQuery((), is_cut=False)


def pass_parameters(query: str, passthrough: QueryPassthrough) -> PassedQuery:
    """Give the visitor's parameters that are passed on, in order and as sent, with unsafe bytes percent-encoded.

    Only whole parameters of up to 2,048 characters in total; those that do not fit are left out.
    """
    passed: list[str] = []
    is_cut = query.count("&") >= MAX_PARAMETERS
    remaining = PASSED_CAP
    for piece in split_query(query):
        name = parameter_name(piece)
        if (
            not name
            or name in passthrough.withheld
            or (passthrough.listed is not None and name not in passthrough.listed)
        ):
            continue
        safe = piece if IS_SAFE(piece) else quote_from_bytes(to_bytes(piece), safe=SAFE)
        if len(safe) < remaining:
            passed.append(safe)
            remaining -= len(safe) + 1
        else:
            is_cut = True
    return PassedQuery(passed, is_cut)


def to_bytes(text: str) -> bytes:
    """Give the bytes that were sent. aiohttp decodes bytes that are not UTF-8 to surrogates, U+DC80 to U+DCFF."""
    return NOT_BYTES.sub("\ufffd", text).encode("utf-8", "surrogateescape")
