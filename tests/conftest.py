"""Fixtures of all tests: real servers, each started by the first test that asks for it."""

import gc
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from deploy.local.browser import chromium
from deploy.local.kafka import plan_kafka
from deploy.local.server import Server, running
from deploy.local.settings import LocalSettings
from tests import examples, keeper, migrated, servers
from tests.faults.brokers import ProxiedKafka, kafka_behind_proxy
from tests.forking import Forker, stop_forkers
from tests.in_memory import in_memory
from tests.pipeline import Pipeline

# Before any test is read: properties take their settings from the profile.
examples.register_profiles()

# structlog's own default renders each exception with the values of all its frames, which takes a second each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

pytest_plugins = ("tests.drilling", "tests.sharing", "tests.selecting")


# While tests are collected nearly all that is made stays. Those thousands live until the end, and the garbage collector
# need not look at them again and again.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> LocalSettings:
    """The settings of the session's servers. Their logs are in `data_dir`/logs."""
    return servers.small_settings(tmp_path_factory.mktemp("servers"))


@pytest.fixture
def own_settings(tmp_path: Path) -> LocalSettings:
    """Settings for servers of a test's own, to break: `async with running(await plan_kafka(own_settings))`."""
    return servers.small_settings(tmp_path / "local")


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Kafka, as `host:port`. The tests of all workers share it: topics and groups begin with their `topic_prefix`."""
    if servers.GIVEN_KAFKA is not None:
        yield servers.GIVEN_KAFKA
        return
    own = tmp_path_factory.getbasetemp()
    async with keeper.shared("kafka", own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) as address:
        yield address


@pytest.fixture(scope="session")
async def second_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running(await plan_kafka(servers.small_settings(tmp_path_factory.mktemp("second")))) as server:
        yield server


@pytest.fixture
def freezable_kafka(second_kafka: Server) -> Iterator[Server]:
    """A Kafka that nobody else uses meanwhile, for a test to freeze."""
    yield second_kafka
    second_kafka.thaw()


@pytest.fixture(scope="session")
async def third_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProxiedKafka]:
    async with kafka_behind_proxy(servers.small_settings(tmp_path_factory.mktemp("third"))) as line:
        yield line


@pytest.fixture
def line(third_kafka: ProxiedKafka) -> Iterator[ProxiedKafka]:
    """A Kafka that nobody else uses meanwhile, and the line to it, for a test to break."""
    yield third_kafka
    third_kafka.proxy.restore()


@pytest.fixture(scope="session")
async def postgres(server_settings: LocalSettings) -> AsyncIterator[str]:
    """PostgreSQL, as `postgresql://user:password@host:port/database`."""
    with in_memory(server_settings.data / "postgres"):
        async with servers.run_postgres(server_settings) as address:
            yield address


@pytest.fixture(scope="session")
async def valkey(server_settings: LocalSettings) -> AsyncIterator[str]:
    """Valkey, as `redis://host:port/0`. Tests share it: they take keys of their own, or flush it."""
    async with servers.run_valkey(server_settings) as address:
        yield address


@pytest.fixture
async def empty_url(postgres: str) -> AsyncIterator[str]:
    """A schema of the test's own, empty: every connection by this URL finds its tables there, and only there."""
    async with servers.empty_schema(postgres) as url:
        yield url


@pytest.fixture
def database_url(empty_url: str) -> str:
    """A schema of the test's own: empty, or with tables where the folder says so by `migrated_url`."""
    return empty_url


@pytest.fixture(scope="session")
async def template(postgres: str) -> AsyncIterator[str | None]:
    """The name of a database with the tables of sink and console; none on a server that was given: it may forbid it."""
    if servers.GIVEN_DATABASE is not None:
        yield None
        return
    async with migrated.make_template(postgres) as name:
        yield name


@pytest.fixture
async def migrated_url(postgres: str, template: str | None) -> AsyncIterator[str]:
    """As `empty_url`, but with those tables if there is a template, for tests that migrate: they find that it is done.

    A folder or a module whose tests do so makes it its `database_url`.
    """
    async with migrated.copy_of(postgres, template) if template else servers.empty_schema(postgres) as url:
        yield url


@pytest.fixture
def topic_prefix() -> str:
    """A text that no other test's topics begin with."""
    return f"t{uuid.uuid4().hex[:12]}."


@pytest.fixture
def pipeline(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Pipeline:
    """A pipeline of the test's own on the session's servers: `async with running_pipeline(pipeline)`."""
    return Pipeline(tmp_path, kafka, database_url, valkey, topic_prefix)


@pytest.fixture(scope="session")
async def forker() -> AsyncIterator[Forker]:
    """Services as processes that need not import, for a test that starts one only to see it end."""
    forker = Forker()
    yield forker
    await forker.stop()


@pytest.fixture(scope="session", autouse=True)
async def _forked_services() -> AsyncIterator[None]:
    yield
    await stop_forkers()


@pytest.fixture(scope="session")
async def chromium_path(server_settings: LocalSettings) -> Path:
    """A Chromium for Playwright: `playwright.chromium.launch(executable_path=chromium_path)`."""
    return await chromium(server_settings.cache)
