"""`GET /api/v1/programs`, `/affiliates`, `/codes`: lists in the order of ids, and one by its id."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, get_args

import msgspec
from aiohttp import web

from console.api.answers import answer_json
from console.api.endpoints import Endpoint, Parameter
from console.api.requests import MOST_ROWS, BadRequest
from console.environment import ENVIRONMENT, Environment
from console.web.numbers import read_whole
from referrals.admin import repository
from referrals.admin.repository import Filter, Page
from referrals.admin.validation import ValidationProblem
from referrals.model import Affiliate, Kind, Program, Referral, ReferralCode, Status

PLURALS: Final[dict[Kind, str]] = {"program": "programs", "affiliate": "affiliates", "code": "codes"}
NAMES: Final = ("status", "affiliate_id", "program_id", "after", "limit", "archived")


class Programs(msgspec.Struct, frozen=True):
    """A page; `next` is the `after` of the next page, or null."""

    values: list[Program]
    next: str | None


class Affiliates(msgspec.Struct, frozen=True):
    values: list[Affiliate]
    next: str | None


class Codes(msgspec.Struct, frozen=True):
    values: list[ReferralCode]
    next: str | None


PAGES: Final[dict[Kind, type[Any]]] = {"program": Programs, "affiliate": Affiliates, "code": Codes}
TYPES: Final[dict[Kind, type[Any]]] = {"program": Program, "affiliate": Affiliate, "code": ReferralCode}


async def show_list(kind: Kind, request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    wanted = read_wanted(request.query)
    page: Page = await environment.database.read(lambda reader: repository.list_page(reader, kind, wanted))
    return answer_json(PAGES[kind](page.values, page.values[-1].id if page.has_more else None))


async def show_one(kind: Kind, request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    id_ = request.match_info["id"]
    found: Referral | ValidationProblem = await environment.database.read(
        lambda reader: repository.find(reader, kind, id_)
    )
    if isinstance(found, ValidationProblem):
        raise BadRequest(found.reason, f"unknown_{kind}", 404)
    return answer_json(found)


def read_wanted(query: Mapping[str, str]) -> Filter:
    """Read which rows are asked for. Raises BadRequest."""
    if unknown := sorted(set(query) - set(NAMES)):
        raise BadRequest(f"there is no parameter {unknown[0]}: there are {', '.join(NAMES)}", "bad_question")
    status, limit = query.get("status"), read_whole(query.get("limit", "100"), 1, MOST_ROWS)
    if status is not None and status not in get_args(Status):
        raise BadRequest(f"status is one of {', '.join(get_args(Status))}", "bad_question")
    if limit is None:
        raise BadRequest(f"limit must be a whole number from 1 to {MOST_ROWS:,}", "bad_question")
    return Filter(
        status=status,  # type: ignore[arg-type] # one of them, as just seen
        affiliate_id=query.get("affiliate_id"),
        program_id=query.get("program_id"),
        after=query.get("after", ""),
        limit=limit,
        archived=query.get("archived") == "true",
    )


def describe_list(kind: Kind) -> Endpoint:
    plural = PLURALS[kind]
    of_codes = (
        Parameter("affiliate_id", "only codes of this affiliate"),
        Parameter("program_id", "only codes of this program"),
    )
    return Endpoint(
        method="GET",
        path=f"/{plural}",
        handler=partial(show_list, kind),
        name=f"list{plural.capitalize()}",
        summary=f"List {plural} in the order of their ids",
        answer=PAGES[kind],
        parameters=(
            Parameter("status", "only these", schema={"enum": list(get_args(Status))}),
            Parameter("archived", "archived ones too", schema={"enum": ["true", "false"]}),
            Parameter("after", "only ids after this one: `next` of the page before"),
            Parameter("limit", "rows of a page", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
            *(of_codes if kind == "code" else ()),
        ),
        statuses=(400,),
    )


def describe_one(kind: Kind) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/{PLURALS[kind]}/{{id}}",
        handler=partial(show_one, kind),
        name=f"find{kind.capitalize()}",
        summary=f"Find {'an' if kind == 'affiliate' else 'a'} {kind} by its id",
        answer=TYPES[kind],
        statuses=(400, 404),
    )


REFERRALS: Final = tuple(describe(kind) for kind in PLURALS for describe in (describe_list, describe_one))
