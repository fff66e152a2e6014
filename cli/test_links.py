"""`clickrail code test-link`."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.failing import failing_clearly
from cli.keys import KeysFile

DAY_S = 86_400

Days = Annotated[int, typer.Option("--days", min=1, max=365, help="how long it is good for")]


def make_test_link(
    code: Annotated[str, typer.Argument(metavar="CODE", help="the referral code to try; case matters")],
    keys_file: KeysFile,
    public_url: Annotated[
        str, typer.Option(envvar="CLICKRAIL_PUBLIC_URL", show_default=False, help="where visitors reach ingest")
    ],
    days: Days = 7,
) -> None:
    """Write a link to try a code with: it is routed as any other, and its clicks are in no total.

    It is signed for that one code, and whoever has it can use it until it expires; then its clicks count as usual.
    """
    from identity.keyfile import read_ring
    from identity.keys import KeyRingError
    from identity.test_link import make_test_proof
    from identity.token import TokenKeys
    from urls.codes import is_code

    expires_at = int(time.time()) + days * DAY_S
    with failing_clearly(KeyRingError, ValueError):
        if not is_code(code):
            raise ValueError(f"{code!r} cannot be a referral code: 1 to 64 of A-Z, a-z, 0-9, _ and -")
        proof = make_test_proof(TokenKeys(read_ring(keys_file)), code, expires_at)
    print(f"{public_url.rstrip('/')}/ref/{code}?cr_test={proof}")
    # A script wants the link and nothing else.
    if sys.stdout.isatty():
        print(f"Good until {datetime.fromtimestamp(expires_at, UTC):%Y-%m-%d %H:%M} UTC; its clicks are in no total.")
