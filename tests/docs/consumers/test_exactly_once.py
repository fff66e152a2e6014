"""The sample that counts each click once: killed in the middle, and made to read all again."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.docs.consumers.programs import running
from tests.docs.consumers.topics import Sent, Topics, click_records, wait_for_commits, write
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers

CLICKS = 3000
"""Six batches of the sample."""


def repeated_clicks() -> list[Sent]:
    """Give clicks of three codes, each fifth of them twice, and some of bots, which do not count."""
    clicks = [with_code(one, number) for number, one in enumerate(click_records(CLICKS))]
    return [*clicks, *clicks[::5]]


def with_code(sent: Sent, number: int) -> Sent:
    bot = {"is_bot": number % 10 == 3, "reasons": [], "rules": "1"}
    return msgspec.structs.replace(sent, value={**sent.value, "code": f"code-{number % 3}", "bot": bot})


def read_counts(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        return dict(database.execute("SELECT code, sum(clicks) FROM counts GROUP BY 1")) if "counts" in tables else {}


async def test_counts_are_exact_after_a_kill_and_after_everything_was_read_again(
    empty_topics: Topics, tmp_path: Path
) -> None:
    sent = repeated_clicks()
    await write(empty_topics, sent)
    expected = Counter(
        click["code"] for click in {one.key: one.value for one in sent}.values() if not click["bot"]["is_bot"]
    )
    path = tmp_path / "counts.sqlite"

    arguments = ("exactly_once_counter.py", path, f"{empty_topics.prefix}clicks.enriched")

    async with running(empty_topics, *arguments, group="counts"):
        await eventually(lambda: read_counts(path))
        # The end of the block kills it.
    async with running(empty_topics, *arguments, group="again") as again:
        await wait_for_commits(empty_topics, "again", len(sent))
        again.terminate()

        assert await again.wait() == 0
    assert read_counts(path) == expected
