"""Facts that other clicks decide, and a store outside this process holds: uniqueness, counts, guards."""

from collections.abc import Sequence
from typing import Protocol

from prometheus_client import Counter

from enricher.click_facts import ClickFacts
from enricher.facts.visits import read_visit
from quality.windows import judge_without_store


class RemoteFacts(Protocol):
    """Sets the remote facts of a whole batch, with one question to the store.

    Never raises because the store is away: then the facts say that they were not judged, and the batch goes on.
    """

    async def find_all(self, batch: Sequence[ClickFacts], /) -> None: ...

    def find_problem(self) -> str | None:
        """Say what is wrong with the store, for people; null while it is as it should be."""


class NoRemoteFacts:
    """No store is set: clicks with a cookie are judged by it, all others are not. They are counted as `not_set`."""

    def __init__(self, not_judged: Counter) -> None:
        self._not_judged = not_judged.labels("not_set")

    async def find_all(self, batch: Sequence[ClickFacts], /) -> None:
        for facts in batch:
            facts.windows = judge_without_store(read_visit(facts))
        self._not_judged.inc(len(batch))

    def find_problem(self) -> None:
        return None
