"""What can be wrong with the world, as opposed to with data.

Exception
+-- SettingsError         the environment does not describe a service: exit 2, before anything is opened
+-- CannotListen          a port is taken: exit 1 with one line, and let whoever starts us try again
+-- DependencyAway        something we need does not answer: wait and try the same again
|   +-- DeliveryFailed    Kafka did not acknowledge records in time
|       +-- RecordTooLarge  some are larger than their topic takes; the others are delivered
+-- TooManyDeadLetters    so many records cannot be processed that they are not to blame: stop, and wait for people
+-- Stuck                 the process cannot go on by itself: exit 1, and let the supervisor start it anew
"""

from collections.abc import Collection, Sequence


class SettingsError(Exception):
    """The environment is not valid. The message names the variable and what was expected, and shows no secret."""


class CannotListen(Exception):  # noqa: N818 - it says what is the case
    """A port cannot be had now. The message names the setting, and what to do."""


class DependencyAway(Exception):  # noqa: N818 - it reads as what it is
    """A dependency did not answer, or answered that it cannot now. The same work is tried again, in order."""


class DeliveryFailed(DependencyAway):
    """Kafka did not acknowledge every record in time. Some may have been written: readers deduplicate by key."""


class RecordTooLarge(DeliveryFailed):
    """Some records are larger than their topic takes, each alone: those at `indexes`. The others are delivered."""

    def __init__(self, indexes: Sequence[int], topics: Collection[str]) -> None:
        self.indexes = indexes
        super().__init__(
            f"{len(indexes)} records are larger than {', '.join(sorted(topics))} takes: raise its max.message.bytes"
        )


class TooManyDeadLetters(Exception):  # noqa: N818 - it reads as what it is
    """So many records would become dead letters that they are not to blame. The message says which, and what to do."""


class Stuck(Exception):  # noqa: N818 - it reads as what it is
    """No progress although there is work. The process must be started anew."""
