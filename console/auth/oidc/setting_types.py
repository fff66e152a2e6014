"""What the settings of OpenID Connect may be. Pure."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from runtime.secret import Secret

DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
SCOPE: Final = re.compile(r"[!#-\[\]-~]{1,100}")
"""The characters of a scope in RFC 6749, 3.3."""


def find_issuer_problem(url: str) -> str | None:
    problem = find_endpoint_problem(url)
    if problem is None and urlsplit(url).query:
        problem = "has a query"
    return None if problem is None else f"{problem}; use the issuer as your provider writes it, such as {EXAMPLE}"


def find_endpoint_problem(url: str) -> str | None:
    """Say why a URL is not one to send secrets to: by https, or by http to this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or not url.isprintable() or " " in url:
        return "is not a URL"
    if parts.username is not None or parts.fragment:
        return "has a user name or a fragment"
    if parts.scheme == "http" and not is_loopback(host):
        return "is sent without encryption: use https"
    return None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def find_scope_problem(scopes: Iterable[str]) -> str | None:
    if bad := [scope for scope in scopes if not SCOPE.fullmatch(scope)]:
        return f"{bad[0]!r} is not a scope; write names separated by commas, such as openid,email,profile"
    return None if "openid" in scopes else "must contain openid"


def find_domain_problem(domains: Iterable[str]) -> str | None:
    if bad := [domain for domain in domains if not DOMAIN.fullmatch(domain)]:
        return f"{bad[0]!r} is not a domain in lower case; write domains separated by commas, such as shop.example"
    return None


EXAMPLE: Final = "https://login.shop.example/realms/shop"
OidcIssuer = Annotated[
    str,
    Meta(
        description="the OpenID Connect provider with which people may log in, exactly as it calls itself",
        examples=[EXAMPLE],
        extra={"check": find_issuer_problem, "form": "`https://`, a host, and a path or none"},
    ),
]
OidcClientId = Annotated[str, Meta(min_length=1, max_length=500, description="our client id at the provider")]
OidcClientSecret = Annotated[Secret, Meta(description="our client secret at the provider")]
OidcScopes = Annotated[
    tuple[str, ...],
    Meta(description="what the provider is asked for, comma-separated", extra={"check": find_scope_problem}),
]
OidcName = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,40}\Z",
        description="what the login page calls the provider: `Log in with ...`",
        examples=["Keycloak"],
        extra={"form": "1 to 40 characters"},
    ),
]
OidcEmailDomains = Annotated[
    tuple[str, ...],
    Meta(
        description="let in by the provider only people with verified addresses of these domains, comma-separated",
        examples=["shop.example"],
        extra={"check": find_domain_problem},
    ),
]
OidcNewUsers = Annotated[
    Literal["refused", "viewer", "editor"],
    Meta(
        description="what happens to people whom the provider knows and nobody invited: the role that they get; needs"
        " `CLICKRAIL_CONSOLE_OIDC_EMAIL_DOMAINS`"
    ),
]
OidcVerifiedClaim = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]{1,100}\Z",
        description="claim that says that the address was verified",
        examples=["xms_edov"],
        extra={"form": "the name of a claim"},
    ),
]
PasswordLogin = Annotated[
    Literal["everybody", "owners"],
    Meta(description="who may log in with a password; `owners` needs OpenID Connect, for all others"),
]
