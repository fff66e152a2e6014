"""The database work that the commands for programs, affiliates and codes share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli.code_link import write_link
from cli.database import CommandError, run, unwrap
from cli.errors import exit_on
from cli.output import count, note, show_added, show_json, show_list, show_one, text_of
from referrals.model import Kind, Status

if TYPE_CHECKING:
    import asyncpg

    from referrals.admin.repository import Filter
    from referrals.admin.validation import ValidationProblem
    from referrals.model import Referral

IN_FORCE = "in force everywhere within a second"


def add(
    database_url: str, new: "Referral", public_url: str | None = None, *, as_json: bool, same_name: bool = False
) -> None:
    """Add a program, affiliate or code."""

    async def work(connection: "asyncpg.Connection") -> "tuple[Referral | ValidationProblem, str | None]":
        from referrals.admin import repository

        refused = None if same_name else await refuse_same_name(connection, new.kind, getattr(new, "name", None))
        if refused:
            return refused, None
        added = await repository.add(connection, new)
        return added, await explain_inactive(connection, new.kind, new.id)

    added, pause = run(database_url, work)
    value = unwrap(added)
    show_added(value, write_link(public_url, value.id) if value.kind == "code" else None, as_json=as_json)
    note_stored_hosts({name: getattr(new, name) for name in new.__struct_fields__}, value)
    if pause:
        note(pause)


def show_page(database_url: str, kind: Kind, wanted: "Filter", *, as_json: bool, header: bool) -> None:
    from referrals.admin import repository

    page = run(database_url, lambda connection: repository.list_page(connection, kind, wanted))
    complete = wanted.archived or wanted.status is not None
    show_list(kind, page, as_json=as_json, header=header, complete=complete)


def edit(
    database_url: str, kind: Kind, id_: str, given: Mapping[str, object], *, as_json: bool, same_name: bool = False
) -> None:
    """Change the given fields. None: not given. An empty text removes a value."""
    changes = read_changes(kind, given)
    with exit_on(CommandError):
        if not changes:
            raise CommandError(f"no option is given: `clickrail {kind} edit --help` lists what can be changed")

    async def work(connection: "asyncpg.Connection") -> "Referral | ValidationProblem":
        from referrals.admin import repository

        name = None if same_name else changes.get("name")
        refused = await refuse_same_name(connection, kind, name, id_)
        return refused or await repository.change(connection, kind, id_, changes)

    changed = unwrap(run(database_url, work))
    note_stored_hosts(changes, changed)
    if as_json:
        show_json(changed)
        return
    print(f"{kind} {id_} is changed: {IN_FORCE}")
    show_one({name: text_of(getattr(changed, name)) or "none" for name in changes})


def note_stored_hosts(given: Mapping[str, object], stored: "Referral") -> None:
    """Say which hosts are stored in another form than they were given."""
    for name in ("cookie_domain", "deep_link_hosts"):
        before, after = given.get(name), getattr(stored, name, None)
        pairs = zip(before, after or (), strict=False) if isinstance(before, tuple) else [(before, after)]
        for one, other in pairs:
            if one and other and one != other:
                note(f"{one} is stored as {other}, the form that browsers send")


def read_changes(kind: Kind, given: Mapping[str, object]) -> dict[str, object]:
    """Return the given values: lists split, and an empty text as null if the field may be null."""
    from msgspec.structs import fields

    from referrals.model import TYPES

    defaults = {field.name: field.default for field in fields(TYPES[kind])}
    values: dict[str, object] = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(defaults[name], tuple):
            values[name] = split_list(str(value))
        else:
            values[name] = None if value == "" and defaults[name] is None else value
    return values


def split_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def set_status(database_url: str, kind: Kind, id_: str, status: Status) -> None:
    async def work(connection: "asyncpg.Connection") -> "tuple[Referral | ValidationProblem, int, str | None]":
        from referrals.admin import repository

        changed = await repository.change(connection, kind, id_, {"status": status})
        codes = await repository.count_codes(connection, kind, id_)
        return changed, codes, await explain_inactive(connection, kind, id_) if status == "active" else None

    changed, codes, pause = run(database_url, work)
    unwrap(changed)
    print(f"{kind} {id_} is {status}: {IN_FORCE}")
    if status != "active" and kind != "code":
        note(f"It has {count(codes, 'code')}, whose visitors go to the program's fallback from now on.")
    if status == "archived":
        note("Lists leave it out, and its id is never used again.")
        note(f"`clickrail {kind} resume {id_}` makes it active again.")
    if pause:
        note(pause)


async def refuse_same_name(
    connection: "asyncpg.Connection", kind: Kind, name: object, besides: str = ""
) -> "ValidationProblem | None":
    """Refuse a name that another row has: people would confuse them."""
    from referrals.admin.repository import find_same_name
    from referrals.admin.validation import ValidationProblem

    namesakes = await find_same_name(connection, kind, name, besides) if isinstance(name, str) else []
    if not namesakes:
        return None
    have = "have" if len(namesakes) > 1 else "has"
    return ValidationProblem(
        f"{kind} {', '.join(namesakes)} {have} the name {name!r} already: choose another, or add --same-name"
    )


async def explain_inactive(connection: "asyncpg.Connection", kind: Kind, id_: str) -> str | None:
    """Say why an active code counts no clicks, and what to do about it; null if it counts them."""
    from referrals.admin.repository import look_up
    from referrals.lookup.answers import Found
    from schemas.reasons import advise

    found = await look_up(connection, id_) if kind == "code" else None
    if not isinstance(found, Found) or found.inactive_kind in (None, "code"):
        return None
    reason = found.reason_for(found.inactive_kind)
    remedy = advise(reason, code=id_, affiliate_id=found.affiliate.id, program_id=found.program.id)
    return f"It counts no clicks yet. {reason.number} {reason.title}: {remedy}"
