"""`/import`: a CSV file of codes, previewed before it changes anything: all of it or nothing, twice is once."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from console.audit.log import AuditEntry, actor_of, write_audit
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.web.responses import reply
from referrals.admin.csv_rows import CodeFile, read_rows
from referrals.admin.importer import Choices, Imported, NotImported, import_codes

LARGEST: Final = 5 * 1024 * 1024
MOST_ERRORS: Final = 200
MOST_COLUMNS: Final = 40
COLUMNS: Final = (
    ("code", "the code of the link", True),
    ("affiliate_id", "whose code it is", True),
    ("program_id", "what it leads to", True),
    ("status", "active, paused or archived; active unless given", False),
    ("target_url", "a target of its own", False),
    ("affiliate_name", "makes the affiliate if there is none with that id", False),
)


async def show_import(request: web.Request) -> web.Response:
    return reply(request, "referrals/import.html", columns=COLUMNS, largest_mib=LARGEST // 1024**2)


async def preview_import(request: web.Request) -> web.Response:
    return await reply_import(request, is_dry=True)


async def run_import(request: web.Request) -> web.Response:
    return await reply_import(request, is_dry=False)


async def reply_import(request: web.Request, *, is_dry: bool) -> web.Response:
    try:
        # Only an import may be as large as this: the token that shows its intention came in a header.
        data = await request.clone(client_max_size=LARGEST).read()
    except HTTPRequestEntityTooLarge:
        return web.Response(status=413, text=f"The file is larger than {LARGEST // 1024**2} MiB: import it in parts.")
    choices = Choices(
        update="update" in request.query,
        dry_run=is_dry,
        same_name="same_name" in request.query,
        columns=read_mapping(request.query),
    )
    # In a thread: 5 MiB take more than a second, and the loop has other pages to answer.
    file = await asyncio.to_thread(read_rows, data, choices.columns)
    found = await run(request, file, choices)
    errors = found.errors[:MOST_ERRORS] if isinstance(found, NotImported) else []
    return reply(
        request,
        "referrals/imported.html",
        422 if errors else 200,
        found=None if errors else found,
        errors=errors,
        number=len(found.errors) if isinstance(found, NotImported) else 0,
        is_dry=is_dry,
        mapping=[(name, choices.columns.get(name, name)) for name in file.header[:MOST_COLUMNS]],
        names=[name for name, *_ in COLUMNS],
    )


def read_mapping(query: Mapping[str, str]) -> dict[str, str]:
    """Read what columns of other names are: `column.partner=affiliate_id`. What is no column of ours is left out."""
    known = {name for name, *_ in COLUMNS}
    given = [(name.removeprefix("column."), value) for name, value in query.items() if name.startswith("column.")]
    return {name: value if value in known else "" for name, value in given}


async def run(request: web.Request, file: CodeFile, choices: Choices) -> Imported | NotImported:
    """Import, and write it down in the audit log, in one transaction. One import at a time: logins need the pool."""
    environment: Environment = request.app[ENVIRONMENT]

    async def work(connection: Any) -> Imported | NotImported:
        async with connection.transaction():
            found = await import_codes(connection, file, choices)
            if isinstance(found, Imported) and not choices.dry_run and is_change(found):
                counts = {name: getattr(found, name) for name in found.__struct_fields__}
                entry = AuditEntry(
                    environment.now(), actor_of(request[SESSION]), "code.import", "codes of a file", None, counts
                )
                await write_audit(connection, entry)
            return found

    async with environment.importing:
        result: Imported | NotImported = await environment.accounts.write(work)
    return result


def is_change(found: Imported) -> bool:
    return any((found.codes, found.affiliates, found.updated, found.renamed))
