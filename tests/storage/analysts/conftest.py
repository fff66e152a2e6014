"""Fixtures of the tests of what analysts may read."""

import pytest


@pytest.fixture
def database_url(empty_url: str) -> str:
    """A schema without tables: the tests are about migrations, and about roles with rights in it."""
    return empty_url
