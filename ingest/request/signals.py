"""Signals in a request: the requested code, prefetch, privacy headers, test links. Parses no more than needed. Pure."""

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
PURPOSE_HEADERS: Final = (SEC_PURPOSE, PURPOSE, X_PURPOSE, X_MOZ)
"""Of the standard, older Chrome, Safari and older Firefox; other programs send any of them."""
PREFETCH_WORDS: Final = ("prefetch", "prerender", "preview", "preload")
"""Words to look for: values in use are `prefetch;prerender`, `preload`, `: preview` (with the colon) and others."""
TEST_PROOF: Final = "cr_test="


def read_requested_code(path: str) -> str:
    """Give the text in place of the code, sanitized and cut, for people to read."""
    return clean(find_requested_code(path) or "", ASKED_CAP)[0]


def is_prefetch(headers: MultiMapping[str]) -> bool:
    """Tell whether the browser fetches the link before the visitor follows it: prefetch, prerender or preview."""
    if SEC_PURPOSE not in headers and PURPOSE not in headers and X_PURPOSE not in headers and X_MOZ not in headers:
        return False
    for name in PURPOSE_HEADERS:
        if name in headers and any(word in line.lower() for line in headers.getall(name) for word in PREFETCH_WORDS):
            return True
    return False


def read_test_proof(query: str) -> str | None:
    """Give the first raw `cr_test` of a query; null if there is none."""
    if TEST_PROOF not in query:
        return None
    return next((piece[len(TEST_PROOF) :] for piece in split_query(query) if piece.startswith(TEST_PROOF)), None)


def is_test(keys: TokenKeys, code: str, query: str, now_s: int) -> bool:
    """Tell whether a request for this code, at a time in Unix seconds, comes from a valid signed test link.

    A click with an invalid proof counts as usual, so that nobody without a key can exclude clicks.
    """
    proof = read_test_proof(query)
    return proof is not None and not isinstance(verify_test_proof(keys, code, proof, now_s), VerificationError)


def has_gpc(headers: MultiMapping[str]) -> bool:
    """Tell whether Global Privacy Control is on."""
    return SEC_GPC in headers and is_on(headers.getall(SEC_GPC))


def has_dnt(headers: MultiMapping[str]) -> bool:
    """Tell whether Do Not Track is on."""
    return DNT in headers and is_on(headers.getall(DNT))


def is_on(lines: Iterable[str]) -> bool:
    """Tell whether one of a header's values is 1; a proxy or a browser extension may have added another value."""
    return any(value.strip() == "1" for line in lines for value in line.split(","))
