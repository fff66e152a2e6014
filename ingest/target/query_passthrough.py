"""Which of the visitor's own parameters go on to the target, by the program's settings. Pure."""

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
OURS: Final = frozenset({DEEP_LINK, TEST_LINK})
"""Said to the tracker and to nobody else."""
PASSED_CAP: Final = 2048
"""A proxy in front of us refuses an answer whose headers are too long, often above 4 KiB."""
SAFE: Final = "!$&'()*+,/:=?@[]%"
"""What stays as it was sent, besides letters, digits and `-._~`. Not `;`, which separates for some servers."""

IS_SAFE: Final = re.compile(rf"[A-Za-z0-9_.~{re.escape(SAFE)}-]+").fullmatch
NOT_BYTES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class QueryPassthrough(msgspec.Struct, frozen=True):
    """The names that go on (null: all) and those that never do, both as they are compared."""

    listed: frozenset[str] | None
    withheld: frozenset[str]


def decide_passthrough(policy: PassQuery, names: Iterable[str], taken: Iterable[str]) -> QueryPassthrough | None:
    """Decide what goes on by a program's `pass_query` and `pass_names`: null for nothing.

    `taken` are names, as they are compared, that are not the visitor's to set.
    """
    if policy == "none":
        return None
    listed = frozenset(map(fold_name, names))
    withheld = OURS.union(taken)
    # Of what the tracker reads itself the merchant gets what was asked for by name.
    return (
        QueryPassthrough(listed, withheld) if policy == "listed" else QueryPassthrough(None, withheld | (SUBS - listed))
    )


class PassedQuery(NamedTuple):
    """Parameters that go on, as they are sent, and whether others were left out because there were too many."""

    parameters: Sequence[str]
    is_cut: bool


NOTHING: Final = PassedQuery((), is_cut=False)


def pass_on(query: str, passing: QueryPassthrough) -> PassedQuery:
    """Give the visitor's parameters that go on, in their order, each as it was sent; unsafe bytes percent-encoded.

    Whole parameters of up to 2,048 characters together; those that no longer fit are left out.
    """
    passed: list[str] = []
    is_cut = query.count("&") >= MAX_PARAMETERS
    room = PASSED_CAP
    for piece in split_query(query):
        name = parameter_name(piece)
        if not name or name in passing.withheld or (passing.listed is not None and name not in passing.listed):
            continue
        safe = piece if IS_SAFE(piece) else quote_from_bytes(to_bytes(piece), safe=SAFE)
        if len(safe) < room:
            passed.append(safe)
            room -= len(safe) + 1
        else:
            is_cut = True
    return PassedQuery(passed, is_cut)


def to_bytes(text: str) -> bytes:
    """Give the bytes that were sent. aiohttp hands those that are not UTF-8 over as surrogates, U+DC80 to U+DCFF."""
    return NOT_BYTES.sub("\ufffd", text).encode("utf-8", "surrogateescape")
