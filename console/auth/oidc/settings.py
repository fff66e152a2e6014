"""The settings of OpenID Connect, complete or not there. Pure."""

from typing import Final, Protocol

import msgspec

from console.auth.roles import Role
from runtime.errors import SettingsError
from runtime.secret import Secret

PREFIX: Final = "CLICKRAIL_CONSOLE_"
CALLBACK: Final = "/login/oidc/callback"
"""Where the provider leads back to, below the console's URL."""


class ConsoleSettings(Protocol):
    """Those settings of the console that this reads."""

    @property
    def url(self) -> str | None: ...
    @property
    def oidc_issuer(self) -> str | None: ...
    @property
    def oidc_client_id(self) -> str | None: ...
    @property
    def oidc_client_secret(self) -> Secret | None: ...
    @property
    def oidc_scopes(self) -> tuple[str, ...]: ...
    @property
    def oidc_name(self) -> str: ...
    @property
    def oidc_email_domains(self) -> tuple[str, ...]: ...
    @property
    def oidc_new_users(self) -> str: ...
    @property
    def oidc_verified_claim(self) -> str: ...
    @property
    def password_login(self) -> str: ...


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, what we are there, and whom it may let in. `new_users`: the role of those who were not invited."""

    issuer: str
    client_id: str
    client_secret: Secret
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    name: str = "single sign-on"
    email_domains: tuple[str, ...] = ()
    new_users: Role | None = None
    verified_claim: str = "email_verified"


def read_oidc(settings: ConsoleSettings) -> OidcSettings | None:
    """Read the settings; null: none is set. Raises SettingsError, if some are set and others are missing."""
    issuer, client_id, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if issuer is None and client_id is None and secret is None:
        refuse_without_provider(settings)
        return None
    if issuer is None or client_id is None or secret is None:
        given = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": client_id, "OIDC_CLIENT_SECRET": secret}
        missing = next(name for name, value in given.items() if value is None)
        known = next(name for name, value in given.items() if value is not None)
        raise SettingsError(f"{PREFIX}{missing}: is not set, but {PREFIX}{known} is: OpenID Connect needs both")
    if settings.url is None:
        raise SettingsError(f"{PREFIX}URL: is not set: OpenID Connect needs it, for the way back from the provider")
    if settings.oidc_new_users != "refused" and not settings.oidc_email_domains:
        raise SettingsError(
            f"{PREFIX}OIDC_NEW_USERS: needs {PREFIX}OIDC_EMAIL_DOMAINS: whoever has an account at the provider would"
            " see all clicks"
        )
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        redirect_uri=settings.url.rstrip("/") + CALLBACK,
        scopes=settings.oidc_scopes,
        name=settings.oidc_name,
        email_domains=settings.oidc_email_domains,
        new_users=ROLES_OF_NEW_USERS[settings.oidc_new_users],
        verified_claim=settings.oidc_verified_claim,
    )


ROLES_OF_NEW_USERS: Final[dict[str, Role | None]] = {"refused": None, "viewer": "viewer", "editor": "editor"}


def refuse_without_provider(settings: ConsoleSettings) -> None:
    """Refuse settings that lock people out or let nobody in, because there is no provider."""
    needed = f"needs {PREFIX}OIDC_ISSUER"
    if settings.password_login != "everybody":  # noqa: S105 - a choice, no password
        raise SettingsError(f"{PREFIX}PASSWORD_LOGIN: {needed}: only owners could log in")
    if settings.oidc_new_users != "refused":
        raise SettingsError(f"{PREFIX}OIDC_NEW_USERS: {needed}")
    if settings.oidc_email_domains:
        raise SettingsError(f"{PREFIX}OIDC_EMAIL_DOMAINS: {needed}")
