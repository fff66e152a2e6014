"""The lookup's Redis, and its settings."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from referrals.lookup.factory import LookupSettings
from tests.referrals.builders import PATIENT, get_signer, unique_prefix


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(valkey)
    yield client
    await client.aclose()


@pytest.fixture
def settings(referrals_url: str, valkey: str) -> LookupSettings:
    return LookupSettings(
        database_url=referrals_url,
        redis_url=valkey,
        get_signer=get_signer,
        redis_prefix=unique_prefix(),
        **PATIENT,
    )
