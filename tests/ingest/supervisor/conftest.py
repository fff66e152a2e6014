"""Fixtures of the tests with a supervisor as a process."""

from pathlib import Path

import pytest

from tests.ingest.supervisor.supervised import Supervised


@pytest.fixture
def pipeline(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> Supervised:
    return Supervised(tmp_path, kafka, database_url, valkey, topic_prefix)
