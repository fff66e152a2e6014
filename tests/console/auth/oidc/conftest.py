"""A provider for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.console.auth.oidc.fake_provider import FakeProvider, run_provider
from tests.console.auth.oidc.going import VERA, run_oidc_console
from tests.console.running import Console


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with run_provider() as provider:
        yield provider


@pytest.fixture
async def oidc_console(provider: FakeProvider) -> AsyncIterator[Console]:
    """A console with the provider, to which Vera is invited."""
    async with run_oidc_console(provider, VERA) as console:
        yield console
