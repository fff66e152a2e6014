"""The provider's keys, and whether they signed an ID token. Pure. Imported only where OpenID Connect is set."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from console.auth.oidc.claims import TokenProblem

KEY_KINDS: Final[Mapping[str, type[Key]]] = {"RS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey, "Ed25519": OKPKey}
"""Algorithms that are taken, with their kind of key. None is symmetric: a public key must not serve as a secret."""
MOST_KEYS: Final = 100
UNREADABLE: Final = (JoseError, UnsupportedAlgorithm, ValueError, TypeError, LookupError, RecursionError)
"""What joserfc raises for keys and tokens that are none: of a curve that it does not know, a KeyError."""


class IdTokenRegistry(jws.JWSRegistry):
    """Takes our algorithms only. joserfc's own list would warn of `EdDSA`, which providers still call so."""

    def get_alg(self, name: str) -> Any:
        if name not in KEY_KINDS:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


REGISTRY: Final = IdTokenRegistry(strict_check_header=False)


class ProviderKeys(msgspec.Struct, frozen=True):
    """Public keys for signatures."""

    keys: tuple[Key, ...]

    def verify(self, token: str) -> Mapping[str, Any] | TokenProblem:
        """Return the claims of a token that one of the keys has signed."""
        header = read_header(token)
        if isinstance(header, TokenProblem):
            return header
        kind = KEY_KINDS.get(header.algorithm)
        if kind is None:
            return TokenProblem("algorithm")
        fitting = [key for key in self.keys if isinstance(key, kind) and key.get("alg") in (None, header.algorithm)]
        named = [key for key in fitting if header.key_id in (None, key.kid)]
        # Without an id only one key can be meant (OpenID Connect Core 1.0, 10.1).
        if not named or (header.key_id is None and len(named) > 1):
            return TokenProblem("key")
        try:
            return jwt.decode(token, named[0], registry=REGISTRY).claims
        except UNREADABLE:
            return TokenProblem("signature")


class Header(msgspec.Struct, frozen=True):
    """What a token says of its signature: nothing of it is believed before the signature is checked."""

    algorithm: str
    key_id: str | None


def read_header(token: str) -> Header | TokenProblem:
    try:
        header = jws.extract_compact(token.encode()).protected
    except UNREADABLE:
        return TokenProblem("form")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str | None):
        return TokenProblem("form")
    return Header(algorithm, key_id)


def read_keys(document: Mapping[str, Any]) -> ProviderKeys:
    """Read a JWK Set. Keys of other kinds and uses, and those that cannot be read, are left out."""
    listed = document.get("keys")
    return ProviderKeys(tuple(import_keys(listed if isinstance(listed, list) else [])))


def import_keys(listed: Iterable[Any]) -> Iterable[Key]:
    kinds = tuple(kind.key_type for kind in KEY_KINDS.values())
    for given in list(listed)[:MOST_KEYS]:
        if not isinstance(given, dict) or given.get("kty") not in kinds or given.get("use", "sig") != "sig":
            continue
        try:
            yield JWKRegistry.import_key(given)
        except UNREADABLE:
            continue
