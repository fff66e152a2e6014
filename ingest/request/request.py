"""What a request asks for, read from its first line and headers without parsing more than is needed. Pure."""

from collections.abc import Iterable
from typing import Final

from multidict import MultiMapping, istr

from identity.probe_link import verify_test_proof
from identity.token import TokenKeys
from identity.verification import VerificationError
from ingest.request.sanitizer import clean
from schemas.fields import ASKED_CAP
from urls.links import find_requested_code
from urls.queries import split_query

SEC_PURPOSE: Final = istr("Sec-Purpose")
PURPOSE: Final = istr("Purpose")
X_PURPOSE: Final = istr("X-Purpose")
X_MOZ: Final = istr("X-Moz")
SEC_GPC: Final = istr("Sec-GPC")
DNT: Final = istr("DNT")
PURPOSES: Final = (SEC_PURPOSE, PURPOSE, X_PURPOSE, X_MOZ)
"""The standard's header, older Chrome's, Safari's and older Firefox's: by turns, but programs send any of them."""
AHEAD: Final = ("prefetch", "prerender", "preview", "preload")
"""Any value with one of these words: `prefetch;prerender`, `preload`, `: preview` (with its colon) are all in use."""
TEST_PROOF: Final = "cr_test="


def read_request(path: str) -> str:
    """Give what was asked for in place of a code, cleaned and cut, for people to look at."""
    return clean(find_requested_code(path) or "", ASKED_CAP)[0]


def is_prefetch(headers: MultiMapping[str]) -> bool:
    """Tell whether a browser asks before the visitor has decided to go: prefetch, prerender, preload or preview."""
    for name in PURPOSES:
        if name in headers and any(word in line.lower() for line in headers.getall(name) for word in AHEAD):
            return True
    return False


def read_test_proof(query: str) -> str | None:
    """Give the first `cr_test` of a raw query as it stands; null when there is none, which takes one look."""
    if TEST_PROOF not in query:
        return None
    return next((piece[len(TEST_PROOF) :] for piece in split_query(query) if piece.startswith(TEST_PROOF)), None)


def is_test(keys: TokenKeys, code: str, query: str, now_s: int) -> bool:
    """Tell whether a visit of this code, at a time in Unix seconds, comes by a signed test link that holds.

    A proof that is not believed makes no test of it: the click counts as usual, so that no link can switch that off.
    """
    proof = read_test_proof(query)
    return proof is not None and not isinstance(verify_test_proof(keys, code, proof, now_s), VerificationError)


def asks_gpc(headers: MultiMapping[str]) -> bool:
    """Tell whether Global Privacy Control is on."""
    return SEC_GPC in headers and is_on(headers.getall(SEC_GPC))


def asks_dnt(headers: MultiMapping[str]) -> bool:
    """Tell whether Do Not Track is on."""
    return DNT in headers and is_on(headers.getall(DNT))


def is_on(lines: Iterable[str]) -> bool:
    """Tell whether one of a header's values is 1: there are several where a proxy or an extension added its own."""
    return any(value.strip() == "1" for line in lines for value in line.split(","))
