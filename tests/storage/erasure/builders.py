"""Visitors with clicks of several days, tied to each other in every way, and others who must stay as they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from schemas import EnrichedClick, Fraud, Referrer, Signal, Uniqueness
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter
from tests.sink.builders import NOW, click, clicked
from tests.storage.test_writer import make_writer, rows_of

DAY = timedelta(days=1)


class Visitor:
    """What is known of a visitor: every text of it holds the name."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.ip_hash = f"{number:x}a" * 16
        self.client_hash = f"{number:x}b" * 16
        self.net_hash = f"{number:x}c" * 16

    def click(self, place: int, at: datetime, previous: EnrichedClick | None = None, **changes: Any) -> EnrichedClick:
        name, opener = self.name, previous.click_id if previous else None
        facts = {
            "ip_hash": self.ip_hash,
            "ip_hash_key_id": "k1",
            "client_hash": self.client_hash,
            "net_hash": self.net_hash,
            "user_agent": f"Mozilla/5.0 ({name})",
            "accept_language": f"{name}-PT",
            "query": f"sub1={name}&external_id={name}",
            "path": f"/ref/abc123/{name}",
            "target_url": f"https://shop.example/{name}?click=1&name={name}",
            "referrer": Referrer(
                url=f"https://forum.example/{name}", host="forum.example", medium="unknown", term=name
            ),
            "external_id": f"{name}-external",
            "ad_ids": {"gclid": f"{name}-ad"},
            **{f"sub{number}": f"{name}-{number}" for number in range(1, 6)},
            "previous_click_id": opener,
            "lease_click_id": opener,
            "cookie_state": "valid" if previous else "absent",
            "fraud": Fraud(score=20, band="clean", signals=[Signal(name="x", weight=0.2, detail=f"{name} said")]),
        }
        made = click(self.number * 1000 + place, at)
        unique = Uniqueness(
            is_unique=previous is None, basis="cookie", first_click_id=opener or made.click_id, status="judged"
        )
        return click(self.number * 1000 + place, at, **facts | {"unique": unique} | changes)


ANA = Visitor("ana-lima", 1)
BEA = Visitor("bea", 2)

FIRST = ANA.click(1, NOW - 3 * DAY)
SECOND = ANA.click(2, NOW - 2 * DAY, FIRST)
# The network changed, and the cookie still ties it.
THIRD = ANA.click(3, NOW - DAY, SECOND, ip_hash="e" * 32, client_hash="f" * 32, net_hash="d" * 32)
# The cookie was deleted, and the browser at its address still ties it.
FOURTH = ANA.click(4, NOW)
OF_ANA = (FIRST, SECOND, THIRD, FOURTH)
OTHER = BEA.click(1, NOW - DAY)
OTHERS = (OTHER, BEA.click(2, NOW, OTHER), BEA.click(3, NOW - 3 * DAY, client_hash=ANA.client_hash))
"""The last one has the browser of Ana at another address: nothing ties it."""

NAMES_ANA = ("ana-lima", ANA.ip_hash, ANA.client_hash[:-1] + "x", "e" * 32, "f" * 32, "d" * 32, ANA.net_hash)


async def store(database_url: str, clicks: Sequence[EnrichedClick]) -> None:
    writer = make_writer(database_url)
    assert await writer.write(rows_of(clicked(*clicks))) == []
    await writer.close()


async def score(connection: asyncpg.Connection, clicks: Sequence[EnrichedClick], band: str = "suspicious") -> None:
    scored = [
        ScoredClick(
            one.click_id,
            one.clicked_at,
            Fraud(
                score=50,
                band=band,
                signals=one.fraud.signals,
                rules="r",
                stage="settled",
            ),
            one.unique,
        )
        for one in clicks
    ]
    writer = ScoreWriter(connection)
    await writer.prepare(scored)
    await writer.write(scored)
