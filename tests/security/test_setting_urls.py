"""A URL that is not one stops the start in one line that shows nothing of the password in it."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.generators.settings import SERVICES
from runtime.errors import SettingsError
from runtime.settings import load
from tests.examples import examples
from tests.forking import Forker
from tests.ingest.test_settings import NEEDED
from tests.security.test_starting import DATABASE, KEYS, NOWHERE, PASSWORD, REDIS, start

RARE = "QZXJ"
"""Letters of which no message of ours has two in a row."""
PASSWORDS = st.text(st.sampled_from(RARE + "019/?#@%[]:&=+,;'\"\\ \t\nä{}"), min_size=4, max_size=24)
URLS = {
    "CLICKRAIL_DATABASE_URL": "postgresql://clickrail:{}@127.0.0.1:5432/clickrail",
    "CLICKRAIL_REDIS_URL": "redis://clickrail:{}@127.0.0.1:6379/0",
    "CLICKRAIL_PUBLIC_URL": "https://clickrail:{}@go.shop.example",
    "CLICKRAIL_INGEST_FALLBACK_URL": "https://clickrail:{}@shop.example/away",
}


@pytest.mark.parametrize("name", URLS)
@examples(200)
@given(PASSWORDS)
def test_no_part_of_a_password_is_in_what_is_said_of_its_url(name: str, password: str) -> None:
    refused = refuse(NEEDED | {name: URLS[name].format(password)})

    if refused is not None:
        assert str(refused).startswith(f"{name}: ")
        assert not re.search(f"[{RARE}]{{2}}", str(refused))
        assert "\n" not in str(refused)
        # A library's own message, which may quote anything, is not behind it either.
        assert refused.__cause__ is None
        assert refused.__suppress_context__ or refused.__context__ is None


def refuse(environ: Mapping[str, str]) -> SettingsError | None:
    try:
        load(SERVICES["ingest"], environ)
    except SettingsError as refused:
        return refused
    return None


@pytest.mark.processes
@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("sink", DATABASE, "mysql://clickrail:QQXX@127.0.0.1/clickrail"),
        ("console", DATABASE, "postgresql://clickrail:QQ#XX@127.0.0.1:5432/clickrail"),
        ("ingest", DATABASE, "postgresql://clickrail:QQ/XX@127.0.0.1:5432/clickrail"),
        ("ingest", REDIS, "redis://:QQ[XX@127.0.0.1:6379/0"),
    ],
)
async def test_a_service_does_not_start_with_it_and_says_which_setting_it_is(
    forker: Forker, service: str, name: str, value: str
) -> None:
    more = {KEYS: "keys.json", "CLICKRAIL_INGEST_DATA_DIR": "data", PASSWORD: "correct horse"}
    code, said = await start(forker, service, {**NOWHERE, **more, name: value})

    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"clickrail {service}: {name}: ")
    assert not re.search("QQ|XX", said)
