"""Every setting of every service: what is wrong with a value is said in a sentence, and no secret is shown."""

import re
from functools import cache, partial
from typing import get_type_hints

import msgspec
import pytest
from msgspec.structs import FieldInfo

from deploy.local.settings import LocalSettings
from docs.generators.settings import SERVICES
from runtime.errors import SettingsError
from runtime.expectations import plain_type
from runtime.kafka.settings import KafkaSettings
from runtime.secret import Secret
from runtime.settings import load

SERVERS = "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS"
NEEDED = {
    SERVERS: "127.0.0.1:19092",
    "CLICKRAIL_DATABASE_URL": "postgresql://clickrail@127.0.0.1/clickrail",
    "CLICKRAIL_KEYS_FILE": "keys.json",
    "CLICKRAIL_INGEST_DATA_DIR": "data",
    "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
    "CLICKRAIL_CONSOLE_PASSWORD": "correct horse",
}
WRONG = (
    "",
    " ",
    "x y",
    "-1",
    "1e999",
    "nan",
    "9" * 30,
    "sesame\n",
    "\udcff",
    "http://sesame/",
    "a\x00b",
    "null",
    "[]",
)
types_of = cache(partial(get_type_hints, include_extras=True))
KINDS = (*SERVICES.values(), KafkaSettings, LocalSettings)


def error_of(kind: type[msgspec.Struct], environ: dict[str, str]) -> str:
    """Give what the error says, or an empty text when there is none."""
    try:
        load(kind, environ)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param(kind, field, id=f"{kind.__module__} {field.name}")
        for kind in KINDS
        for field in msgspec.structs.fields(kind)
    ],
)
def test_every_error_of_every_setting_is_a_sentence(kind: type[msgspec.Struct], field: FieldInfo) -> None:
    refused = {error_of(kind, NEEDED | {field.encode_name: text}) for text in WRONG} - {""}
    for sentence in refused:
        assert sentence.startswith("CLICKRAIL_")
        assert set() == set(re.findall(r"regex|Expected|got `|\$\.|\^|`(?:str|int|float|bool|array)`|\n", sentence))
    # A text without a form may be anything: a path, say.
    is_free = plain_type(types_of(kind)[field.name]) in (str, Secret, tuple[str, ...])
    assert refused or is_free
    missing = {name: text for name, text in NEEDED.items() if name != field.encode_name}
    if field.required:
        with pytest.raises(SettingsError, match=rf"^{field.encode_name}: is not set: it must be "):
            load(kind, missing)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, field.encode_name, id=f"{kind.__module__} {field.name}")
        for kind in KINDS
        for field in msgspec.structs.fields(kind)
        if plain_type(types_of(kind)[field.name]) is Secret
    ],
)
@pytest.mark.parametrize(
    "secret", ["sesame", "sesame\udcff", "http://sesame@", "rediss://:sesame@h?ssl_cert_reqs=none"]
)
def test_no_error_of_a_secret_shows_it(kind: type[msgspec.Struct], name: str, secret: str) -> None:
    assert "sesame" not in error_of(kind, NEEDED | {name: secret})
