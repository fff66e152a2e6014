"""What a provider says of itself (OpenID Connect Discovery 1.0). Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from console.auth.oidc.answers import ProviderAway
from console.auth.oidc.setting_types import find_endpoint_problem

PATH: Final = "/.well-known/openid-configuration"
BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask for what. `names_itself`: the provider says who it is when it leads back (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    sends_secret_in_form: bool = False
    names_itself: bool = False


def make_address(issuer: str) -> str:
    return issuer.rstrip("/") + PATH


def read_metadata(fields: Mapping[str, Any], issuer: str) -> Metadata:
    """Read the document. Raises ProviderAway with what is wrong with it."""
    named = fields.get("issuer")
    if named != issuer:
        # An issuer that differs is how a provider takes another one's place.
        shown = repr(named)[:200]
        raise ProviderAway(f"calls itself {shown}: CLICKRAIL_CONSOLE_OIDC_ISSUER must be exactly that")
    endpoints = {name: read_endpoint(fields, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    known = fields.get("userinfo_endpoint")
    return Metadata(
        **endpoints,
        userinfo_endpoint=None if known is None else read_endpoint(fields, "userinfo_endpoint"),
        sends_secret_in_form=must_send_secret_in_form(fields.get("token_endpoint_auth_methods_supported")),
        names_itself=fields.get("authorization_response_iss_parameter_supported") is True,
    )


def read_endpoint(fields: Mapping[str, Any], name: str) -> str:
    url = fields.get(name)
    problem = find_endpoint_problem(url) if isinstance(url, str) else "is missing"
    if problem:
        raise ProviderAway(f"describes itself without what is needed: {name} {problem}")
    return str(url)


def must_send_secret_in_form(methods: object) -> bool:
    """Tell how the secret is sent. What is not said means Basic (Discovery 1.0, 3)."""
    if not isinstance(methods, list) or BASIC in methods:
        return False
    if POST in methods:
        return True
    raise ProviderAway(f"takes a client secret neither by {BASIC} nor by {POST}")
