"""The click token: a signed click id that merchants send back. Verified with a key, without a database.

`<26 ULID>.<2 kid><16 base 32>`: the last part is the first 80 bits of HMAC-SHA256 over `v1.<kid>.<click id>`.
"""

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from identity.crockford import encode_80_bits
from identity.keys import KeyRing
from identity.prepared_keys import KeySet
from identity.ulid import ULID_LENGTH, is_ulid
from identity.verification import FORGED, MALFORMED, VerificationError

TOKEN_LENGTH: Final = 45
_KID_AT: Final = ULID_LENGTH + 1
_PROOF_AT: Final = _KID_AT + 2


class TokenKeys(KeySet[HMAC]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "token", lambda secret: HMAC(secret, SHA256()))


def make_token(keys: TokenKeys, click_id: str) -> str:
    """Make the token of a click."""
    return f"{click_id}.{keys.kid}{make_proof(keys.active, f'v1.{keys.kid}.{click_id}')}"


def verify_token(keys: TokenKeys, text: str) -> str | VerificationError:
    """Verify any text as a token; return its click id, or malformed, unknown_key, destroyed_key or forged."""
    click_id = text[:ULID_LENGTH]
    if len(text) != TOKEN_LENGTH or text[ULID_LENGTH] != "." or not is_ulid(click_id) or not text.isascii():
        return MALFORMED
    kid = text[_KID_AT:_PROOF_AT]
    key = keys.find(kid)
    if isinstance(key, VerificationError):
        return key
    return click_id if compare_digest(text[_PROOF_AT:], make_proof(key, f"v1.{kid}.{click_id}")) else FORGED


def make_proof(key: HMAC, text: str) -> str:
    """Return the first 80 bits of the text's HMAC-SHA256. Each use of a key needs its own prefix of the text."""
    mac = key.copy()  # copy() reuses the key's two hash states, which cost more than the rest
    mac.update(text.encode("utf-8", "surrogatepass"))
    return encode_80_bits(mac.finalize()[:10])
