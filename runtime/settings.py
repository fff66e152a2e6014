"""Settings: one frozen Struct per service, read once from the environment.

A Struct declares its names with `rename=variables("INGEST")`: a field `port` is read from `CLICKRAIL_INGEST_PORT`,
a shared field such as `database_url` from `CLICKRAIL_DATABASE_URL`. Lists are comma-separated. Every secret may be
read from a file instead: `CLICKRAIL_DATABASE_URL_FILE`.
"""

import difflib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

from runtime.client_address import parse_networks
from runtime.errors import SettingsError
from runtime.expectations import (
    describe_value,
    find_check,
    find_choices,
    find_description,
    find_example,
    is_list,
    plain_type,
)
from runtime.kafka.addresses import find_unfit_server
from runtime.server_urls import find_postgres_problem, find_redis_problem
from runtime.setting_urls import find_origin_problem

S = TypeVar("S", bound=msgspec.Struct)

PREFIX: Final = "CLICKRAIL_"
FILE: Final = "_FILE"
"""Suffix for secrets: the variable holds the path of the file that contains the secret."""
SERVICES: Final = ("INGEST", "ENRICHER", "SINK", "SETTLER", "CONSOLE", "LOCAL")
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
    "timezone",
    "log_level",
    "traces_endpoint",
    "traces_ratio",
)


class Secret(str):
    """A text whose `str` and `repr` are `***`. `reveal()` returns it, for code that connects."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        return str.__str__(self)


POSTGRES_URL: Final = "postgresql://user:password@host:5432/database"
REDIS_URL: Final = "redis://user:password@host:6379/0"
ORIGIN: Final = "https://go.shop.example"


def find_database_url_problem(url: Secret) -> str | None:
    return add_example(POSTGRES_URL, find_postgres_problem(url.reveal()))


def find_redis_url_problem(url: Secret) -> str | None:
    return add_example(REDIS_URL, find_redis_problem(url.reveal()))


def find_public_url_problem(url: str) -> str | None:
    return add_example(ORIGIN, find_origin_problem(url))


def add_example(example: str, problem: str | None) -> str | None:
    return None if problem is None else f"{problem}; use a URL like {example}"


def find_zone_problem(name: str) -> str | None:
    if name not in zoneinfo.available_timezones():
        return f"there is no time zone {name!r}; use a name of the IANA database, such as Europe/Berlin or UTC"
    return None


def find_network_problem(texts: Iterable[str]) -> str | None:
    try:
        parse_networks(texts)
    except ValueError as error:
        return f"{error}; write networks such as 10.0.0.0/8, or addresses, separated by commas"
    return None


KafkaBootstrapServers = Annotated[
    tuple[str, ...],
    Meta(
        min_length=1,
        description="Kafka's brokers, comma-separated",
        examples=["kafka-1:9092,kafka-2:9092"],
        extra={"check": find_unfit_server},
    ),
]
KafkaTopicPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{0,64}\Z",
        description="prefix of every topic and consumer group",
        examples=["team-a."],
        extra={"form": "at most 64 letters, digits, dots, hyphens or underscores"},
    ),
]
DatabaseUrl = Annotated[
    Secret,
    Meta(
        description="PostgreSQL",
        examples=[POSTGRES_URL],
        extra={"check": find_database_url_problem},
    ),
]
RedisUrl = Annotated[
    Secret, Meta(description="Redis or Valkey", examples=[REDIS_URL], extra={"check": find_redis_url_problem})
]
RedisPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,64}\Z",
        description="first part of every key, so that installations can share one Redis",
        extra={"form": "1 to 64 letters, digits, dots, hyphens or underscores"},
    ),
]
KeysFile = Annotated[
    str,
    Meta(
        min_length=1,
        description="the key ring's file, closed to other users (mode 0600 or 0640); `clickrail keys init` makes it",
        examples=["/var/lib/clickrail/keys/keys.json"],
    ),
]
PublicUrl = Annotated[
    str,
    Meta(
        description="URL at which visitors reach ingest; with http, cookies have no Secure attribute",
        examples=[ORIGIN],
        extra={"check": find_public_url_problem, "form": "`http://` or `https://` and a host, with no path"},
    ),
]
Region = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9-]{1,32}\Z",
        description="name of the place where this process runs; part of every event",
        examples=["eu-west-1"],
        extra={"form": "1 to 32 lower-case letters, digits or hyphens"},
    ),
]
Timezone = Annotated[
    str,
    Meta(
        description="reporting zone of hours, days and months; after a change run `clickrail rollups rebuild --zone`",
        examples=["Europe/Berlin"],
        extra={"check": find_zone_problem, "form": "a name of the IANA time zone database"},
    ),
]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], Meta(description="lowest level that is logged")]
Host = Annotated[str, Meta(min_length=1, description="address to listen on")]
Port = Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 chooses a free one")]
PrivatePort = Annotated[int, Meta(ge=0, le=65535, description="port of /healthz, /readyz and /metrics")]
MostDeadLetters = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000,
        description="dead letters allowed among the last 10,000 records: one more stops the stage, and so do as many in"
        " a row; 0 is no limit",
    ),
]
GroupInstanceId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,200}\Z",
        description="name of this process in its consumer group, such as its pod's, different from every other"
        " member's: started again within 10 s of a crash, it has its partitions back at once",
        examples=["clickrail-0"],
        extra={"form": "1 to 200 letters, digits, dots, hyphens or underscores"},
    ),
]


ProxyNetworks = Annotated[
    tuple[str, ...],
    Meta(
        description="networks of trusted proxies, which may name the client's address, comma-separated",
        examples=["10.0.0.0/8,::1"],
        extra={"check": find_network_problem},
    ),
]
ForwardedHeader = Annotated[
    Literal["x-forwarded-for", "forwarded"],
    Meta(description="header in which they do, X-Forwarded-For or Forwarded (RFC 7239); the other one is ignored"),
]


def variables(service: str) -> Callable[[str], str]:
    """Return the `rename` for a service's Settings: field name to variable name."""
    return lambda field: f"{PREFIX}{'' if field in SHARED else service + '_'}{field.upper()}"


