"""How many dead letters are too many: then something is wrong with us, or with what we work with, not with the records.

A wrong key, a bad release, a column that is gone: without a limit each of these turns every record into a dead letter.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

from runtime.errors import TooManyDeadLetters

WINDOW: Final = 10_000
"""Records looked back on: the last ones that this process has committed, and those in work."""


class DeadLetterLimit:
    """Counts dead letters among the last 10,000 records, and in a row.

    `most` letters among the last 10,000 pass and the next one stops, and so do `most` in a row; 0 is no limit. A batch
    is checked before any of its letters is delivered, as often as need be, and counted once it is committed.
    """

    def __init__(self, most: int, setting: str) -> None:
        self._most = most
        self._setting = setting
        self._records = 0
        # Their numbers, counted from the first record of the process, and their reasons; older ones decide nothing.
        self._letters: deque[tuple[int, str]] = deque(maxlen=most)
        self._in_work: Mapping[int, str] = {}

    def check(self, letters: Mapping[int, str]) -> None:
        """Look whether these are too many: places in the batch, ascending, with their reasons.

        Raises TooManyDeadLetters. What is checked last, of a batch, is all that counts of it.
        """
        self._in_work = letters
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

    def settle(self, records: int) -> None:
        """Count the batch in work, of so many records, as committed."""
        self._letters.extend((self._records + place, reason) for place, reason in self._in_work.items())
        self._records += records
        self._in_work = {}

    def leave(self) -> None:
        """Forget the batch in work: others read it again."""
        self._in_work = {}

    def _describe(self, reasons: list[str], records: int) -> str:
        listed = ", ".join(f"{reason}: {count}" for reason, count in Counter(reasons).most_common())
        return (
            f"stopped: {len(reasons)} of the last {records:,} records would become dead letters ({listed})."
            " Nothing of this batch was dead-lettered or committed. Mend what is wrong and restart;"
            f" if the records themselves are bad, restart with a higher {self._setting} (0: no limit)"
        )
