"""Settings: one frozen Struct per service, read once from the environment.

A Struct declares its names with `rename=variables("INGEST")`: a field `port` is read from `CLICKRAIL_INGEST_PORT`,
a shared field such as `database_url` from `CLICKRAIL_DATABASE_URL`. Lists are comma-separated. Every secret may
stand in a file instead: `CLICKRAIL_DATABASE_URL_FILE`.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from runtime.client_address import HEADERS, parse_networks
from runtime.errors import SettingsError
from runtime.unverified import trusts_anybody

S = TypeVar("S", bound=msgspec.Struct)

PREFIX: Final = "CLICKRAIL_"
SERVICES: Final = ("INGEST", "ENRICHER", "SINK", "CONSOLE", "LOCAL")
SHARED: Final = (
    "kafka_bootstrap_servers",
    "kafka_topic_prefix",
    "kafka_security_protocol",
    "kafka_ssl_ca_file",
    "kafka_ssl_certificate_file",
    "kafka_ssl_key_file",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password",
    "database_url",
    "redis_url",
    "redis_prefix",
    "keys_file",
    "public_url",
    "region",
    "log_level",
)


class Secret(str):
    """A text that does not show itself: `repr` is `***`. `reveal()` gives it to whoever connects."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        return str.__str__(self)


KafkaBootstrapServers = Annotated[
    tuple[str, ...], Meta(min_length=1, description="Kafka's brokers, `host:port`, comma-separated")
]
KafkaTopicPrefix = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9._-]{0,64}$", description="stands before every topic and group, as in `team-a.`"),
]
DatabaseUrl = Annotated[Secret, Meta(description="PostgreSQL, as `postgresql://user:password@host:port/database`")]
RedisUrl = Annotated[Secret, Meta(description="Redis or Valkey, as `redis://host:port/0`")]
RedisPrefix = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="first part of every key, so that installations can share one"),
]
KeysFile = Annotated[
    str,
    Meta(description="the key ring's file, closed to other users (mode 0600 or 0640); `clickrail keys init` makes it"),
]
PublicUrl = Annotated[
    str,
    Meta(pattern=r"^https?://[^/\s]+$", description="where visitors reach ingest; http means cookies without Secure"),
]
Region = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}$", description="where this process runs; on every event")]
LogLevel = Annotated[str, Meta(pattern=r"^(debug|info|warning|error)$", description="debug, info, warning or error")]
Host = Annotated[str, Meta(min_length=1, description="address to listen on")]
Port = Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")]
PrivatePort = Annotated[int, Meta(ge=0, le=65535, description="port of /healthz, /readyz and /metrics")]
ProxyNetworks = Annotated[
    tuple[str, ...],
    Meta(description="networks of proxies that may say whose request it is, comma-separated, as `10.0.0.0/8`"),
]
ForwardedHeader = Annotated[
    str,
    Meta(
        pattern=f"^({'|'.join(HEADERS)})$",
        description="where they say so, X-Forwarded-For or Forwarded (RFC 7239); the other one is not looked at",
    ),
]


def variables(service: str) -> Callable[[str], str]:
    """Give the `rename` of a service's Settings: field name to variable name."""
    return lambda field: f"{PREFIX}{'' if field in SHARED else service + '_'}{field.upper()}"


def check_networks(networks: Iterable[str], variable: str) -> None:
    """Raise ValueError for a network that is none, said as msgspec says it: `load` names the variable and its use."""
    try:
        parse_networks(networks)
    except ValueError as error:
        raise ValueError(f"{error} - at `$.{variable}`") from None


def load(kind: type[S], environ: Mapping[str, str]) -> S:
    """Read `kind` from the environment.

    Raises SettingsError, naming the variable: not of its type, missing, unknown (with the nearest known name), or a
    `_FILE` that cannot be read. Variables of other services may be present and are not looked at.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    given: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        target = name.removesuffix("_FILE") if name not in fields else name
        if target not in fields:
            refuse_unknown(name, fields)
        else:
            hint = hints[fields[target].name]
            value = text if name == target else read_secret(name, text, hint)
            given[target] = split(value) if is_list(hint) else value
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=as_secret)
    except msgspec.ValidationError as error:
        raise SettingsError(explain(str(error), fields, hints)) from None


def plain_type(hint: Any) -> Any:
    """Give a hint without its Annotated and without `| None`."""
    if get_origin(hint) is Annotated:
        return plain_type(get_args(hint)[0])
    members = [member for member in get_args(hint) if member is not type(None)]
    return plain_type(members[0]) if len(members) == 1 and type(None) in get_args(hint) else hint


def is_list(hint: Any) -> bool:
    return get_origin(plain_type(hint)) is tuple


def split(text: str) -> list[str]:
    return [item for item in (piece.strip() for piece in text.split(",")) if item]


def as_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        if trusts_anybody(value):
            raise ValueError("TLS that takes any certificate protects from nobody: verify it")
        return Secret(value)
    raise NotImplementedError(f"settings cannot hold a {kind.__name__}")


def read_secret(name: str, path: str, hint: Any) -> str:
    if plain_type(hint) is not Secret:
        raise SettingsError(f"{name} is unknown: only secrets may stand in a file")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}: cannot read {path}: {error.strerror}") from None


def refuse_unknown(name: str, fields: Mapping[str, object]) -> None:
    rest = name.removeprefix(PREFIX)
    own = {field.removeprefix(PREFIX).split("_", 1)[0] for field in fields} & set(SERVICES)
    shared = {field.upper() for field in SHARED} | {f"{field.upper()}_FILE" for field in SHARED}
    of_another_service = rest.split("_", 1)[0] in set(SERVICES) - own
    if rest in shared or of_another_service:
        return
    known = [*fields, *(PREFIX + field for field in shared)]
    nearest = difflib.get_close_matches(name, known, n=1)
    raise SettingsError(f"{name} is not a setting" + (f"; did you mean {nearest[0]}?" if nearest else ""))


def explain(message: str, fields: Mapping[str, Any], hints: Mapping[str, Any]) -> str:
    # msgspec names the variable in its message and echoes no value; what is missing is what the field is for.
    for name, field in fields.items():
        if message.startswith(f"{name}:"):
            return message.partition(" - at ")[0]
        if name in message:
            purpose = describe(hints[field.name])
            return f"{name}: {message.split(' - at ', maxsplit=1)[0]}" + (f" ({purpose})" if purpose else "")
    return message


def describe(hint: Any) -> str:
    """Give the description a field's annotation carries, or an empty text."""
    if get_origin(hint) is Annotated:
        own = [meta.description for meta in get_args(hint)[1:] if isinstance(meta, Meta) and meta.description]
        return own[0] if own else describe(get_args(hint)[0])
    return next((text for member in get_args(hint) if (text := describe(member))), "")
