"""Settings of the console."""

from typing import Annotated, Final

from msgspec import Meta

from console.auth.oidc.setting_types import (
    OidcClientId,
    OidcClientSecret,
    OidcEmailDomains,
    OidcIssuer,
    OidcName,
    OidcNewUsers,
    OidcScopes,
    OidcVerifiedClaim,
    PasswordLogin,
)
from console.auth.oidc.settings import read_oidc
from runtime.kafka.settings import KafkaSettings
from runtime.secret import Secret
from runtime.settings import variables
from runtime.shared_settings import (
    DatabaseUrl,
    ForwardedHeader,
    Host,
    KeysFile,
    LogLevel,
    Port,
    PrivatePort,
    ProxyNetworks,
    PublicUrl,
)

SHORTEST_PASSWORD: Final = 8
SHORTEST_SECRET: Final = 32
WELL_KNOWN: Final = frozenset(
    {
        "12345678",
        "123456789",
        "1234567890",
        "adminadmin",
        "administrator",
        "change-me",
        "change_me",
        "changeit",
        "changeme",
        "clickrail",
        "clickrail1",
        "iloveyou",
        "letmein1",
        "password",
        "password1",
        "password123",
        "qwertyui",
        "qwertyuiop",
    }
)


def find_weakness(password: Secret) -> str | None:
    if len(password.reveal()) < SHORTEST_PASSWORD:
        return f"must have {SHORTEST_PASSWORD} characters or more"
    if password.reveal().lower() in WELL_KNOWN:
        return "is a well-known password: choose another one"
    return None


def find_shortness(secret: Secret) -> str | None:
    enough = len(secret.reveal()) >= SHORTEST_SECRET
    return (
        None
        if enough
        else f"must have {SHORTEST_SECRET} characters or more, for example what `openssl rand -hex 32` gives"
    )


Password = Annotated[
    Secret, Meta(description="the password of the page, 8 characters or more", extra={"check": find_weakness})
]
SessionSecret = Annotated[
    Secret,
    Meta(
        description="32 characters or more; protects stored sessions together with the password; a new one logs "
        "everybody out",
        extra={"check": find_shortness},
    ),
]
ConsoleUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^/\s?#]+(/[A-Za-z0-9._~-]+)*/?\Z",
        description="where browsers reach the console; its path prefixes every link, https makes cookies Secure",
        examples=["https://ops.shop.example/clickrail"],
        extra={"form": "`http://` or `https://`, a host, and a path or none"},
    ),
]
SessionHours = Annotated[int, Meta(ge=1, le=720, description="hours until a session ends and a new login is needed")]

FilesMb = Annotated[
    int,
    Meta(
        ge=1,
        le=1_000_000,
        description="megabytes that the files of jobs may take together in PostgreSQL; another one is refused",
    ),
]


class Settings(KafkaSettings, frozen=True, kw_only=True, rename=variables("CONSOLE")):
    """Read from `CLICKRAIL_CONSOLE_*` and the shared variables."""

    database_url: DatabaseUrl
    public_url: PublicUrl | None = None
    keys_file: KeysFile | None = None
    log_level: LogLevel = "info"
    host: Host = "0.0.0.0"  # noqa: S104 - people come from outside
    port: Port = 8081
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9140
    password: Password
    session_secret: SessionSecret | None = None
    session_hours: SessionHours = 12
    url: ConsoleUrl | None = None
    files_mb: FilesMb = 2_000
    trusted_proxies: ProxyNetworks = ()
    forwarded_header: ForwardedHeader = "x-forwarded-for"
    oidc_issuer: OidcIssuer | None = None
    oidc_client_id: OidcClientId | None = None
    oidc_client_secret: OidcClientSecret | None = None
    oidc_scopes: OidcScopes = ("openid", "email", "profile")
    oidc_name: OidcName = "single sign-on"
    oidc_email_domains: OidcEmailDomains = ()
    oidc_new_users: OidcNewUsers = "refused"
    oidc_verified_claim: OidcVerifiedClaim = "email_verified"
    password_login: PasswordLogin = "everybody"  # noqa: S105 - a choice, no password

    def __post_init__(self) -> None:
        super().__post_init__()
        read_oidc(self)
