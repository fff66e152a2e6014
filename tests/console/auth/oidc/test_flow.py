"""What a browser keeps while it is at the provider."""

from urllib.parse import parse_qs, urlsplit

import pytest

from console.auth.oidc.flow import (
    FLOW_S,
    LONGEST_TARGET,
    begin_flow,
    make_authorization_url,
    make_challenge,
    open_flow,
    seal_flow,
)
from console.auth.oidc.metadata import Metadata
from console.auth.oidc.settings import OidcSettings
from runtime.secret import Secret

KEY = b"k" * 32
NOW_S = 1_780_000_000
FLOW = begin_flow("/clicks?code=a", "/", NOW_S)


def test_a_flow_is_read_by_whoever_has_the_key_until_it_is_over() -> None:
    text = seal_flow(KEY, FLOW)

    assert [open_flow(KEY, text, NOW_S + after_s) for after_s in (0, FLOW_S - 1)] == [FLOW, FLOW]
    assert [open_flow(KEY, text, NOW_S + after_s) for after_s in (-1, FLOW_S)] == [None, None]
    assert open_flow(b"?" * 32, text, NOW_S) is None


def test_nothing_of_a_flow_can_be_read_or_changed_in_the_cookie() -> None:
    text = seal_flow(KEY, FLOW)

    assert seal_flow(KEY, FLOW) != text
    assert [one for one in (FLOW.state, FLOW.nonce, FLOW.verifier, "clicks") if one in text] == []
    assert {open_flow(KEY, text[:place] + "A" + text[place + 1 :], NOW_S) for place in range(0, 40, 3)} <= {None, FLOW}


def test_each_flow_has_secrets_of_its_own() -> None:
    other = begin_flow("/", "/", NOW_S)

    assert len({FLOW.state, FLOW.nonce, FLOW.verifier, other.state, other.nonce, other.verifier}) == 6
    assert {len(secret) for secret in (FLOW.state, FLOW.nonce, FLOW.verifier)} == {43}


def test_a_page_whose_address_no_cookie_has_room_for_is_not_gone_on_to() -> None:
    flow = begin_flow(f"/clicks?code={'a' * 4000}", "/ops/", NOW_S)

    assert flow.target == "/ops/"
    for target in ('"' * LONGEST_TARGET, "é" * (LONGEST_TARGET // 2)):
        assert begin_flow(target, "/", NOW_S).target == target
        assert len(seal_flow(KEY, begin_flow(target, "/", NOW_S))) < 4000


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    assert (
        make_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize("page", ["https://login.example/auth", "https://login.example/auth?p=b2c_1"])
def test_the_address_of_the_provider_asks_for_a_code_and_hides_the_verifier(page: str) -> None:
    metadata = Metadata(authorization_endpoint=page, token_endpoint="", jwks_uri="")
    settings = OidcSettings(
        issuer="https://login.example",
        client_id="click rail",
        client_secret=Secret("sesame"),
        redirect_uri="https://ops/cb",
    )
    address = make_authorization_url(metadata, settings, FLOW)
    query = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}

    assert address.startswith("https://login.example/auth?")
    assert query.pop("p", "b2c_1") == "b2c_1"
    assert query == {
        "response_type": "code",
        "client_id": "click rail",
        "redirect_uri": "https://ops/cb",
        "scope": "openid email profile",
        "state": FLOW.state,
        "nonce": FLOW.nonce,
        "code_challenge": make_challenge(FLOW.verifier),
        "code_challenge_method": "S256",
    }
    assert "sesame" not in address


def test_a_state_is_compared_as_a_whole() -> None:
    assert FLOW.is_state(FLOW.state)
    assert not FLOW.is_state(FLOW.state[:-1])
    assert not FLOW.is_state("")
    assert not FLOW.is_state("\udc80")
