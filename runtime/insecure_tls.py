"""Whether a URL asks for TLS that does not verify the server's certificate. Pure."""

from typing import Final
from urllib.parse import parse_qsl

UNVERIFIED_REDIS_OPTIONS: Final = frozenset(
    {("ssl_cert_reqs", "none"), *(("ssl_check_hostname", no) for no in ("0", "f", "false", "n", "no"))}
)
"""Options that turn certificate verification off in a Redis URL."""

UNVERIFIED_POSTGRES_MODES: Final = frozenset(("sslmode", mode) for mode in ("allow", "prefer", "require"))
"""The modes in which PostgreSQL clients accept any certificate."""


def accepts_any_certificate(url: str) -> bool:
    """Return whether a Redis or PostgreSQL URL asks for TLS that accepts any certificate.

    A URL without TLS is accepted: it is meant for a trusted network.
    """
    scheme, _, rest = url.partition("://")
    given = [(name, value.lower()) for name, value in parse_qsl(rest.partition("?")[2])]
    match scheme.lower():
        case "rediss":
            return not UNVERIFIED_REDIS_OPTIONS.isdisjoint(given)
        case "postgresql" | "postgres":
            # In libpq, `require` verifies the certificate when `sslrootcert` is given.
            anchored = dict(given).get("sslrootcert") and ("sslmode", "require") in given
            return not UNVERIFIED_POSTGRES_MODES.isdisjoint(given) and not anchored
        case _:
            return False
