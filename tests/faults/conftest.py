"""Fixtures of the fault tests."""

from pathlib import Path

import pytest

from tests.faults.stores import MakeShop, StoredShop


@pytest.fixture
def stored_shop(tmp_path: Path, kafka: str, database_url: str, topic_prefix: str) -> MakeShop:
    """Make a shop with that Redis."""
    return lambda redis_url: StoredShop(tmp_path, kafka, database_url, redis_url, topic_prefix)


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The tests migrate, and find that it is done."""
    return migrated_url
