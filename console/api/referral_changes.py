"""`POST` and `PATCH` of programs, affiliates and codes: the same checks, log and conflicts as the pages'."""

from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType
from msgspec.structs import FieldInfo, fields

from console.api.answers import answer_json
from console.api.endpoints import Endpoint
from console.api.referrals import PLURALS, TYPES
from console.api.requests import BadRequest, read_body
from console.referrals.forms import KEYS, MAKERS, RANDOM
from console.referrals.saving import add_row, save_row
from console.view.filters import is_storable
from referrals.admin.editing import Conflict, Edited
from referrals.admin.validation import ValidationProblem
from referrals.model import Kind

CREATED: Final = 201
FIXED: Final = ("version",)


def define_new(kind: Kind) -> type[Any]:
    """Define the body of a new row: its fields, of which those with a usual value may be left out, and its id too."""
    needed = [(one.name, one.type) for one in list_fields(kind) if is_needed(kind, one)]
    usual = [(one.name, one.type, default_of(one)) for one in list_fields(kind) if not is_needed(kind, one)]
    return msgspec.defstruct(f"New{TYPES[kind].__name__}", [*needed, *usual], frozen=True, forbid_unknown_fields=True)


def define_changes(kind: Kind) -> type[Any]:
    """Define the body of a change: the version that was read, or null for whatever it is, and the fields to change."""
    changes = [(one.name, one.type | UnsetType, UNSET) for one in list_fields(kind) if one.name != KEYS[kind]]
    name = f"{TYPES[kind].__name__}Changes"
    return msgspec.defstruct(
        name, [("version", int | None, None), *changes], frozen=True, forbid_unknown_fields=True, kw_only=True
    )


def list_fields(kind: Kind) -> list[FieldInfo]:
    return [one for one in fields(TYPES[kind]) if one.name not in FIXED]


def is_needed(kind: Kind, one: FieldInfo) -> bool:
    return one.required and one.name not in (KEYS[kind], "status")


def default_of(one: FieldInfo) -> Any:
    if one.name == "status":
        return "active"
    return "" if one.required else one.default if one.default is not msgspec.NODEFAULT else one.default_factory()


NEW: Final[dict[Kind, type[Any]]] = {kind: define_new(kind) for kind in PLURALS}
CHANGES: Final[dict[Kind, type[Any]]] = {kind: define_changes(kind) for kind in PLURALS}


async def add_one(kind: Kind, request: web.Request) -> web.Response:
    body = msgspec.structs.asdict(await read_body(request, NEW[kind]))
    body[KEYS[kind]] = body[KEYS[kind]] or MAKERS[kind](RANDOM.choice)
    added = await add_row(request, TYPES[kind](**body), "")
    if isinstance(added, ValidationProblem):
        raise BadRequest(added.reason, "refused", 422)
    return answer_json(added, CREATED)


async def change_one(kind: Kind, request: web.Request) -> web.Response:
    id_ = request.match_info["id"]
    body = msgspec.structs.asdict(await read_body(request, CHANGES[kind]))
    version = body.pop("version")
    changes = {name: value for name, value in body.items() if value is not UNSET}
    if not is_storable(id_):
        raise BadRequest(f"there is no {kind} {id_!r}", f"unknown_{kind}", 404)
    done = await save_row(request, kind, id_, changes, version, None)
    match done:
        case Edited():
            return answer_json(done.after)
        case Conflict(current):
            detail = f"somebody else changed it: its version is {current.version}, not {version}"
            raise BadRequest(detail, "conflict", 409, current)
        case ValidationProblem(reason):
            is_unknown = reason.startswith(f"there is no {kind} ")
            raise BadRequest(reason, *((f"unknown_{kind}", 404) if is_unknown else ("refused", 422)))


def describe_new(kind: Kind) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/{PLURALS[kind]}",
        handler=partial(add_one, kind),
        name=f"add{kind.capitalize()}",
        summary=f"Add {'an' if kind == 'affiliate' else 'a'} {kind}; without an id it gets one",
        answer=TYPES[kind],
        needs="edit",
        body=NEW[kind],
        status=CREATED,
        statuses=(400, 413, 415, 422),
    )


def describe_change(kind: Kind) -> Endpoint:
    return Endpoint(
        method="PATCH",
        path=f"/{PLURALS[kind]}/{{id}}",
        handler=partial(change_one, kind),
        name=f"change{kind.capitalize()}",
        summary=f"Change fields of {'an' if kind == 'affiliate' else 'a'} {kind}, if it is still as it was read",
        answer=TYPES[kind],
        needs="edit",
        body=CHANGES[kind],
        statuses=(400, 404, 409, 413, 415, 422),
    )


REFERRAL_CHANGES: Final = tuple(describe(kind) for kind in PLURALS for describe in (describe_new, describe_change))
