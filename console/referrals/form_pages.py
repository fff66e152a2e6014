"""The forms of programs, affiliates and codes, and the answers to what they send."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.referrals.drafts import preview_draft
from console.referrals.fields import SECTIONS
from console.referrals.forms import (
    KEYS,
    Form,
    describe_differences,
    digest,
    make_empty_form,
    make_form,
    read_changes,
    read_new,
    read_texts,
)
from console.referrals.kinds import KindPage
from console.referrals.pages import One, find_one, go_to, page_of
from console.referrals.saving import NewNote, add_row, save_row
from console.web.forms import read_form
from console.web.responses import reply
from referrals.admin.editing import Conflict
from referrals.admin.form_values import FieldProblem
from referrals.admin.notes import LONGEST
from referrals.admin.validation import ValidationProblem
from referrals.model import Kind, Referral

CONFLICT: Final = 409
UNPROCESSABLE: Final = 422


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
    status: int = 200,
    **more: Any,
) -> web.Response:
    """Show a form. `more`: a preview that is `shown`, or the `differences` from what somebody else saved."""
    return reply(
        request,
        "referrals/form.html",
        status,
        page=page,
        form=form,
        value=value,
        sections=SECTIONS[page.kind],
        longest_note=LONGEST,
        **{"differences": [], "shown": None, **more},
    )


async def reply_preview(
    request: web.Request, page: KindPage, form: Form, draft: Referral, value: Referral | None
) -> web.Response:
    """Show the form with what visitors would get; nothing is saved."""
    shown = await preview_draft(request, draft)
    if isinstance(shown, ValidationProblem):
        return reply_form(request, page, add_problem(form, shown, page.kind), value, status=UNPROCESSABLE)
    return reply_form(request, page, form, value, shown=shown)


async def create(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, sent = page_of(request), await read_form(request)
    texts, note = read_texts(page.kind, sent, is_new=True), read_note_text(sent)
    form = Form(texts={**make_empty_form(page.kind, {}).texts, **texts}, note=note)
    value = read_new(page.kind, texts)
    if isinstance(value, list):
        return reply_form(request, page, add_problems(form, value), None, status=UNPROCESSABLE)
    if "preview" in sent:
        return await reply_preview(request, page, form, value, None)
    added = await add_row(request, value, note)
    if isinstance(added, ValidationProblem):
        return reply_form(request, page, add_problem(form, added, page.kind), None, status=UNPROCESSABLE)
    return go_to(environment, f"{page.path}/{added.id}?said=added")


async def save(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    page, one, sent = page_of(request), await find_one(request), await read_form(request)
    texts, note, version = read_texts(page.kind, sent, is_new=False), read_note_text(sent), read_version(sent)
    note_digest = sent.get("note_digest", "")
    form = Form(texts={**make_form(one.value, "").texts, **texts}, note=note, version=version, note_digest=note_digest)
    changes = read_changes(one.value, texts)
    if isinstance(changes, list):
        return reply_form(request, page, add_problems(form, changes), one.value, status=UNPROCESSABLE)
    if "preview" in sent:
        return await reply_preview(request, page, form, msgspec.structs.replace(one.value, **changes), one.value)
    done = await save_row(request, page.kind, one.value.id, changes, version, NewNote(note, note_digest))
    if isinstance(done, Conflict):
        return reply_conflict(request, page, form, await find_one(request))
    if isinstance(done, ValidationProblem):
        return reply_form(request, page, add_problem(form, done, page.kind), one.value, status=UNPROCESSABLE)
    return go_to(environment, f"{page.path}/{one.value.id}?said=saved")


def reply_conflict(request: web.Request, page: KindPage, form: Form, now: One) -> web.Response:
    """Show what somebody else changed meanwhile beside what was typed. To save once more is to overwrite knowingly."""
    current = now.value
    typed = read_changes(current, form.texts)
    mine = msgspec.structs.replace(current, **typed) if isinstance(typed, dict) else current
    problem = "Somebody else changed this meanwhile."
    form = msgspec.structs.replace(form, version=current.version, note_digest=digest(now.note), problem=problem)
    differences = describe_differences(current, mine)
    if now.note != form.note:
        differences.append(("Note", now.note or "-", form.note or "-"))
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
