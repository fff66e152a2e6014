"""What a request asks for, read from its first line and headers without parsing more than is needed. Pure."""

from collections.abc import Mapping
from typing import Final

from multidict import istr

from identity.refusal import Refused
from identity.test_link import verify_test_proof
from identity.token import TokenKeys
from ingest.cleaning import clean
from schemas.fields import ASKED_CAP
from urls.links import find_asked

SEC_PURPOSE: Final = istr("Sec-Purpose")
PURPOSE: Final = istr("Purpose")
X_PURPOSE: Final = istr("X-Purpose")
X_MOZ: Final = istr("X-Moz")
SEC_GPC: Final = istr("Sec-GPC")
DNT: Final = istr("DNT")
AHEAD: Final = ("prefetch", "prerender", "preview")
TEST_PROOF: Final = "cr_test="


def read_asked(path: str) -> str:
    """Give what was asked for in place of a code, cleaned and cut, for people to look at."""
    return clean(find_asked(path) or "", ASKED_CAP)[0]


def is_ahead_of_visitor(headers: Mapping[str, str]) -> bool:
    """Tell whether the browser asks before the visitor has decided to go: prefetch, prerender or preview.

    Sec-Purpose is the standard; Purpose is older Chrome's, X-Moz older Firefox's, X-Purpose Safari's.
    """
    purpose = headers.get(SEC_PURPOSE) or headers.get(PURPOSE) or headers.get(X_PURPOSE) or headers.get(X_MOZ)
    return purpose is not None and any(word in purpose.lower() for word in AHEAD)


def read_test_proof(query: str) -> str | None:
    """Give the first `cr_test` of a raw query as it stands; null when there is none, which takes one look."""
    if TEST_PROOF not in query:
        return None
    return next((piece[len(TEST_PROOF) :] for piece in query.split("&") if piece.startswith(TEST_PROOF)), None)


def is_test(keys: TokenKeys, code: str, query: str, now_s: int) -> bool:
    """Tell whether a visit of this code, at a time in Unix seconds, comes by a signed test link that holds.

    A proof that is not believed makes no test of it: the click counts as usual, so that no link can switch that off.
    """
    proof = read_test_proof(query)
    return proof is not None and not isinstance(verify_test_proof(keys, code, proof, now_s), Refused)


def asks_gpc(headers: Mapping[str, str]) -> bool:
    """Tell whether Global Privacy Control is on."""
    return headers.get(SEC_GPC) == "1"


def asks_dnt(headers: Mapping[str, str]) -> bool:
    """Tell whether Do Not Track is on."""
    return headers.get(DNT) == "1"
