"""`clickrail code test-link`."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.codes import look_up
from cli.database import run
from cli.errors import exit_on
from cli.keys import KeysFile
from cli.options import MaybeDatabaseUrl
from cli.output import note

DAY_S = 86_400

Days = Annotated[int, typer.Option("--days", min=1, max=365, help="how many days the link is valid")]


def make_test_link(
    code: Annotated[str, typer.Argument(metavar="CODE", help="the referral code to try; case matters")],
    keys_file: KeysFile,
    public_url: Annotated[
        str, typer.Option(envvar="CLICKRAIL_PUBLIC_URL", show_default=False, help="where visitors reach ingest")
    ],
    days: Days = 7,
    database_url: MaybeDatabaseUrl = None,
) -> None:
    """Make a link for testing a code: it redirects as any other, but no total counts its clicks.

    It is signed for that code only. Anybody who has it can use it until it expires; after that its clicks count as
    usual. With a database URL the code is looked up first.
    """
    from identity.keyfile import read_ring
    from identity.keys import KeyRingError
    from identity.probe_link import make_test_proof
    from identity.token import TokenKeys
    from urls.codes import is_code

    expires_at = int(time.time()) + days * DAY_S
    with exit_on(KeyRingError, ValueError):
        if not is_code(code):
            raise ValueError(
                f"{code!r} cannot be a referral code: codes have 1 to 64 characters of A-Z, a-z, 0-9, _ and -"
            )
        warning = check_code(database_url, code)
        proof = make_test_proof(TokenKeys(read_ring(keys_file)), code, expires_at)
    print(f"{public_url.rstrip('/')}/ref/{code}?cr_test={proof}")
    if warning:
        note(warning)
    # In a pipe only the link, for scripts.
    if sys.stdout.isatty():
        print(f"Valid until {datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M} UTC; no total counts its clicks.")


def check_code(database_url: str | None, code: str) -> str | None:
    """Return a warning if visits make no click, or the code was not looked up. Raises ValueError if it is unknown."""
    from referrals.lookup.answers import Found, Unknown
    from schemas.reasons import advise

    if database_url is None:
        return "The code was not looked up: add --database-url to check that it exists."
    answer, similar = run(database_url, lambda connection: look_up(connection, code))
    if isinstance(answer, Unknown):
        hint = f"; similar codes: {', '.join(similar)}" if similar else ""
        raise ValueError(f"there is no code {code!r}{hint}")  # noqa: TRY004 - the code is wrong, not a type
    paused = answer.inactive_kind if isinstance(answer, Found) else None
    if not isinstance(answer, Found) or paused is None:
        return None
    reason = answer.reason_for(paused)
    remedy = advise(reason, code=code, affiliate_id=answer.affiliate.id, program_id=answer.program.id)
    return f"Visits of this link make no click now. {reason.number} {reason.title}: {remedy}"
