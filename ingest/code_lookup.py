"""How the redirect looks codes up: at once from memory, or later from the stores."""

from collections.abc import Awaitable
from typing import Protocol

from referrals.lookup.answers import Answer


class Lookup(Protocol):
    """Finds referral codes."""

    def find_cached(self, code: str) -> Answer | None:
        """Answer at once from this process's memory and its snapshot; null when the stores must be asked."""

    def peek(self, code: str) -> Answer | None:
        """Answer like `find_cached`, for a request that may not ask the stores."""

    def find(self, code: str) -> Awaitable[Answer]:
        """Ask each layer in turn. Never raises: `Unavailable` is an answer too."""
