"""Two thousand varied requests, and the books of the whole pipeline balance to the last one."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

import asyncpg
import pytest

from identity.cookie import CookieKeys, OpenedCookie, open_cookie
from identity.ip import IpHashKeys, hash_ip
from identity.keyfile import read_ring
from identity.keys import KeyRing
from identity.token import TokenKeys, make_token
from schemas.reasons import TRACES
from tests.end_to_end.codes import REFERRALS
from tests.end_to_end.ledger import Counts, check_stream, find_addresses, raw_clicks, scrape, send_all, stored
from tests.end_to_end.traffic import BEGINNINGS, SCAN, VARIED, Visit, seeded_traffic
from tests.ingest.wire import Answer, send
from tests.pipeline import Pipeline, running_pipeline

pytestmark = [pytest.mark.servers, pytest.mark.processes]

SEED = 20261124
RETURNING = 200


class VariedPipeline(Pipeline):
    """A pipeline that knows the codes of the traffic, and trusts one proxy."""

    async def prepare(self, referrals: str = REFERRALS) -> None:
        self.environ["CLICKRAIL_INGEST_TRUSTED_PROXIES"] = "127.0.0.1"
        await super().prepare(referrals)

    def ring(self) -> KeyRing:
        return read_ring(self.folder / "keys.json")


@pytest.fixture
def pipeline(tmp_path: Path, kafka: str, database_url: str, valkey: str, topic_prefix: str) -> VariedPipeline:
    return VariedPipeline(tmp_path, kafka, database_url, valkey, topic_prefix)


async def test_the_ledger_of_two_thousand_requests_is_exact(pipeline: VariedPipeline) -> None:
    visits = seeded_traffic(SEED, VARIED)
    async with running_pipeline(pipeline):
        answers = await send_all(visits, pipeline.port)
        came_back = [
            (visit, cookie) for visit, answer in zip(visits, answers, strict=True) if (cookie := cookie_of(answer))
        ]
        returning, cookies = zip(*came_back[:RETURNING], strict=True)
        answers += await send_all(returning, pipeline.port, cookies)
        # A scan in one breath, of which only so many a second are written down.
        scan = seeded_traffic(SEED, SCAN)
        answers += await send(pipeline.port, b"".join(visit.write(last=visit is scan[-1]) for visit in scan))
        visits += [*returning, *scan]
        counts = await scrape(pipeline)
        await stored(pipeline, counts.answers["accepted"], counts.recorded.total())
        assert await pipeline.stop() == {"ingest": 0, "enricher": 0, "sink": 0}

    clicks, rows = await raw_clicks(pipeline), await stored(pipeline, counts.answers["accepted"])
    check_counts(visits, counts)
    assert set(rows) == {click.click_id for click in clicks}
    assert (len(clicks), len(rows)) == (counts.answers["accepted"],) * 2
    rejections = await pipeline.rows("SELECT reason, count(*) FROM rejected_clicks GROUP BY reason")
    assert dict(rejections) == counts.recorded
    await check_stream(pipeline, clicks)
    check_answers(pipeline.ring(), visits, answers, rows)
    await check_privacy(pipeline, visits)


def check_counts(visits: Sequence[Visit], counts: Counts) -> None:
    """What ingest counted is what was asked, to the request."""
    assert len(visits) == 2_000
    assert counts.answers == Counter(visit.answer for visit in visits)
    refused = counts.recorded + counts.only_counted
    traces = sum(refused.pop(number, 0) for number in TRACES)
    assert refused == Counter(visit.reason for visit in visits if visit.reason)
    assert counts.answers["rejected"] == refused.total()
    assert 0 < traces <= counts.answers["head"] + counts.answers["method_not_allowed"]
    assert counts.only_counted["R102"] > 0
    assert counts.lost == 0


def check_answers(
    ring: KeyRing, visits: Sequence[Visit], answers: Sequence[Answer | None], rows: Mapping[str, asyncpg.Record]
) -> None:
    """Each visit got its answer, and each accepted one has a row that says what was asked, by whom, and what it got."""
    by_visit: dict[str, list[asyncpg.Record]] = {}
    before: dict[int, tuple[str, str | None]] = {}
    for row in sorted(rows.values(), key=lambda row: row["clicked_at"]):
        by_visit.setdefault(row["external_id"], []).append(row)
    for visit, answer in zip(visits, answers, strict=True):
        assert answer is not None
        assert answer.status == visit.status
        if visit.answer != "accepted":
            assert (answer.location, answer.cookie) == (visit.location, None)
            continue
        row = by_visit[str(visit.number)].pop(0)
        assert visit.location is not None
        token = make_token(TokenKeys(ring), row["click_id"], row["program_id"])
        location = visit.location.format(click_id=row["click_id"], click_token=token)
        assert (answer.location, row["target_url"]) == (location, location)
        assert {name: row[name] for name in visit.stored} == visit.stored
        assert row["ip_hash"] == expected_hash(ring, visit, row)
        assert opened_id(ring, answer) == (row["click_id"] if row["privacy_decision"] == "full" else None)
        assert (row["cookie_state"], row["previous_click_id"]) == before.get(visit.number, ("absent", None))
        before[visit.number] = ("valid", row["click_id"])
    assert not any(by_visit.values())


def expected_hash(ring: KeyRing, visit: Visit, row: asyncpg.Record) -> str | None:
    if row["privacy_decision"] == "anonymous":
        return None
    return hash_ip(IpHashKeys(ring), ip_address(visit.client).packed)[1]


def cookie_of(answer: Answer | None) -> str | None:
    return "=".join(answer.cookie) if answer and answer.cookie else None


def opened_id(ring: KeyRing, answer: Answer) -> str | None:
    if answer.cookie is None:
        return None
    opened = open_cookie(CookieKeys(ring), *answer.cookie, int(time.time()))
    assert isinstance(opened, OpenedCookie)
    return opened.click_id


async def check_privacy(pipeline: Pipeline, visits: Sequence[Visit]) -> None:
    """No address of a visitor stands anywhere, and hostile values made no line of a log."""
    for visit in visits:
        packed = ip_address(visit.client).packed
        assert any(visit.client.startswith(text) and packed.startswith(start) for text, start in BEGINNINGS)
    assert await find_addresses(pipeline, BEGINNINGS) == []
    for log in pipeline.logs():
        for line in log.splitlines():
            json.loads(line)
