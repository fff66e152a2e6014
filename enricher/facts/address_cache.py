"""What was found for addresses that were asked before: visitors come back, and many share an address."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from enricher.steps.database import IpAddress

MOST_CACHED: Final = 16_384

Answer = TypeVar("Answer")


class AddressCache(Generic[Answer]):
    """Remembers the answers of one function. They must not change: other files need another cache."""

    def __init__(self, find: Callable[[IpAddress], Answer]) -> None:
        self._find = find
        self._answers: dict[bytes, Answer] = {}

    def find(self, address: IpAddress) -> Answer:
        # By its bytes: an address object hashes itself in Python.
        packed = address.packed
        answer = self._answers.get(packed)
        if answer is None:
            answer = self._find(address)
            if len(self._answers) >= MOST_CACHED:
                self._answers.clear()
            self._answers[packed] = answer
        return answer
