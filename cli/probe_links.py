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

Days = Annotated[int, typer.Option("--days", min=1, max=365, help="how long it is good for")]


def make_test_link(
    code: Annotated[str, typer.Argument(metavar="CODE", help="the referral code to try; case matters")],
    keys_file: KeysFile,
    public_url: Annotated[
        str, typer.Option(envvar="CLICKRAIL_PUBLIC_URL", show_default=False, help="where visitors reach ingest")
    ],
    days: Days = 7,
    database_url: MaybeDatabaseUrl = None,
) -> None:
    """Write a link to try a code with: it is routed as any other, and its clicks are in no total.

    It is signed for that one code, and anybody who has it can use it until it expires; then its clicks count as usual.
    With a database the code is looked up first.
    """
    from identity.keyfile import read_ring
    from identity.keys import KeyRingError
    from identity.probe_link import make_test_proof
    from identity.token import TokenKeys
    from urls.codes import is_code

    expires_at = int(time.time()) + days * DAY_S
    with exit_on(KeyRingError, ValueError):
        if not is_code(code):
            raise ValueError(f"{code!r} cannot be a referral code: 1 to 64 of A-Z, a-z, 0-9, _ and -")
        warning = check_code(database_url, code)
        proof = make_test_proof(TokenKeys(read_ring(keys_file)), code, expires_at)
    print(f"{public_url.rstrip('/')}/ref/{code}?cr_test={proof}")
    if warning:
        note(warning)
    # A script wants the link and nothing else.
    if sys.stdout.isatty():
        print(f"Good until {datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M} UTC; its clicks are in no total.")


def check_code(database_url: str | None, code: str) -> str | None:
    """Say what is to be known of a code before its link is tried. Raises ValueError where there is none."""
    from referrals.lookup.answers import Found, Unknown
    from schemas.reasons import advise

    if database_url is None:
        return "Whether there is such a code was not looked up: no --database-url is given."
    answer, similar = run(database_url, lambda connection: look_up(connection, code))
    if isinstance(answer, Unknown):
        meant = f"; nearly the same: {', '.join(similar)}" if similar else ""
        raise ValueError(f"there is no code {code!r}{meant}")  # noqa: TRY004 - the code is wrong, not a type
    paused = answer.inactive_kind if isinstance(answer, Found) else None
    if not isinstance(answer, Found) or paused is None:
        return None
    reason = answer.reason_for(paused)
    remedy = advise(reason, code=code, affiliate_id=answer.affiliate.id, program_id=answer.program.id)
    return f"Its visits make no click yet. {reason.number} {reason.title}: {remedy}"
