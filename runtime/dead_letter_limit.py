"""The dead-letter limit: so many dead letters mean that our code or its environment is wrong, not the records.

Without a limit, a wrong key, a bad release or a dropped column would turn every record into a dead letter.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

from runtime.errors import TooManyDeadLetters

WINDOW: Final = 10_000
"""How many records are looked back on: the last ones this process committed, and the current batch."""


class DeadLetterLimit:
    """Counts dead letters among the last 10,000 records, and in a row.

    More than `most` letters among the last 10,000 records are too many, or `most` in a row; 0 is no limit. A batch is
    checked before any of its letters is delivered, any number of times, and counted once it is committed.
    """

    def __init__(self, most: int, setting: str) -> None:
        self._most = most
        self._setting = setting
        self._records = 0
        # Number, counted from the first record of the process, and reason. Older ones cannot decide.
        self._letters: deque[tuple[int, str]] = deque(maxlen=most)
        self._current_batch: Mapping[int, str] = {}

    def check(self, letters: Mapping[int, str]) -> None:
        """Check the letters of the current batch: places in the batch, ascending, with their reasons.

        Raises TooManyDeadLetters. Each check of a batch replaces the one before.
        """
        self._current_batch = letters
        if not self._most or not letters:
            return
        all_letters = [*self._letters, *((self._records + place, reason) for place, reason in letters.items())]
        for last in range(len(self._letters), len(all_letters)):
            number = all_letters[last][0]
            among_many = last >= self._most and number - all_letters[last - self._most][0] < WINDOW
            in_a_row = last >= self._most - 1 and number - all_letters[last - self._most + 1][0] == self._most - 1
            if among_many or in_a_row:
                found = [reason for each, reason in all_letters[: last + 1] if number - each < WINDOW]
                raise TooManyDeadLetters(self._describe(found, min(number + 1, WINDOW)))

    def count_committed(self, records: int) -> None:
        """Count the current batch, of so many records, as committed."""
        self._letters.extend((self._records + place, reason) for place, reason in self._current_batch.items())
        self._records += records
        self._current_batch = {}

    def discard(self) -> None:
        """Forget the letters of the current batch: it was not committed, and will be read again."""
        self._current_batch = {}

    def _describe(self, reasons: list[str], records: int) -> str:
        listed = ", ".join(f"{reason}: {count}" for reason, count in Counter(reasons).most_common())
        return (
            f"stopped: {len(reasons)} of the last {records:,} records would become dead letters ({listed})."
            " Nothing of this batch was dead-lettered or committed. Fix what is wrong and restart;"
            f" if the records themselves are bad, restart with a higher {self._setting} (0: no limit)"
        )
