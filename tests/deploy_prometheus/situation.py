"""Something that can go wrong."""

from collections.abc import Mapping

import msgspec


class Situation(msgspec.Struct, frozen=True):
    """Series that differ from the healthy ones, null for one that is not there, and what fires at the end: minute 40.

    `firing` has the names of alerts without what all of them begin with, Clickrail.
    """

    name: str
    changes: Mapping[str, str | None]
    firing: tuple[str, ...] = ()
