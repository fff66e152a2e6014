"""Everything that is generated, sent to the real redirect over HTTP: each kind gets what it expects, to the click."""

from collections import Counter

from simulate.ledger import Answer, Ledger
from simulate.planned import DEMO_CODES, Planned
from simulate.send import SendOptions, send
from tests.examples import few
from tests.ingest.builders import SHOES, Topics, found
from tests.ingest.serving import serving
from tests.simulate.builders import generated

ALL = {
    "visit": 40, "repeat": 15, "prefetch": 5, "head": 5, "bot": 5, "preview": 5, "unknown_code": 5, "malformed_code": 5,
    "elsewhere": 3, "method": 2, "hostile": 10,
}  # fmt: skip


class Ingest:
    """The redirect, and the topics it delivers to."""

    def __init__(self) -> None:
        self.topics = Topics()

    async def take(self, plan: list[Planned]) -> tuple[Ledger, list[tuple[Planned, Answer]]]:
        """Answer the whole plan, and deliver all of it."""
        pairs: list[tuple[Planned, Answer]] = []
        codes = {code: found(of_code={"code": code}) for code in DEMO_CODES}
        async with serving(codes, https=False) as served:
            sending = SendOptions(url=f"http://127.0.0.1:{served.port}", rate=None, connections=8)
            ledger = await send(plan, sending, lambda request, came: pairs.append((request, came)))
            self.topics = await served.published()
        return ledger, pairs


async def test_every_kind_gets_what_it_expects() -> None:
    ledger, _ = await Ingest().take(generated(few(3000), shares=ALL))
    assert ledger.unexpected == {}
    assert (ledger.sent, ledger.failed) == (few(3000), 0)


async def test_clicks_are_as_many_as_ingest_took() -> None:
    ingest = Ingest()
    ledger, pairs = await ingest.take(generated(few(2000), seed=2, shares=ALL))
    redirected = Counter(request.expected for request, came in pairs if came.status == 302)
    clicks = ingest.topics.clicks()
    assert len(clicks) == redirected["click"] + redirected["click_or_bad"]
    assert ledger.outcomes["302 + cookie"] == sum(click.privacy.decision == "full" for click in clicks)


async def test_every_302_leads_to_the_stored_page() -> None:
    _, pairs = await Ingest().take(generated(few(2000), seed=3, shares=ALL))
    assert {came.location for _, came in pairs if came.status == 302} == {SHOES}


async def test_the_cookie_of_a_visitor_who_comes_again_is_believed() -> None:
    ingest = Ingest()
    await ingest.take(generated(400, seed=5, shares={"visit": 1, "repeat": 1}))
    states = Counter(click.cookie_state for click in ingest.topics.clicks())
    assert set(states) == {"absent", "valid"}
    assert states["valid"] > 100
