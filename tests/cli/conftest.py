"""Fixtures of the tests of the commands."""

import pytest


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The tests migrate, and find that it is done."""
    return migrated_url
