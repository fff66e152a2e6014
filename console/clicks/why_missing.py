"""Explains why an id is not found, from the id alone. Pure."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.web.times import describe_age, describe_exactly
from identity.ulid_time import ulid_time
from schemas.clicks import NEWEST_CLICK, OLDEST_CLICK
from urls.pasted import read_pasted

ON_ITS_WAY: Final = timedelta(minutes=2)


class MissingClick(msgspec.Struct, frozen=True):
    """The possible causes of an unknown id, most likely first; of an erased one, what that means."""

    asked: str
    summary: str
    causes: tuple[str, ...]
    is_erased: bool = False


MALFORMED: Final = (
    "A click id has 26 characters, digits and letters without I, L, O and U. This one was cut or mistyped.",
    "A click token is a click id, a dot and 18 more characters. You can search for either, in upper or lower case.",
)
ELSEWHERE: Final = (
    "It may come from another installation of Clickrail, or may be invented: anybody can write a valid id."
)
ERASED: Final = (
    "Its visitor asked for it (clickrail erase). Under another id, without its visitor, it is still in every count."
)
DEAD: Final = "A stage could not process it: look at the dead letters, on the page Errors."


def read_id(asked: str) -> str | None:
    """Read the ULID from a pasted id or click token, in any case, with spaces or quotes around it.

    Null if it is no ULID, or has a time after the year 9999.
    """
    ulid = read_pasted(asked).click_id
    try:
        return ulid if ulid and ulid_time(ulid) else None
    except ValueError:
        return None


def explain_erased(asked: str, erased_at: datetime) -> MissingClick:
    """Say that the click `asked` was erased."""
    return MissingClick(asked, f"It was erased on {describe_exactly(erased_at)}.", (ERASED,), is_erased=True)


def explain_missing(asked: str, now: datetime) -> MissingClick:
    """List what may explain that the id `asked` is not found."""
    ulid = read_pasted(asked).click_id
    if ulid is None:
        return MissingClick(asked, "This is not a click id.", MALFORMED)
    try:
        clicked_at = ulid_time(ulid)
    except ValueError:
        return MissingClick(asked, "This is not a click id: its time is after the year 9999.", (ELSEWHERE,))
    when = f"Its id says {describe_exactly(clicked_at)}"
    if clicked_at > now + NEWEST_CLICK:
        return MissingClick(asked, f"{when}, which is in the future.", ("Clickrail never made this id.", ELSEWHERE))
    age = f"{when}, {describe_age(clicked_at, now)}."
    if now - clicked_at < ON_ITS_WAY:
        on_its_way = (
            "It may still be on its way: a click takes about a second from the visitor to the table, and longer"
        )
        return MissingClick(
            asked, age, (f"{on_its_way} while Kafka, the enricher or the sink is away.", DEAD, ELSEWHERE)
        )
    if clicked_at < now - OLDEST_CLICK:
        return MissingClick(asked, age, ("Clicks of that age may no longer be kept.", ELSEWHERE))
    away = "It may wait for a stage that is away: look at the age of the newest click on the overview."
    return MissingClick(asked, age, (DEAD, away, ELSEWHERE))
