"""Tracing is off unless an address is set. What services import without one is the matter of tests/test_extras.py."""

import subprocess
import sys

import msgspec
import pytest

from runtime.errors import SettingsError
from runtime.settings import load
from runtime.tracing import find_endpoint_problem, open_tracing
from sink.settings import Settings

ASK = """
import sys
sys.modules["opentelemetry"] = None
from runtime.tracing import load_exporter
load_exporter("http://127.0.0.1:1/v1/traces", "ingest", "0")
"""


class Wanted(msgspec.Struct, frozen=True):
    """The settings of a service that traces."""

    traces_endpoint: str | None
    traces_ratio: float = 0.5


async def test_without_an_address_there_is_no_tracing() -> None:
    async with open_tracing(Wanted(None), "ingest", "0") as tracing:
        assert tracing is None


async def test_with_an_address_spans_have_somewhere_to_go() -> None:
    async with open_tracing(Wanted("http://127.0.0.1:1/v1/traces"), "ingest", "0") as tracing:
        assert tracing is not None
        assert tracing.ratio == 0.5


def test_where_the_packages_are_missing_the_setting_and_the_extra_are_named() -> None:
    done = subprocess.run((sys.executable, "-c", ASK), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "SettingsError: CLICKRAIL_TRACES_ENDPOINT: opentelemetry.exporter is missing: install clickrail[otel]\n"
    )


def test_an_address_that_is_no_url_is_refused_before_the_start() -> None:
    given = {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
        "CLICKRAIL_DATABASE_URL": "postgresql://h/d",
        "CLICKRAIL_TRACES_ENDPOINT": "collector:4318",
    }
    with pytest.raises(SettingsError, match="CLICKRAIL_TRACES_ENDPOINT: it does not begin with http"):
        load(Settings, given)
    assert find_endpoint_problem("https://collector:4318/v1/traces") is None
