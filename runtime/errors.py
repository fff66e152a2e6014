"""Errors of the environment and of dependencies. Bad data is a value with a reason, not an exception.

Exception
+-- SettingsError         a setting is missing or invalid: exit 2 before anything is opened
+-- CannotListen          a port is in use: exit 1 with one line; the supervisor may start the process again
+-- DependencyAway        a dependency does not answer: wait, then try the same work again
|   +-- DeliveryFailed    Kafka did not acknowledge records in time
|       +-- RecordRefused  Kafka refuses some records for their size or content; the others are delivered
+-- ReadAgain             what was stored before is missing now: read again from there
+-- TooManyDeadLetters    too many records fail for the records to be at fault: stop until an operator acts
+-- Stuck                 the process cannot continue: exit 1, so that the supervisor restarts it
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal

RefusedFor = Literal["too_large", "invalid"]
"""Why Kafka refuses a record: larger than `max.message.bytes`, or INVALID_RECORD."""


class SettingsError(Exception):
    """A setting is invalid. The message names the variable and what it expects, and shows no secret."""


class CannotListen(Exception):  # noqa: N818 - named after the condition
    """A port cannot be opened now. The message names the setting and what to do."""


class DependencyAway(Exception):  # noqa: N818 - named after the condition
    """A dependency did not answer, or cannot serve now. The same work is tried again, in order."""


class DeliveryFailed(DependencyAway):
    """Kafka did not acknowledge every record in time. Some may be written: readers deduplicate by key."""


REFUSAL_REMEDIES: Final[Mapping[RefusedFor, str]] = {
    "too_large": "are larger than {} allows: raise its max.message.bytes",
    "invalid": "are invalid for {} (INVALID_RECORD): see the broker's log, and set its cleanup.policy to delete",
}


class RecordRefused(DeliveryFailed):
    """Kafka refuses each record of `reasons` (by index), and would again. The others are delivered."""

    def __init__(self, reasons: Mapping[int, RefusedFor], topics: Collection[str]) -> None:
        self.reasons = dict(sorted(reasons.items()))
        names, given = ", ".join(sorted(topics)), [*reasons.values()]
        counted = {why: given.count(why) for why in REFUSAL_REMEDIES if why in given}
        parts = (f"{count} records {REFUSAL_REMEDIES[why].format(names)}" for why, count in counted.items())
        super().__init__("; ".join(parts))


class ReadAgain(Exception):  # noqa: N818 - named after what to do
    """Records before a batch were stored once and are missing now. `positions`: where to read again, by partition."""

    def __init__(self, positions: Mapping[tuple[str, int], int]) -> None:
        self.positions = positions
        places = ", ".join(f"{topic}/{partition} from {offset}" for (topic, partition), offset in positions.items())
        super().__init__(f"records that had been stored are missing in the database: reading {places} again")


class TooManyDeadLetters(Exception):  # noqa: N818 - named after the condition
    """Too many records would become dead letters for the records to be at fault. The message says what to do."""


class Stuck(Exception):  # noqa: N818 - named after the condition
    """There is work but no progress. The process must be restarted."""
