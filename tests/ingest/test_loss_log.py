"""Each loss is a line in the log: at once, then the sum of an interval."""

import asyncio

import pytest
from structlog.testing import capture_logs

from ingest import loss_log
from ingest.loss_log import LossLog
from tests.waiting import eventually


async def test_the_first_loss_is_said_at_once_and_what_follows_as_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_log, "INTERVAL_S", 0.2)
    said = LossLog()
    with capture_logs() as logs:
        for _ in range(100):
            said.add("clicks", "journal_failed", 1)
        said.add("rejections", "queue_full", 7)
        assert len(logs) == 1
        await eventually(lambda: len(logs) == 3)
        await asyncio.sleep(0.3)  # An interval without a loss, which nothing is said of.
        said.add("clicks", "stopped", 5)
        said.close()
    assert [(line["event"], line["what"], line["reason"], line["count"]) for line in logs] == [
        ("lost for good", "clicks", "journal_failed", 1),
        ("lost for good", "clicks", "journal_failed", 99),
        ("lost for good", "rejections", "queue_full", 7),
        ("lost for good", "clicks", "stopped", 5),
    ]


async def test_what_has_not_been_said_is_said_at_the_end() -> None:
    said = LossLog()
    with capture_logs() as logs:
        said.add("clicks", "journal_failed", 1)
        said.add("clicks", "journal_failed", 2)
        said.add("clicks", "stopped", 0)
        said.close()
        said.close()
    assert [(line["reason"], line["count"]) for line in logs] == [("journal_failed", 1), ("journal_failed", 2)]
