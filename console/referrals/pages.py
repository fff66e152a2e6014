"""The pages of one program, affiliate or code: what it is, and what it does."""

from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from console.auth.roles import may
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.referrals.activity import read_activity
from console.referrals.consequences import describe_consequences
from console.referrals.fields import SECTIONS
from console.referrals.forms import (
    make_form,
)
from console.referrals.kinds import CONSEQUENCES, KINDS, TONES, VERBS, KindPage
from console.referrals.preview import Shown, preview
from console.view.filters import is_storable
from console.web.responses import reply
from referrals.admin import repository
from referrals.admin.notes import read_note
from referrals.admin.search import Row, Rows, Wanted, search
from referrals.admin.validation import ValidationProblem
from referrals.model import Affiliate, Kind, Program, Referral, ReferralCode
from urls.links import PREFIX

CODES: Final = 10


class One(msgspec.Struct, frozen=True):
    """A row with what belongs to it: note, owners, some of its codes."""

    value: Referral
    note: str
    program: Program | None
    affiliate: Affiliate | None
    codes: tuple[Row, ...]
    codes_number: int


def page_of(request: web.Request) -> KindPage:
    """Return the kind that an address is about."""
    environment: Environment = request.app[ENVIRONMENT]
    return KINDS[environment.base.relative(request.path).split("/")[1]]


async def show_one(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, one = page_of(request), await find_one(request)
    now = environment.now()
    activity = await environment.database.try_to_read(
        lambda connection: read_activity(connection, page.kind, [one.value.id], now)
    )
    may_edit = may(request[SESSION].user.role, "edit")
    return reply(
        request,
        "referrals/one.html",
        page=page,
        one=one,
        value=one.value,
        activity=None if activity is None else activity.of(one.value.id),
        zone="" if activity is None else activity.zone,
        shown=preview_one(environment, one),
        sections=SECTIONS[page.kind],
        tones=TONES,
        verbs=VERBS,
        consequences=CONSEQUENCES,
        said=request.query.get("said", ""),
        link=write_link(environment, one.value),
        texts=make_form(one.value, one.note).texts,
        has_keys=environment.token_keys is not None,
        stops=await describe_consequences(environment, page.kind, [one.value.id]) if may_edit else {},
    )


def preview_one(environment: Environment, one: One) -> Shown | None:
    if one.program is None:
        return None
    code = one.value if isinstance(one.value, ReferralCode) else None
    return preview(one.program, one.affiliate, code, environment.settings.public_url, environment.now())


def write_link(environment: Environment, value: Referral) -> str:
    return f"{(environment.settings.public_url or '').rstrip('/')}{PREFIX}{value.id}" if value.kind == "code" else ""


async def find_one(request: web.Request) -> One:
    """Find the row of the address. Raises HTTPNotFound, DatabaseAway."""
    environment: Environment = request.app[ENVIRONMENT]
    kind, id_ = page_of(request).kind, request.match_info["id"]
    if not is_storable(id_):
        raise web.HTTPNotFound
    found: One | None = await environment.database.read(lambda connection: read_one(connection, kind, id_))
    if found is None:
        raise web.HTTPNotFound
    return found


async def read_one(connection: Any, kind: Kind, id_: str) -> One | None:
    value = await repository.find(connection, kind, id_)
    if isinstance(value, ValidationProblem):
        return None
    program: Any = value if isinstance(value, Program) else None
    affiliate: Any = value if isinstance(value, Affiliate) else None
    found = Rows([], 0)
    if isinstance(value, ReferralCode):
        program = await repository.find(connection, "program", value.program_id)
        affiliate = await repository.find(connection, "affiliate", value.affiliate_id)
    else:
        wanted = Wanted(affiliate_id=id_, limit=CODES) if affiliate else Wanted(program_id=id_, limit=CODES)
        found = await search(connection, "code", wanted)
    return One(value, await read_note(connection, kind, id_), program, affiliate, tuple(found.rows), found.number)


def go_to(environment: Environment, path: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address(path)})
