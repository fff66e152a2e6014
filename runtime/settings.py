"""Settings: one frozen Struct per service, read once from the environment.

A Struct declares its names with `rename=variables("INGEST")`: a field `port` is read from `CLICKRAIL_INGEST_PORT`,
a shared field such as `database_url` from `CLICKRAIL_DATABASE_URL`. Lists are comma-separated. Every secret may be
read from a file instead: `CLICKRAIL_DATABASE_URL_FILE`.
"""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
from msgspec.structs import FieldInfo

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
from runtime.secret import Secret
from runtime.shared_settings import SHARED

S = TypeVar("S", bound=msgspec.Struct)

PREFIX: Final = "CLICKRAIL_"
FILE: Final = "_FILE"
"""Suffix for secrets: the variable holds the path of the file that contains the secret."""
SERVICES: Final = ("INGEST", "ENRICHER", "SINK", "SETTLER", "CONSOLE", "LOCAL")


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
