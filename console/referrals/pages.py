"""The pages of one program, affiliate or code: what it is, what it does, its form, and the answers to its changes."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from console.environment import ENVIRONMENT, Environment
from console.referrals.activity import QUIET, read_activity
from console.referrals.fields import SECTIONS
from console.referrals.forms import (
    KEYS,
    Form,
    describe_differences,
    make_empty_form,
    make_form,
    read_changes,
    read_new,
    read_texts,
)
from console.referrals.kinds import CONSEQUENCES, KINDS, TONES, VERBS, KindPage
from console.referrals.preview import Shown, preview
from console.referrals.saving import add_row, save_row
from console.view.filters import is_storable
from console.web.forms import read_form
from console.web.responses import reply
from referrals.admin import repository
from referrals.admin.editing import Conflict
from referrals.admin.form_values import FieldProblem
from referrals.admin.notes import LONGEST, read_note
from referrals.admin.search import Row, Rows, Wanted, search
from referrals.admin.validation import ValidationProblem
from referrals.model import Affiliate, Kind, Program, Referral, ReferralCode
from urls.links import PREFIX

CODES: Final = 10
CONFLICT: Final = 409
UNPROCESSABLE: Final = 422


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
    return reply(
        request,
        "referrals/one.html",
        page=page,
        one=one,
        value=one.value,
        activity=None if activity is None else activity.get(one.value.id, QUIET),
        shown=preview_one(environment, one),
        sections=SECTIONS[page.kind],
        tones=TONES,
        verbs=VERBS,
        consequences=CONSEQUENCES,
        said=request.query.get("said", ""),
        link=write_link(environment, one.value),
        texts=make_form(one.value, one.note).texts,
        has_keys=environment.token_keys is not None,
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


async def show_new_form(request: web.Request) -> web.Response:
    page = page_of(request)
    return reply_form(request, page, make_empty_form(page.kind, request.query), None)


async def show_form(request: web.Request) -> web.Response:
    page, one = page_of(request), await find_one(request)
    return reply_form(request, page, make_form(one.value, one.note), one.value)


def reply_form(
    request: web.Request,
    page: KindPage,
    form: Form,
    value: Referral | None,
    *,
    status: int = 200,
    differences: list[tuple[str, str, str]] | None = None,
) -> web.Response:
    return reply(
        request,
        "referrals/form.html",
        status,
        page=page,
        form=form,
        value=value,
        sections=SECTIONS[page.kind],
        differences=differences or [],
        longest_note=LONGEST,
    )


async def create(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, sent = page_of(request), await read_form(request)
    texts, note = read_texts(page.kind, sent, is_new=True), read_note_text(sent)
    form = Form(texts={**make_empty_form(page.kind, {}).texts, **texts}, note=note)
    value = read_new(page.kind, texts)
    if isinstance(value, list):
        return reply_form(request, page, add_problems(form, value), None, status=UNPROCESSABLE)
    added = await add_row(request, value, note)
    if isinstance(added, ValidationProblem):
        return reply_form(request, page, add_problem(form, added, page.kind), None, status=UNPROCESSABLE)
    return go_to(environment, f"{page.path}/{added.id}?said=added")


async def save(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, one, sent = page_of(request), await find_one(request), await read_form(request)
    texts, note, version = read_texts(page.kind, sent, is_new=False), read_note_text(sent), read_version(sent)
    form = Form(texts={**make_form(one.value, "").texts, **texts}, note=note, version=version)
    changes = read_changes(one.value, texts)
    if isinstance(changes, list):
        return reply_form(request, page, add_problems(form, changes), one.value, status=UNPROCESSABLE)
    done = await save_row(request, page.kind, one.value.id, changes, version, note)
    if isinstance(done, Conflict):
        return reply_conflict(request, page, form, done.current)
    if isinstance(done, ValidationProblem):
        return reply_form(request, page, add_problem(form, done, page.kind), one.value, status=UNPROCESSABLE)
    return go_to(environment, f"{page.path}/{one.value.id}?said=saved")


def reply_conflict(request: web.Request, page: KindPage, form: Form, current: Referral) -> web.Response:
    """Show what somebody else changed meanwhile beside what was typed. To save once more is to overwrite knowingly."""
    typed = read_changes(current, form.texts)
    mine = msgspec.structs.replace(current, **typed) if isinstance(typed, dict) else current
    form = msgspec.structs.replace(form, version=current.version, problem="Somebody else changed this meanwhile.")
    differences = describe_differences(current, mine)
    return reply_form(request, page, form, current, status=CONFLICT, differences=differences)


def add_problems(form: Form, problems: list[FieldProblem]) -> Form:
    whole = next((one.reason for one in problems if not one.field), "")
    of_fields = {one.field: one.reason for one in problems if one.field}
    return msgspec.structs.replace(form, problems=of_fields, problem=whole or "Nothing is saved yet: see below.")


def add_problem(form: Form, problem: ValidationProblem, kind: Kind) -> Form:
    field = KEYS[kind] if problem.field == "id" else problem.field
    of_fields = {field: problem.reason} if field in form.texts else {}
    words = "Nothing is saved yet: see below." if of_fields else f"Nothing is saved: {problem.reason}."
    return msgspec.structs.replace(form, problems=of_fields, problem=words)


def read_note_text(sent: Mapping[str, str]) -> str:
    return sent.get("note", "").replace("\0", "").replace("\r\n", "\n").strip()[:LONGEST]


def read_version(sent: Mapping[str, str]) -> int:
    text = sent.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 - a bigint


def go_to(environment: Environment, path: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address(path)})
