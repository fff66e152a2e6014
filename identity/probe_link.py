"""The signature in a test link. Its click is handled like any other, but is in no total. No database is needed.

`<7 expiry><2 kid><16 base 32>`: the last part is the first 80 bits of HMAC-SHA256 over
`test.v1.<kid>.<code>.<expiry>`, with a token key of the ring itself. Merchants have keys derived from it, for click
tokens of their program: none of them can mark a click as a test, which would keep it out of every total.
"""

from hmac import compare_digest
from typing import Final

from identity.crockford import ALPHABET, decode_number, encode_number
from identity.token import TokenKeys, make_proof
from identity.verification import EXPIRED, FORGED, MALFORMED, VerificationError

PROOF_LENGTH: Final = 25
LATEST_S: Final = (1 << 35) - 1
"""The last Unix second that seven characters of base 32 can name, in the year 3058."""
_EXPIRY_LENGTH: Final = 7
_PROOF_AT: Final = _EXPIRY_LENGTH + 2


def make_test_proof(keys: TokenKeys, code: str, expires_at: int) -> str:
    """Make the proof that clicks on a referral code are tests, until a time in Unix seconds.

    Raises ValueError when seven characters cannot name the time.
    """
    if not 0 <= expires_at <= LATEST_S:
        raise ValueError(f"A test link expires between 0 and {LATEST_S} s after 1970")
    expiry = encode_number(expires_at, _EXPIRY_LENGTH)
    return f"{expiry}{keys.kid}{make_proof(keys.active.mac, _text(keys.kid, code, expiry))}"


def verify_test_proof(keys: TokenKeys, code: str, text: str, now_s: int) -> int | VerificationError:
    """Verify any text as the proof for a code at `now_s` in Unix seconds; return when it expires.

    Otherwise return why not: malformed, unknown_key, destroyed_key, forged or expired.
    """
    expiry, kid = text[:_EXPIRY_LENGTH], text[_EXPIRY_LENGTH:_PROOF_AT]
    if len(text) != PROOF_LENGTH or expiry.strip(ALPHABET) or not text.isascii():
        return MALFORMED
    key = keys.find(kid)
    if isinstance(key, VerificationError):
        return key
    if not compare_digest(text[_PROOF_AT:], make_proof(key.mac, _text(kid, code, expiry))):
        return FORGED
    expires_at = decode_number(expiry)
    return expires_at if now_s < expires_at else EXPIRED


def _text(kid: str, code: str, expiry: str) -> bytes:
    return f"test.v1.{kid}.{code}.{expiry}".encode("utf-8", "surrogatepass")