def load(kind: type[S], environ: Mapping[str, str]) -> S:
    """Read `kind` from the environment.

    Raises SettingsError with a sentence that names the variable: invalid, missing, unknown (with the nearest known
    name), given twice, or a `_FILE` that cannot be read. Variables of other services are ignored. A choice (`info`)
    may be written in capitals.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    types = get_type_hints(kind, include_extras=True)
    hints = {name: types[field.name] for name, field in fields.items()}
    texts = read_texts(environ, hints)
    for name, field in fields.items():
        if field.required and name not in texts:
            raise SettingsError(f"{name}: is not set: it must be {describe_setting(field, hints[name])}")
    return kind(**{fields[name].name: read_value(fields[name], text, hints[name]) for name, text in texts.items()})


def read_texts(environ: Mapping[str, str], hints: Mapping[str, Any]) -> dict[str, str]:
    """Return our variables by name; a secret's `_FILE` is replaced by the file's content."""
    texts: dict[str, str] = {}
    for given, text in environ.items():
        if not given.startswith(PREFIX):
            continue
        name = given if given in hints else given.removesuffix(FILE)
        if name not in hints:
            refuse_unknown(given, hints)
            continue
        if name in texts:
            raise SettingsError(f"{name}: {name} and {name}{FILE} are both set: keep one")
        texts[name] = text if name == given else read_secret(given, text, hints[name])
    return texts


def read_value(field: FieldInfo, text: str, hint: Any) -> Any:
    name = field.encode_name
    try:
        value = convert(text, hint)
    except (msgspec.ValidationError, ValueError):
        # The library's own message is about types and patterns. It raises ValueError for text that is not UTF-8.
        raise SettingsError(f"{name}: must be {describe_setting(field, hint)}") from None
    check = find_check(hint)
    wrong = check(value) if check else None
    if wrong is not None:
        raise SettingsError(f"{name}: {wrong}")
    return value


def describe_setting(field: FieldInfo, hint: Any) -> str:
    """Describe a setting: the value it expects, an example, and its purpose."""
    default = "" if field.default in (None, msgspec.NODEFAULT) or find_choices(hint) else str(field.default)
    example, purpose = find_example(hint) or default, find_description(hint)
    value = describe_value(hint)
    return f"{value}{f', for example {example}' if example else ''}{f' ({purpose})' if purpose else ''}"


def convert(text: str, hint: Any) -> Any:
    if plain_type(hint) is Secret:
        return Secret(text)
    if choices := find_choices(hint):
        text = next((word for word in choices if word.lower() == text.lower()), text)
    return msgspec.convert(split(text) if is_list(hint) else text, hint, strict=False)


def split(text: str) -> list[str]:
    return [item for item in (piece.strip() for piece in text.split(",")) if item]


def read_secret(name: str, path: str, hint: Any) -> str:
    if plain_type(hint) is not Secret:
        raise SettingsError(f"{name} is not a setting: only secrets can be read from a file")
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}: cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"{name}: {path} is not a UTF-8 text file") from None
    if not secret:
        raise SettingsError(f"{name}: {path} is empty")
    return secret


def refuse_unknown(name: str, fields: Mapping[str, object]) -> None:
    rest = name.removeprefix(PREFIX)
    own = {field.removeprefix(PREFIX).split("_", 1)[0] for field in fields} & set(SERVICES)
    shared = {field.upper() for field in SHARED} | {f"{field.upper()}{FILE}" for field in SHARED}
    of_another_service = rest.split("_", 1)[0] in set(SERVICES) - own
    if rest in shared or of_another_service:
        return
    known = [*fields, *(PREFIX + field for field in shared)]
    nearest = difflib.get_close_matches(name, known, n=1)
    raise SettingsError(f"{name} is not a setting" + (f"; did you mean {nearest[0]}?" if nearest else ""))


def show_settings(settings: msgspec.Struct) -> dict[str, object]:
    """Return the settings by variable name, for the log. A secret is shown as `***`."""
    shown = {}
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        shown[field.encode_name] = repr(value) if isinstance(value, Secret) else value
    return shown
