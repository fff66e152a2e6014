"""What the score reads: the facts of one record. Pure."""

from typing import Protocol

import msgspec

from schemas import Bot, ClientHints, Counts, Device, Fetch, Guards, Network, Referrer


class Evidence(Protocol):
    """The fields of an enriched click that the score reads. `EnrichedClick` has them all; a row can be read to less."""

    @property
    def user_agent(self) -> str | None: ...
    @property
    def accept_language(self) -> str | None: ...
    @property
    def client_hints(self) -> ClientHints | None: ...
    @property
    def fetch(self) -> Fetch | None: ...
    @property
    def cookie_state(self) -> str: ...
    @property
    def prefetch(self) -> bool: ...
    @property
    def quality_rules(self) -> dict[str, float] | None: ...
    @property
    def device(self) -> Device: ...
    @property
    def referrer(self) -> Referrer: ...
    @property
    def bot(self) -> Bot: ...
    @property
    def network(self) -> Network: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def guards(self) -> Guards: ...


class LaterEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the clicks after this one say. Only settling knows it; a live score has none.

    `sweep_links` is the largest number of different links that a sweep around this click visited in 10 s. `twin` names
    the anomaly of this click if the same personal link was visited from another network within 120 s. `rhythm` is the
    deviation of the gaps between the client's clicks divided by their mean, over `rhythm_clicks` clicks of a day.
    `affiliates` counts the affiliates of the program that this client visited in a day.
    """

    sweep_links: int = 0
    twin: str | None = None
    rhythm: float | None = None
    rhythm_clicks: int = 0
    affiliates: int = 0


NOTHING_LATER = LaterEvidence()
