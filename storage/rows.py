"""Records to rows: a tuple in the order of its table's columns (`storage.columns`). Pure."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas import ClientHints, Counts, DeadLetter, EnrichedClick, Fetch, Guards, RejectedClick, Utm
from schemas.letters import digest_of
from storage.columns import CLICK, LETTER, REJECTION

Row = tuple[Any, ...]
Getter = Callable[[object], tuple[Any, ...]]
NO_HINTS: Final = ClientHints()
NO_FETCH: Final = Fetch()
NO_UTM: Final = Utm()
NO_COUNTS: Final = Counts()
NO_GUARDS: Final = Guards()
get_click: Final[Getter] = attrgetter(*CLICK)
get_hints: Final[Getter] = attrgetter("ua", "mobile", "platform", "model", "platform_version")
get_fetch: Final[Getter] = attrgetter("site", "mode", "dest", "user")
get_utm: Final[Getter] = attrgetter("source", "medium", "campaign", "term", "content")
get_rejection: Final[Getter] = attrgetter(*REJECTION)
get_letter: Final[Getter] = attrgetter(*LETTER)


def click_row(click: EnrichedClick, enriched_at: datetime) -> Row:
    """Give the row of a click; `enriched_at` is when Kafka took the enriched record."""
    return (
        *get_click(click),
        *get_hints(click.client_hints or NO_HINTS),
        *get_fetch(click.fetch or NO_FETCH),
        *get_utm(click.utm or NO_UTM),
        as_json(click.ad_ids),
        as_json(click.handled.steps_us),
        as_json(click.handled.key_ids),
        as_json(click.quality_rules),
        None if click.counts == NO_COUNTS else as_json(click.counts),
        None if click.guards == NO_GUARDS else as_json(click.guards),
        as_json(click.fraud.signals or None),
        enriched_at,
    )


def rejection_row(rejection: RejectedClick, published_at: datetime) -> Row:
    """Give the row of a rejection; `published_at` is when Kafka took it."""
    return (*get_rejection(rejection), published_at)


def letter_row(letter: DeadLetter) -> Row:
    """Give the row of a letter. One of before 1.2 has neither digest nor size, and is whole: both are made here."""
    return get_letter(
        msgspec.structs.replace(
            letter,
            # Postgres holds no NUL in a text, and a message about bad bytes may well quote one.
            detail=letter.detail.replace("\0", "\ufffd"),
            digest=letter.digest or digest_of(letter.value),
            size=len(letter.value) if letter.size is None else letter.size,
        )
    )


def as_json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
