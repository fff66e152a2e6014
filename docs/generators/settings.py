"""`docs/configuration.md`, from the Settings structs. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

import console.settings
import enricher.settings
import ingest.settings
import settler.settings
import sink.settings
from deploy.local.settings import LocalSettings
from runtime.expectations import describe_value, find_description, find_example, plain_type
from runtime.secret import Secret
from runtime.settings import PREFIX
from runtime.shared_settings import SHARED

SERVICES: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        "ingest": ingest.settings.Settings,
        "enricher": enricher.settings.Settings,
        "sink": sink.settings.Settings,
        "settler": settler.settings.Settings,
        "console": console.settings.Settings,
    }
)

INTRODUCTION: Final = """\
# Configuration

Every process reads its settings once, from environment variables, when it starts. A list is separated by commas. A
secret may stand in a file instead: the same name with `_FILE` at its end holds the file's path. No secret is ever
printed or logged.

A value that does not fit, or a `CLICKRAIL_*` name that does not exist, keeps the service from starting: one line names
the variable and what it expects, or the nearest name that does exist, and the exit code is 2. Variables of *other*
services may be present, so that all of them can share one environment.

In the user name and the password of a URL these characters are percent-encoded: `:` `/` `?` `#` `[` `]` `@` `%` and the
space, as %3A %2F %3F %23 %5B %5D %40 %25 %20.

The commands read the same variables where they need them (`clickrail migrate --help` names its own), and `make up` sets
the addresses of its servers by itself.
"""
LOCAL: Final = """\
The servers that `make up` and the tests start. Their ports are on 127.0.0.1, and with the defaults they keep below
900 MiB together. Services do not read these.
"""


class Setting(msgspec.Struct, frozen=True):
    """One field of a Settings struct; `default` is null where the setting is required."""

    variable: str
    names: str
    expects: str
    default: str | None
    description: str


def describe_settings() -> str:
    """Give the page: shared variables first, then each service's own, then those of the local stack."""
    own = {service: settings_of(kind) for service, kind in SERVICES.items()}
    parts = [INTRODUCTION, "## Shared\n", f"{shared_table(own)}\n"]
    for service, settings in own.items():
        rows = [row_of(setting) for setting in settings if setting.variable not in SHARED_VARIABLES]
        parts += [f"## {service.capitalize()}\n", f"{table(COLUMNS, rows)}\n"]
    local = table(COLUMNS, map(row_of, settings_of(LocalSettings)))
    return "\n".join([*parts, "## The local stack\n", LOCAL, f"{local}\n"])


COLUMNS: Final = ("variable", "expects", "default", "what it is")
SHARED_VARIABLES: Final = tuple(PREFIX + field.upper() for field in SHARED)


def shared_table(own: Mapping[str, list[Setting]]) -> str:
    rows = []
    for variable in SHARED_VARIABLES:
        readers = {
            service: setting
            for service, settings in own.items()
            for setting in settings
            if setting.variable == variable
        }
        first = next(iter(readers.values()))
        rows.append((first.names, first.expects, defaults(readers), ", ".join(readers), first.description))
    return table(("variable", "expects", "default", "read by", "what it is"), rows)


def defaults(readers: Mapping[str, Setting]) -> str:
    """Give the default of a shared variable: one for all of its readers, or each with theirs."""
    by_reader = {service: show_default(setting.default) for service, setting in readers.items()}
    if len(set(by_reader.values())) == 1:
        return next(iter(by_reader.values()))
    return "; ".join(f"{service}: {default}" for service, default in by_reader.items())


def settings_of(kind: type[msgspec.Struct]) -> list[Setting]:
    hints = get_type_hints(kind, include_extras=True)
    return [read_setting(field, hints[field.name]) for field in msgspec.structs.fields(kind)]


def read_setting(field: msgspec.structs.FieldInfo, hint: Any) -> Setting:
    name = field.encode_name
    names = f"`{name}`, or `{name}_FILE`" if plain_type(hint) is Secret else f"`{name}`"
    example = find_example(hint)
    return Setting(
        variable=name,
        names=names,
        expects=f"{describe_value(hint)}, as `{example}`" if example else describe_value(hint),
        default=None if field.required else as_text(field.default),
        description=find_description(hint),
    )


def row_of(setting: Setting) -> tuple[str, ...]:
    return (setting.names, setting.expects, show_default(setting.default), setting.description)


def show_default(default: str | None) -> str:
    if default is None:
        return "**required**"
    return f"`{default}`" if default else "none"


def as_text(default: object) -> str:
    match default:
        case None | "" | ():
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(map(str, default))
        case _:
            return str(default)


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Give a table in Markdown. A bar inside a cell is escaped: GitHub ends the cell even within code."""
    lines = [list(columns)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
