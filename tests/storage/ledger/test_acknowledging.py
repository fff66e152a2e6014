"""A known loss: what was acknowledged is not missing, and other clicks are."""

from datetime import timedelta

import pytest

from storage.ledger.acknowledging import acknowledge, list_losses
from storage.read.ledger import LedgerMinute, read_minutes
from tests.sink.builders import NOW, dead_lettered
from tests.storage.ledger.test_ledger import FIRST, Tables, numbered, tables  # noqa: F401 - a fixture

pytestmark = pytest.mark.servers

LATER = FIRST + timedelta(minutes=1)


async def test_what_was_acknowledged_is_not_missing_and_what_is_lost_later_is(tables: Tables) -> None:  # noqa: F811
    await tables.store_clicks(numbered(1), numbered(5, minute=1))
    async with tables.connection.transaction():
        await acknowledge(tables.connection, await tables.holes(), "Ann", "a disk is gone", NOW)
    assert await tables.missing() == 0
    assert (await read_minutes(tables.connection, LATER, NOW))[0] == LedgerMinute(
        minute=LATER, accepted=4, stored=1, dead=0, acknowledged=3
    )
    await tables.store_clicks(numbered(7, minute=2))
    assert await tables.missing() == 1


async def test_a_letter_without_a_number_hides_no_loss_after_an_acknowledgement(tables: Tables) -> None:  # noqa: F811
    letter = dead_lettered(topic="clicks.raw", key=numbered(2).click_id.encode(), value=b"\xff", failed_at=NOW)
    await tables.store_clicks(numbered(1), numbered(4, minute=1))
    await tables.store([letter])
    assert await tables.missing() == 1
    async with tables.connection.transaction():
        await acknowledge(tables.connection, await tables.holes(), "Ann", "a disk is gone", NOW)
    assert await tables.missing() == 0
    await tables.store_clicks(numbered(6, minute=2))
    assert await tables.missing() == 1


async def test_a_click_that_comes_after_all_is_stored_and_said(tables: Tables) -> None:  # noqa: F811
    await tables.store_clicks(numbered(1), numbered(4, minute=1))
    async with tables.connection.transaction():
        await acknowledge(tables.connection, await tables.holes(), "Ann", "a disk is gone", NOW)
    await tables.store_clicks(numbered(2, minute=1))
    (loss,) = await list_losses(tables.connection)

    assert (loss.acknowledged_by, loss.reason, loss.first_minute) == ("Ann", "a disk is gone", LATER)
    assert (loss.clicks, loss.arrived) == (2, 1)
    minutes = await read_minutes(tables.connection, LATER, NOW)
    assert (minutes[0].stored, minutes[0].acknowledged, minutes[0].absent) == (2, 1, 0)
