"""A plan says what an erasure would change, and changes nothing."""

from typing import Any

import asyncpg
import pytest

from storage.erasure.erasing import erase
from storage.erasure.plan import NothingFound, plan_erasure
from storage.erasure.request import ErasureRequest
from tests.storage.erasure.builders import OF_ANA, THIRD
from tests.storage.erasure.searching import read_everything
from tests.storage.erasure.stored import VISITOR
from tests.storage.test_partitions import tables

__all__ = ["tables"]
pytestmark = pytest.mark.servers


async def test_a_plan_says_the_same_and_changes_nothing(filled: asyncpg.Connection) -> None:
    before = await read_everything(filled)

    plan = await plan_erasure(filled, VISITOR)

    assert await read_everything(filled) == before
    report = await erase(filled, VISITOR)
    assert (plan.clicks, plan.days, plan.letters, plan.rejections, plan.links) == (
        report.clicks,
        report.days,
        report.letters,
        report.rejections,
        0,
    )


@pytest.mark.parametrize("start", OF_ANA, ids=["first", "second", "third", "fourth"])
async def test_the_visitor_is_found_from_any_click(filled: asyncpg.Connection, start: Any) -> None:
    plan = await plan_erasure(filled, ErasureRequest("visitor", start.click_id))

    assert plan.clicks == 4


@pytest.mark.parametrize("asked", ["click", "visitor"])
async def test_a_click_that_nobody_has_is_not_erased(tables: asyncpg.Connection, asked: Any) -> None:
    with pytest.raises(NothingFound):
        await erase(tables, ErasureRequest(asked, THIRD.click_id))
    with pytest.raises(NothingFound):
        await plan_erasure(tables, ErasureRequest(asked, THIRD.click_id))

    assert await tables.fetchval("SELECT count(*) FROM erasures") == 0
