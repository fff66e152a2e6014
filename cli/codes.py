"""`clickrail code add|edit|list|check`."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.admin_common import add, edit, show_page
from cli.database import run
from cli.errors import exit_on
from cli.options import (
    After,
    Archived,
    AsJson,
    DatabaseUrl,
    FallbackUrl,
    Id,
    MaybeKeysFile,
    Most,
    NoHeader,
    PublicUrl,
    StatusFilter,
)
from cli.output import show_json, show_one

if TYPE_CHECKING:
    import asyncpg

    from ingest.pipeline import Keys
    from referrals.lookup.answers import Answer

TARGET = typer.Option("--target", show_default=False, help="a target other than the program's")
AFFILIATE = typer.Option("--affiliate", show_default=False, help="id of its affiliate")
PROGRAM = typer.Option("--program", show_default=False, help="id of its program")


def add_code(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    database_url: DatabaseUrl,
    affiliate_id: Annotated[str, AFFILIATE],
    program_id: Annotated[str, PROGRAM],
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", show_default=False, help="generated if not given")
    ] = None,
    target: Annotated[str | None, TARGET] = None,
    public_url: PublicUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a referral code, and show its link."""
    import secrets

    from referrals.admin.ids import make_code
    from referrals.model import ReferralCode

    new = ReferralCode(
        code=make_code(secrets.choice) if code is None else code,
        affiliate_id=affiliate_id,
        program_id=program_id,
        status="active",
        target_url=target,
    )
    add(database_url, new, public_url, as_json=as_json)


def edit_code(
    id_: Id,
    database_url: DatabaseUrl,
    affiliate_id: Annotated[str | None, AFFILIATE] = None,
    program_id: Annotated[str | None, PROGRAM] = None,
    target: Annotated[str | None, TARGET] = None,
    as_json: AsJson = False,
) -> None:
    """Change the given settings of a code. With --target "" it leads to the program's target again."""
    given = {"affiliate_id": affiliate_id, "program_id": program_id, "target_url": target}
    edit(database_url, "code", id_, given, as_json=as_json)


def list_codes(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
    database_url: DatabaseUrl,
    status: StatusFilter = None,
    affiliate_id: Annotated[
        str | None, typer.Option("--affiliate", show_default=False, help="only codes of this affiliate")
    ] = None,
    program_id: Annotated[
        str | None, typer.Option("--program", show_default=False, help="only codes of this program")
    ] = None,
    archived: Archived = False,
    most: Most = 100,
    after: After = "",
    as_json: AsJson = False,
    no_header: NoHeader = False,
) -> None:
    """List referral codes. Archived ones are left out, and those of an archived affiliate or program."""
    from referrals.admin.repository import Filter

    wanted = Filter(
        status=status, affiliate_id=affiliate_id, program_id=program_id, limit=most, after=after, archived=archived
    )
    show_page(database_url, "code", wanted, as_json=as_json, header=not no_header)


def check(
    code_or_link: Annotated[str, typer.Argument(metavar="CODE|LINK", help="a code, or a complete link")],
    database_url: DatabaseUrl,
    public_url: PublicUrl = None,
    fallback_url: FallbackUrl = None,
    keys_file: MaybeKeysFile = None,
    as_json: AsJson = False,
) -> None:
    """Show how ingest would answer a visit, and why. Exit code 1 if it would not count as a click."""
    from ulid import ULID

    from cli.code_check import Checked, describe, read_test, to_json
    from ingest.preview import preview_visit
    from referrals.lookup.answers import Found
    from urls.links import find_requested_code, match_code, read_link
    from urls.pasted import read_pasted

    link = read_link(code_or_link.strip())
    code = match_code(link.path)
    asked = code or find_requested_code(link.path) or ""
    answer, similar = run(database_url, lambda connection: look_up(connection, asked))
    keys, believed = ready_any_keys(keys_file if "cr_test=" in link.query else None)
    now_s = int(time.time())
    checked = Checked(
        link=link,
        preview=preview_visit(link, answer, keys, str(ULID.from_timestamp(now_s * 1000)), fallback_url),
        found=answer if isinstance(answer, Found) else None,
        similar=similar,
        click_id=read_pasted(code_or_link).click_id,
        public_url=public_url,
        fallback_url=fallback_url,
        test=read_test(keys if believed else None, code, link.query, now_s),
    )
    if as_json:
        show_json(to_json(checked))
    else:
        show_one(describe(checked))
    if not checked.counts:
        raise typer.Exit(1)


def ready_any_keys(keys_file: Path | None) -> "tuple[Keys, bool]":
    """Give keys to make a token with, and whether they are the installation's own or made for this once."""
    from datetime import UTC, datetime

    from identity.keyfile import read_ring
    from identity.keys import RING_RANDOMNESS, KeyRingError, init_ring
    from ingest.pipeline import prepare_keys

    if keys_file is None:
        return prepare_keys(init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS))), False
    with exit_on(KeyRingError):
        return prepare_keys(read_ring(keys_file)), True


async def look_up(connection: "asyncpg.Connection", asked: str) -> "tuple[Answer, list[str]]":
    """Return the answer of a lookup, and similar codes if the code is unknown."""
    from referrals.admin import repository
    from referrals.lookup.answers import Unknown

    answer = await repository.look_up(connection, asked)
    unknown = isinstance(answer, Unknown)
    return answer, await repository.find_similar(connection, asked) if unknown else []
