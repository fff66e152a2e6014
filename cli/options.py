"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from referrals.model import Status

DatabaseUrl = Annotated[
    str, typer.Option(envvar="CLICKRAIL_DATABASE_URL", show_default=False, help="URL of the PostgreSQL database")
]
MaybeDatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", envvar="CLICKRAIL_DATABASE_URL", show_default=False, help="URL of the PostgreSQL database"
    ),
]
PublicUrl = Annotated[
    str | None, typer.Option(envvar="CLICKRAIL_PUBLIC_URL", show_default=False, help="where visitors reach ingest")
]
FallbackUrl = Annotated[
    str | None,
    typer.Option(
        envvar="CLICKRAIL_INGEST_FALLBACK_URL", show_default=False, help="where ingest sends visitors of unknown codes"
    ),
]
MaybeKeysFile = Annotated[
    Path | None,
    typer.Option("--keys-file", envvar="CLICKRAIL_KEYS_FILE", show_default=False, help="the key ring's file"),
]
AsJson = Annotated[bool, typer.Option("--json", help="write JSON")]
NoHeader = Annotated[bool, typer.Option("--no-header", help="leave out the names of the columns")]

Id = Annotated[str, typer.Argument(metavar="ID", help="the id, or the code itself; case matters")]
NewId = Annotated[
    str | None, typer.Option("--id", show_default=False, help="a-z, 0-9, _ and -; generated if not given")
]
SameName = Annotated[bool, typer.Option("--same-name", help="allow a name that another one has already")]

StatusFilter = Annotated[
    Status | None, typer.Option("--status", show_default=False, help="show only those with this status")
]
Archived = Annotated[bool, typer.Option("--all", help="include archived ones")]
Most = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="show at most this many")]
After = Annotated[str, typer.Option("--after", show_default=False, help="continue after this id")]
