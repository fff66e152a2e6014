"""Whether an address asks for TLS that does not verify whom it speaks with. Pure."""

from typing import Final
from urllib.parse import parse_qsl

UNVERIFIED_REDIS_OPTIONS: Final = frozenset(
    {("ssl_cert_reqs", "none"), *(("ssl_check_hostname", no) for no in ("0", "f", "false", "n", "no"))}
)
"""What turns the verification off in a URL of Redis."""

UNVERIFIED_POSTGRES_MODES: Final = frozenset(("sslmode", mode) for mode in ("allow", "prefer", "require"))
"""The modes in which PostgreSQL's clients take any certificate."""


def accepts_any_certificate(url: str) -> bool:
    """Tell whether a URL of Redis or PostgreSQL asks for TLS that takes any certificate.

    A URL that asks for no TLS is not judged: that is for a network one trusts.
    """
    scheme, _, rest = url.partition("://")
    given = [(name, value.lower()) for name, value in parse_qsl(rest.partition("?")[2])]
    match scheme.lower():
        case "rediss":
            return not UNVERIFIED_REDIS_OPTIONS.isdisjoint(given)
        case "postgresql" | "postgres":
            # As PostgreSQL has it, `require` does verify where a root certificate is named.
            anchored = dict(given).get("sslrootcert") and ("sslmode", "require") in given
            return not UNVERIFIED_POSTGRES_MODES.isdisjoint(given) and not anchored
        case _:
            return False
