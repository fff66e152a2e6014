"""One difference between the contract of a release and that of today, with the rule that it falls under."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

ADDED: Final = "field-added"
"""The rule of a new optional field: the only one that is no break by itself."""
REFUSES: Final = "a reader of {release} refuses it"
REFUSED: Final = "a record of {release} can be refused"

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "field-removed": "a reader of {release} misses it",
        "field-required": "a record of {release} that lacks it is refused",
        "field-optional": "a reader of {release} refuses a record that lacks it",
        "type-narrowed": REFUSED,
        "type-widened": REFUSES,
        "cap-lowered": REFUSED,
        "cap-raised": "a reader of {release} has no room for more",
        "least-raised": REFUSED,
        "least-lowered": REFUSES,
        "form-changed": "neither a reader nor a record of {release} is sure to pass",
        "value-removed": REFUSED,
        "value-added": REFUSES,
        "version-not-raised": "a reader cannot tell which records have it: raise the minor of SCHEMA_VERSION",
        "version-lowered": "a reader of {release} takes the records for older ones than they are",
        "word-removed": "a reader of {release} that waits for the word gets it no more",
        "word-added": "a reader of {release} was told that there are no other words, and does not know what to do",
        "words-opened": "a reader of {release} was told that there are no other words",
        "unit-changed": "a reader of {release} takes the number for something else",
        "topic-removed": "a reader of {release} gets nothing more",
        "topic-hidden": "a reader of {release} was told that it may read the topic",
        "key-changed": "a reader of {release} joins and removes repeats by the key",
        "partitions-changed": "a key moves to another partition, where a reader of {release} does not join it",
        "setting-changed": "a reader of {release} relies on it",
        "setting-lowered": "a record that {release} kept is refused, or deleted sooner",
    }
)
"""What each kind of change does to the released side."""


class Change(msgspec.Struct, frozen=True):
    """What changed: `place` says which field, header or setting; `rule` is one of RULES, or ADDED.

    `since` is the version that a new optional field names as its first.
    """

    place: str
    rule: str
    was: str
    now: str
    since: str | None = None

    def describe(self, release: str) -> str:
        """Say what changed, and what that does to the readers or records of this release."""
        return f"{self.place}: was {self.was}, now {self.now}: {RULES[self.rule].format(release=release)} [{self.rule}]"
