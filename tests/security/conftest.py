"""Pipelines that many items share, each run once."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.pipeline import Pipeline, running_pipeline
from tests.security.aftermath import SETTINGS, Aftermath, bring_about
from tests.servers import empty_schema

Servers = tuple[str, str, str]

HURRIED = {"CLICKRAIL_INGEST_HEAD_TIMEOUT_S": "1"}


@pytest.fixture(scope="session")
def all_servers(kafka: str, postgres: str, valkey: str) -> Servers:
    return kafka, postgres, valkey


@pytest.fixture(scope="session")
async def aftermath(all_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aftermath]:
    """What is left of a pipeline that saw known addresses and hostile values."""
    async with pipeline_of(all_servers, tmp_path_factory.mktemp("aftermath"), SETTINGS) as pipeline:
        yield await bring_about(pipeline)


@pytest.fixture(scope="session")
async def ingest(all_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """A running ingest that waits a second for a request, not ten."""
    async with pipeline_of(all_servers, tmp_path_factory.mktemp("ingest"), HURRIED, "ingest") as pipeline:
        yield pipeline


@asynccontextmanager
async def pipeline_of(
    servers: Servers, folder: Path, environ: Mapping[str, str], *names: str
) -> AsyncIterator[Pipeline]:
    kafka, postgres, valkey = servers
    async with empty_schema(postgres) as database_url:
        pipeline = Pipeline(folder, kafka, database_url, valkey, f"t{uuid.uuid4().hex[:12]}.")
        pipeline.environ.update(environ)
        async with running_pipeline(pipeline, *names):
            yield pipeline
