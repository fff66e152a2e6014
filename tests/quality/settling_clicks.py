"""Clicks for settling: a person's, with changes, at seconds after a fixed time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from identity.ulid import make_ulid
from quality.evidence import LaterEvidence
from quality.links import digest_link
from quality.rules import DEFAULT_RULES
from quality.settling import Settling
from quality.settling_click import SettledClick, SettlingClick
from schemas import EnrichedClick, Network, Referrer, Uniqueness
from tests.quality.builders import click_of

DAY = 1_795_000_000
NO_REFERRER = Referrer(url=None, host=None, medium="direct")
PERSON = click_of(referrer=NO_REFERRER)
HOSTED = click_of(referrer=NO_REFERRER, network=Network(status="found", kind="hosting", org="Rented"))
SCANNER = click_of(referrer=NO_REFERRER, network=Network(status="found", kind="mail_security"))
FROM_PAGE = click_of()
NO_STORE = Uniqueness(status="no_store")


def visit(seconds: float, number: int = 0, evidence: EnrichedClick = PERSON, **changes: Any) -> SettlingClick:
    """Give a visit at this second; `number` orders those of one millisecond."""
    time_ms = DAY * 1000 + round(seconds * 1000)
    known: dict[str, Any] = {
        "click_id": make_ulid(time_ms, bytes((*bytes(14), number >> 5, number & 31))),
        "clicked_at": datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms),
        "time_ms": time_ms,
        "link": digest_link("spring", ""),
        "is_personal": False,
        "is_counted": True,
        "client": "client",
        "net": "net",
        "affiliate": "ana",
        "program": "shoes",
        "window_ms": 3_600_000,
        "unique": Uniqueness(),
        "returned": None,
        "evidence": evidence,
    }
    return SettlingClick(**known | changes)


def settle(clicks: list[SettlingClick]) -> list[SettledClick]:
    """Run one pass over clicks, which are put in order first."""
    settling = Settling(DEFAULT_RULES)
    settled = [one for click in sorted(clicks, key=lambda click: click.click_id) for one in settling.add(click)]
    return [*settled, *settling.end()]


def later_of(*clicks: SettlingClick) -> list[LaterEvidence]:
    return [one.later for one in settle(list(clicks))]


HOUR = 3600.0
GAPS = st.sampled_from((0.0, 0.4, 1.0, 5.0, 10.0, 10.001, 45.0, 120.0, 120.001, 600.0, HOUR, 6 * HOUR, 24 * HOUR))


@st.composite
def traffic(draw: st.DrawFn, most: int = 40) -> list[SettlingClick]:
    """Draw clicks in order, of few clients and links, with gaps at the limits of the windows."""
    clicks, seconds = [], 0.0
    for number in range(draw(st.integers(0, most))):
        seconds += draw(GAPS)
        net = draw(st.sampled_from(("n1", "n2", None)))
        clicks.append(
            visit(
                seconds,
                number,
                draw(st.sampled_from((PERSON, PERSON, HOSTED, SCANNER, FROM_PAGE))),
                link=draw(st.sampled_from((b"a", b"b", b"c"))),
                is_personal=draw(st.booleans()),
                is_counted=draw(st.integers(0, 9)) > 0,
                client=None if net is None else net + draw(st.sampled_from("abcdefg")),
                net=net,
                affiliate=draw(st.sampled_from(("ana", "rui", "eva"))),
                program=draw(st.sampled_from(("shoes", "hats"))),
                unique=draw(st.sampled_from((Uniqueness(), NO_STORE))),
            )
        )
    return clicks
