"""Checks of the PostgreSQL and Redis URLs in settings: find what can never work, and TLS that is not secure. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from runtime.insecure_tls import accepts_any_certificate
from runtime.setting_urls import HIGHEST_PORT, HostPort, Url, UrlProblem, find_host_problem, is_port, read_url

UNVERIFIED: Final = "TLS that accepts any certificate is not secure: turn verification on"
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SESSION_TARGETS: Final = ("any", "primary", "standby", "prefer-standby", "read-write", "read-only")
TLS_VERSIONS: Final = ("TLSv1.2", "TLSv1.3")
CHOICES: Final = {
    "sslmode": SSL_MODES,
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": SESSION_TARGETS,
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "gsslib": ("gssapi", "sspi"),
}
LIBPQ_ONLY: Final = frozenset(
    {"channel_binding", "client_encoding", "connect_timeout", "fallback_application_name", "gssencmode", "hostaddr"}
    | {"keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "replication"}
    | {"require_auth", "requirepeer", "sslcertmode", "sslcompression", "sslsni", "tcp_user_timeout"}
)
"""Options of libpq. asyncpg would send them to the server, which refuses the connection."""

OWN_POSTGRES: Final = frozenset(
    {"statement_timeout", "transaction_timeout", "lock_timeout", "idle_session_timeout"}
    | {"idle_in_transaction_session_timeout", "default_transaction_read_only", "transaction_read_only"}
    | {"default_transaction_isolation", "transaction_isolation", "default_transaction_deferrable"}
    | {"synchronous_commit", "session_replication_role", "command_timeout", "timeout"}
)
"""Settings of a session on which promises of Clickrail depend: its time limits, durable commits, the triggers."""
IN_OPTIONS: Final = re.compile(r"(?:-c\s*|--)([A-Za-z_-]+)\s*=")
"""A setting in `options`, written as `-c name=value` or `--name=value`."""

MANY_SERVERS: Final = "Sentinel and Cluster are not used: it must lead to one Redis, by redis:// or rediss://"
OWN_REDIS: Final = ("socket_timeout", "socket_connect_timeout")
REDIS_NUMBERS: Final = frozenset({"db", "health_check_interval", "max_connections"})
REDIS_FLAGS: Final = frozenset({"socket_keepalive", "ssl_check_hostname"})
REDIS_CHOICES: Final = {"ssl_cert_reqs": ("required", "optional")}
REDIS_TEXTS: Final = frozenset(
    {"client_name", "username", "password", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"}
    | {"ssl_password"}
)
FLAGS: Final = frozenset({"0", "1", "f", "false", "n", "no", "t", "true", "y", "yes"})


def find_postgres_problem(text: str) -> str | None:
    """Return why a text cannot be PostgreSQL's URL, or None. The reason shows nothing of the text."""
    if accepts_any_certificate(text):
        return UNVERIFIED
    url = read_url(text)
    if isinstance(url, UrlProblem):
        return url.reason
    if url.scheme not in ("postgresql", "postgres"):
        return "it does not begin with postgresql://"
    if "/" in url.path and "%2f" not in text.lower():
        return "the name of the database contains a /: write it as %2F"
    return find_option_problem(url.options) or find_server_problem(url) or find_choice_problem(url, CHOICES)


def find_option_problem(options: Mapping[str, str]) -> str | None:
    if unknown := sorted(LIBPQ_ONLY & options.keys()):
        return f"the option {unknown[0]} works in libpq only: remove it"
    own = find_own_options(options)
    return f"Clickrail sets {own[0]} itself: remove it" if own else None


def find_own_options(options: Mapping[str, str]) -> list[str]:
    """Return the settings of `OWN_POSTGRES` in options of a URL, as such and within `options`."""
    names = [*options, *IN_OPTIONS.findall(options.get("options", ""))]
    return sorted(OWN_POSTGRES & {name.lower().replace("-", "_") for name in names})


def find_server_problem(url: Url) -> str | None:
    """Check the hosts and ports given as options."""
    ports = [port for port in url.options.get("port", "").split(",") if port]
    hosts = url.hosts or tuple(HostPort(host, None) for host in url.options.get("host", "").split(",") if host)
    if not all(map(is_port, ports)):
        return f"the port is not a number from 1 to {HIGHEST_PORT}"
    if len(ports) > 1 and len(ports) != len(hosts):
        return "the numbers of ports and hosts differ"
    if ports and any(place.port for place in url.hosts):
        return "the port is given twice"
    return find_host_problem(url.options.get("host", ""))


def find_choice_problem(url: Url, choices: Mapping[str, tuple[str, ...]]) -> str | None:
    wrong = [name for name, known in choices.items() if url.options.get(name, known[0]) not in known]
    return f"{wrong[0]} must be one of {', '.join(choices[wrong[0]])}" if wrong else None


def find_redis_problem(text: str) -> str | None:
    """Return why a text cannot be Redis's URL, or None. The reason shows nothing of the text."""
    if accepts_any_certificate(text):
        return UNVERIFIED
    url = read_url(text)
    if isinstance(url, UrlProblem):
        return url.reason
    if url.scheme == "unix":
        at_socket = url.path and not url.hosts
        if not at_socket:
            return "unix:// needs the path of a socket, as in unix:///run/redis.sock"
        return find_redis_option_problem(url)
    if url.scheme not in ("redis", "rediss"):
        has_servers = "sentinel" in url.scheme or "cluster" in url.scheme
        return MANY_SERVERS if has_servers else "it does not begin with redis:// or rediss://"
    return find_redis_server_problem(url) or find_redis_option_problem(url)


def find_redis_server_problem(url: Url) -> str | None:
    if len(url.hosts) > 1 or any(place.host.startswith("/") for place in url.hosts):
        return "it must name exactly one TCP host"
    if url.path and not is_number(url.path):
        return "the path must be the number of the database, as in redis://host:6379/0"
    return None


def find_redis_option_problem(url: Url) -> str | None:
    if own := [name for name in OWN_REDIS if name in url.options]:
        return f"Clickrail sets {own[0]} itself, because visitors wait for Redis: remove it"
    known = REDIS_NUMBERS | REDIS_FLAGS | REDIS_TEXTS | REDIS_CHOICES.keys()
    if not url.options.keys() <= known:
        return f"an option is unknown; the known ones are {', '.join(sorted(known))}"
    if problem := find_redis_tls_problem(url):
        return problem
    for name, value in url.options.items():
        if name in REDIS_NUMBERS and not is_number(value):
            return f"{name} is not a whole number"
        if name in REDIS_FLAGS and value.lower() not in FLAGS:
            return f"{name} is neither true nor false"
    return find_choice_problem(url, REDIS_CHOICES)


def find_redis_tls_problem(url: Url) -> str | None:
    """Find options that redis-py accepts for another scheme only: it would raise TypeError at each connection."""
    if tls := sorted(name for name in url.options if name.startswith("ssl_") and url.scheme != "rediss"):
        return f"{tls[0]} is for rediss:// (TLS), not for {url.scheme}://"
    if url.scheme == "unix" and "socket_keepalive" in url.options:
        return "socket_keepalive is for redis:// and rediss://, not for unix://"
    if "ssl_keyfile" in url.options and "ssl_certfile" not in url.options:
        return "ssl_keyfile needs the certificate too: ssl_certfile"
    return None


def is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None
