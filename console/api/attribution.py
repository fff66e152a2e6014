"""`GET /api/v1/attribution`: whom the click of a token or id is credited to. docs/attribution.md has the fields."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from console.api.endpoints import Endpoint, Parameter
from console.api.problems import answer_problem
from console.environment import ENVIRONMENT, Environment
from identity.token import TokenKeys
from identity.ulid import is_ulid
from storage.read.attributed_clicks import FindWindow, find_attribution
from storage.read.attribution import Attribution, Problem, Unattributed
from storage.read.attribution_claims import EXPLANATIONS, attribute_token, read_moment
from storage.read.queries import Reader

STATUSES: Final[dict[Problem, int]] = {"unknown_click": 404, "erased": 410, "removed": 410, "destroyed_key": 410}
"""The HTTP status of a reason; 400 for any other."""
NAMES: Final = frozenset({"token", "click_id", "at"})


class Question(msgspec.Struct, frozen=True):
    """Exactly one of `token` and `click_id`, and the time for which is asked."""

    token: str | None
    click_id: str | None
    at: datetime


async def show_attribution(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    question = read_question(request.query, environment.now())
    if isinstance(question, str):
        return answer_problem(400, "bad_question", question)
    keys = None if environment.token_keys is None else environment.token_keys.current()
    if question.token is not None and keys is None:
        advice = "The console has no key ring to verify tokens with: set CLICKRAIL_KEYS_FILE, or ask by click_id."
        return answer_problem(501, "no_key_ring", advice)
    windows = environment.windows
    found = await environment.database.read(lambda reader: find(reader, partial(windows.find, reader), keys, question))
    if isinstance(found, Unattributed):
        return answer_problem(STATUSES.get(found.reason, 400), found.reason, EXPLANATIONS[found.reason])
    return web.Response(body=msgspec.json.encode(found), content_type="application/json")


ATTRIBUTION: Final = Endpoint(
    method="GET",
    path="/attribution",
    handler=show_attribution,
    name="attribute",
    summary="Find whom the click of a token or id is credited to",
    answer=Attribution,
    parameters=(
        Parameter("token", "a click token"),
        Parameter("click_id", "or the id of a click"),
        Parameter("at", "the time of the conversion; now unless given", example="2026-11-24T09:30:00Z"),
    ),
    statuses=(400, 404, 410, 501),
)


async def find(
    reader: Reader, find_window: FindWindow, keys: TokenKeys | None, question: Question
) -> Attribution | Unattributed:
    if question.token is not None and keys is not None:
        return await attribute_token(reader, keys, question.token, find_window, question.at)
    if question.click_id is None or not is_ulid(question.click_id):
        return Unattributed("malformed")
    return await find_attribution(reader, question.click_id, find_window, question.at)


def read_question(query: Mapping[str, str], now: datetime) -> Question | str:
    """Read the parameters; for a bad question the sentence that says what is wrong. Pure."""
    token, click_id = query.get("token"), query.get("click_id")
    if unknown := sorted(set(query) - NAMES):
        return f"There is no parameter {', '.join(unknown)}: there are token, click_id and at."
    if (token is None) == (click_id is None):
        return "Give either token or click_id."
    at = read_moment(query["at"]) if "at" in query else now
    if at is None:
        return "at must be a time with its zone, such as 2026-11-24T09:30:00Z; write + as %2B."
    return Question(token, click_id, at)
