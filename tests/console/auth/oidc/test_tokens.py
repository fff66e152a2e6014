"""Whatever a token is, it is read without an error, and only one that is right is believed."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.auth.oidc.claims import Expected, TokenProblem, check_claims, read_identity
from console.auth.oidc.id_tokens import ProviderKeys, read_keys
from console.auth.oidc.tokens import read_word
from tests.console.auth.oidc.fake_provider import make_first_key, sign

NOW_S = 1_780_000_000
EXPECTED = Expected(issuer="https://login.example", client_id="clickrail", nonce="n", begun_s=NOW_S - 10)
RIGHT = {"iss": EXPECTED.issuer, "aud": "clickrail", "nonce": "n", "exp": NOW_S + 300, "iat": NOW_S, "sub": "f3a1"}
WORDS = st.sampled_from(("RS256", "none", "HS256", "EdDSA", "k1", "clickrail", "b64", "crit", "", "\ud800"))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=5
)
CLAIM_NAMES = st.sampled_from((*RIGHT, "azp", "nbf", "email", "email_verified", "name"))
HEADER_NAMES = st.sampled_from(("alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "jku", "zip"))


@pytest.fixture(scope="module")
def keys() -> ProviderKeys:
    return read_keys({"keys": [make_first_key().as_dict(private=False)]})


def encode(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_token_that_is_right_says_who_it_is(keys: ProviderKeys) -> None:
    assert keys.verify(sign(dict(RIGHT), make_first_key())) == RIGHT
    assert check_claims(RIGHT, EXPECTED, NOW_S) == "f3a1"


@given(changes=st.dictionaries(CLAIM_NAMES, VALUES, max_size=4))
def test_claims_of_any_kind_are_read(changes: dict[str, Any]) -> None:
    claims = RIGHT | changes
    subject = check_claims(claims, EXPECTED, NOW_S)
    identity = read_identity(claims, EXPECTED.issuer, "s", "email_verified")

    assert isinstance(subject, TokenProblem) or subject == claims["sub"]
    assert isinstance(subject, TokenProblem) or (claims["iss"], claims["nonce"]) == (EXPECTED.issuer, "n")
    assert isinstance(identity.email, str | None)


@given(
    header=st.dictionaries(HEADER_NAMES, VALUES, max_size=4) | VALUES, claims=VALUES, signature=st.binary(max_size=300)
)
def test_a_token_of_any_kind_is_read_and_not_believed(
    keys: ProviderKeys, header: Any, claims: Any, signature: bytes
) -> None:
    signed = base64.urlsafe_b64encode(signature).decode().rstrip("=")

    assert isinstance(keys.verify(f"{encode(header)}.{encode(claims)}.{signed}"), TokenProblem)


@given(text=st.text(max_size=200))
def test_a_text_of_any_kind_is_no_token(keys: ProviderKeys, text: str) -> None:
    assert isinstance(keys.verify(text), TokenProblem)


@given(
    document=st.dictionaries(
        st.just("keys"),
        st.lists(
            st.dictionaries(
                st.sampled_from(("kty", "crv", "n", "e", "x", "y", "use", "alg", "kid", "key_ops")),
                st.sampled_from(("RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "AA", "sig", "RS256", "")) | VALUES,
                max_size=6,
            ),
            max_size=3,
        )
        | VALUES,
    )
)
def test_keys_of_any_kind_are_read(document: dict[str, Any]) -> None:
    assert isinstance(read_keys(document), ProviderKeys)


@given(
    header=st.fixed_dictionaries({"alg": st.sampled_from(("RS256", "ES256", "EdDSA")), "kid": st.just("k1")}),
    key=st.dictionaries(
        st.sampled_from(("n", "e", "x", "y", "crv", "alg", "key_ops")),
        st.sampled_from(("AQAB", "AA", "P-256", "Ed25519", "verify")),
        max_size=6,
    ),
    kind=st.sampled_from(("RSA", "EC", "OKP")),
)
def test_a_key_that_is_hardly_one_verifies_nothing(header: dict[str, str], key: dict[str, str], kind: str) -> None:
    keys = read_keys({"keys": [key | {"kty": kind, "kid": "k1"}]})

    assert isinstance(keys.verify(f"{encode(header)}.{encode(RIGHT)}.c2ln"), TokenProblem)


@pytest.mark.parametrize(
    ("error", "word"),
    [("invalid_grant", "invalid_grant"), ("Call 0900", None), ("<b>", None), ("", None), ("e" * 61, None), (7, None)],
)
def test_of_an_error_only_a_word_is_taken(error: object, word: str | None) -> None:
    assert read_word(error) == word
