"""The click token: a signed click id that merchants send back. Verified with its program's key, without a database.

`<26 ULID>.<2 kid><16 base 32>`: the last part is the first 80 bits of HMAC-SHA256 over `v1.<kid>.<click id>`. The key
is derived from the ring's token key for one program, so that a merchant who has it can neither make nor check a token
of another program, nor a test link, which the ring's own key signs.
"""

from base64 import urlsafe_b64encode
from hmac import compare_digest
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from identity.crockford import encode_80_bits
from identity.keys import KeyRing, KeyRingError, State, find_key
from identity.prepared_keys import KeySet
from identity.ulid import ULID_LENGTH, is_ulid
from identity.verification import FORGED, MALFORMED, VerificationError

TOKEN_LENGTH: Final = 45
ALGORITHM: Final = "HMAC-SHA256-80"
MOST_PROGRAMS: Final = 4096
_KID_AT: Final = ULID_LENGTH + 1
_PROOF_AT: Final = _KID_AT + 2
_SUBJECT: Final = "clickrail click token v1."


class TokenKey:
    """A token key of the ring: `mac` signs test links, and the key of each program its click tokens."""

    __slots__ = ("_kid", "_programs", "_secret", "mac")

    def __init__(self, kid: str, secret: bytes) -> None:
        self.mac = HMAC(secret, SHA256())
        self._kid = kid
        self._secret = secret
        self._programs: dict[str, HMAC] = {}

    def of_program(self, program_id: str) -> HMAC:
        """Return a program's MAC of `v1.<kid>.`, to be copied and continued. The latest 4,096 are remembered."""
        mac = self._programs.get(program_id)
        return self._derive(program_id) if mac is None else mac

    def _derive(self, program_id: str) -> HMAC:
        if len(self._programs) >= MOST_PROGRAMS:
            del self._programs[next(iter(self._programs))]
        mac = HMAC(derive_program_key(self._secret, program_id), SHA256())
        mac.update(f"v1.{self._kid}.".encode())
        self._programs[program_id] = mac
        return mac


class TokenKeys(KeySet[TokenKey]):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, "token", TokenKey)


class ProgramKey(msgspec.Struct, frozen=True):
    """A key that makes and verifies the tokens of one program. `key` is a secret, in base64url."""

    kid: str
    state: State
    key: str


def derive_program_key(secret: bytes, program_id: str) -> bytes:
    """Derive the 32 bytes of a program's key from a token key of the ring (HKDF-SHA256, RFC 5869, without salt)."""
    return HKDF(SHA256(), 32, None, f"{_SUBJECT}{program_id}".encode()).derive(secret)


def export_keys(ring: KeyRing, program_id: str, kid: str | None = None) -> list[ProgramKey]:
    """Derive the keys that verify a program's tokens: all that are not destroyed, or the one named `kid`.

    Raises KeyRingError when that one is unknown or destroyed.
    """
    keys = [key for key in ring.keys if key.purpose == "token"] if kid is None else [find_key(ring, "token", kid)]
    if kid is not None and keys[0].secret is None:
        raise KeyRingError(f"The token key {kid} is destroyed: its tokens can no longer be verified")
    return [
        ProgramKey(key.kid, key.state, write_key(derive_program_key(key.secret, program_id)))
        for key in keys
        if key.secret is not None
    ]


def write_key(key: bytes) -> str:
    """Write a key in base64url without padding, as JSON Web Keys do."""
    return urlsafe_b64encode(key).decode("ascii").rstrip("=")


def make_token(keys: TokenKeys, click_id: str, program_id: str) -> str:
    """Make the token of a click of a program."""
    return f"{click_id}.{keys.kid}{make_proof(keys.active.of_program(program_id), click_id.encode())}"


def verify_token(keys: TokenKeys, text: str, program_id: str) -> str | VerificationError:
    """Verify any text as a token of a program; return its click id.

    Otherwise return why not: malformed, unknown_key, destroyed_key, or forged, also for another program's token.
    """
    click_id = read_click_id(keys, text)
    key = keys.find(text[_KID_AT:_PROOF_AT])
    if isinstance(click_id, VerificationError) or isinstance(key, VerificationError):
        return click_id
    proof = make_proof(key.of_program(program_id), click_id.encode())
    return click_id if compare_digest(text[_PROOF_AT:], proof) else FORGED


def read_click_id(keys: TokenKeys, text: str) -> str | VerificationError:
    """Read the click id of a token that is not verified yet, to look its program up.

    Otherwise return why it is genuine for no program: malformed, unknown_key or destroyed_key.
    """
    click_id = text[:ULID_LENGTH]
    if len(text) != TOKEN_LENGTH or text[ULID_LENGTH] != "." or not is_ulid(click_id) or not text.isascii():
        return MALFORMED
    key = keys.find(text[_KID_AT:_PROOF_AT])
    return key if isinstance(key, VerificationError) else click_id


def make_proof(key: HMAC, data: bytes) -> str:
    """Return the first 80 bits of the HMAC-SHA256 of `data`, after what `key` has read already.

    Each use of a key needs its own prefix of what is read.
    """
    mac = key.copy()  # copy() reuses the key's two hash states, which cost more than the rest
    mac.update(data)
    return encode_80_bits(mac.finalize()[:10])
