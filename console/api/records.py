"""`GET /api/v1/clicks/{id}` and `/rejections/{id}`: one record as the topics have it, and the verdict that counts."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from console.api.answers import answer_json
from console.api.endpoints import Endpoint
from console.api.requests import BadRequest
from console.environment import ENVIRONMENT, Environment
from identity.ulid import is_ulid
from identity.ulid_time import ulid_time
from schemas import EnrichedClick, Fraud, RejectedClick, Uniqueness
from schemas.clicks import NEWEST_CLICK
from storage.read.erasures import find_erased_at
from storage.read.finding import find_click, find_rejection
from storage.read.queries import Reader
from storage.read.records import StoredClick, StoredRejection
from storage.read.scores import find_verdict


class ClickFound(msgspec.Struct, frozen=True):
    """A click as it was published, when its row was written, and the verdict that counts, settled or by hand."""

    click: EnrichedClick
    stored_at: datetime | None
    unique: Uniqueness
    fraud: Fraud


class RejectionFound(msgspec.Struct, frozen=True):
    rejection: RejectedClick
    stored_at: datetime | None


async def show_click(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    click_id = read_ulid(request.match_info["click_id"], environment.now())

    async def find(reader: Reader) -> ClickFound | datetime | None:
        stored = await find_click(reader, click_id)
        if stored is None:
            return await find_erased_at(reader, click_id)
        return await add_verdict(reader, stored)

    found = await environment.database.read(find)
    if found is None:
        raise BadRequest(f"there is no click {click_id}", "unknown_click", 404)
    if isinstance(found, datetime):
        raise BadRequest(f"click {click_id} was erased at {found.isoformat()}", "erased", 410)
    return answer_json(found)


async def add_verdict(reader: Reader, stored: StoredClick) -> ClickFound:
    click = stored.click
    verdict = await find_verdict(reader, click.click_id, click.clicked_at)
    if verdict is None:
        return ClickFound(click, stored.stored_at, click.unique, click.fraud)
    return ClickFound(click, stored.stored_at, verdict.unique, verdict.newest)


async def show_rejection(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    rejection_id = read_ulid(request.match_info["rejection_id"], environment.now())
    found: StoredRejection | None = await environment.database.read(lambda reader: find_rejection(reader, rejection_id))
    if found is None:
        raise BadRequest(f"there is no rejection {rejection_id}", "unknown_rejection", 404)
    return answer_json(RejectionFound(found.rejection, found.stored_at))


def read_ulid(text: str, now: datetime) -> str:
    """Read an id in any case. Raises BadRequest."""
    ulid = text.strip().upper()
    # The tables accept no later time, and it could overflow the time range of the query.
    if not is_ulid(ulid) or not is_before(ulid, now + NEWEST_CLICK):
        raise BadRequest(f"{text} is no id: ids have 26 characters and begin with their time", "malformed")
    return ulid


def is_before(ulid: str, time: datetime) -> bool:
    try:
        return ulid_time(ulid) <= time
    except ValueError:
        # After the year 9999.
        return False


CLICK: Final = Endpoint(
    method="GET",
    path="/clicks/{click_id}",
    handler=show_click,
    name="findClick",
    summary="Find a click by its id",
    answer=ClickFound,
    statuses=(400, 404, 410),
)
REJECTION: Final = Endpoint(
    method="GET",
    path="/rejections/{rejection_id}",
    handler=show_rejection,
    name="findRejection",
    summary="Find a rejection by its id",
    answer=RejectionFound,
    statuses=(400, 404),
)
