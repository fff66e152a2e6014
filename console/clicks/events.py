"""A click or a rejection, as the pages show it, and what they say about it."""

from typing import Literal, TypeAlias

import msgspec

from storage.read.records import StoredClick, StoredRejection

Tone: TypeAlias = Literal["accepted", "bot", "notice", "test", "rejected", "dead"]
"""Selects the colour: a person's click, a bot, a prefetch or a note, a test, a rejection, a dead letter."""

ClickOrRejection: TypeAlias = StoredClick | StoredRejection
"""An event that is in its table, or so far only in Kafka."""


class Decision(msgspec.Struct, frozen=True):
    """A decision about `subject`. `tone` is `accepted` if nothing needs attention."""

    subject: str
    sentence: str
    tone: Tone = "accepted"
