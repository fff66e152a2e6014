"""Facts that other clicks decide, and a store outside this process holds: uniqueness, counters."""

from collections.abc import Sequence
from typing import Protocol

from enricher.click_facts import ClickFacts


class RemoteFacts(Protocol):
    """Sets the remote facts of a whole batch, with one question to the store.

    Never raises because the store is away: then the facts say that they were not judged, and the batch goes on.
    """

    async def find_all(self, batch: Sequence[ClickFacts], /) -> None: ...


class NoRemoteFacts:
    """No store is asked."""

    async def find_all(self, batch: Sequence[ClickFacts], /) -> None:
        """Set nothing."""
