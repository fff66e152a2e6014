"""A test link, from the command that writes it to the totals that leave its click out."""

import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from identity.keyfile import read_ring
from identity.probe_link import make_test_proof
from identity.token import TokenKeys
from storage.read.counts import Totals, count_totals
from tests.pipeline import CHROME, Pipeline, eventually, running_pipeline, without_redirects

pytestmark = [pytest.mark.servers, pytest.mark.processes]


async def test_a_test_is_routed_as_usual_and_in_no_total(pipeline: Pipeline) -> None:
    async with running_pipeline(pipeline), without_redirects() as browser:
        keys, now_s = TokenKeys(read_ring(pipeline.folder / "keys.json")), int(time.time())
        proofs = (make_test_proof(keys, "abc123", now_s + 600), make_test_proof(keys, "abc123", now_s - 1), "nonsense")
        for proof in proofs:
            answer = await browser.get(
                f"{pipeline.url}/ref/abc123?cr_test={proof}", headers={"User-Agent": CHROME}, allow_redirects=False
            )
            assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example/shoes")
            assert answer.headers["Set-Cookie"].startswith("__Host-cr-shoes=")

        async def all_three() -> list[asyncpg.Record] | None:
            rows = await pipeline.rows("SELECT is_test FROM clicks ORDER BY clicked_at, handled_sequence")
            return rows if len(rows) == len(proofs) else None

        rows = await eventually(all_three)

    connection = await asyncpg.connect(pipeline.database_url)
    try:
        totals = await count_totals(
            connection, datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC) + timedelta(minutes=5)
        )
    finally:
        await connection.close()
    assert rows is not None
    assert [row["is_test"] for row in rows] == [True, False, False]
    assert totals == Totals(people=2, bots=0, rejected=0, dead_letters=0, unique=1, repeats=1)
