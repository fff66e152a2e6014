"""`clickrail keys init|rotate|list` and `clickrail token verify`."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.failing import failing_clearly

keys = typer.Typer(help="The key ring: what seals cookies and addresses.", no_args_is_help=True)
token = typer.Typer(help="Click tokens, as merchants send them back.", no_args_is_help=True)

KeysFile = Annotated[Path, typer.Option(envvar="CLICKRAIL_KEYS_FILE", show_default=False, help="the key ring's file")]


@keys.command()
def init(keys_file: KeysFile) -> None:
    """Make a key ring with one active key for each purpose. Never overwrites one."""
    from identity.keyfile import create_ring
    from identity.keys import RING_RANDOMNESS, KeyRingError, init_ring

    with failing_clearly(KeyRingError):
        create_ring(keys_file, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    print(f"{keys_file}: made, readable by its owner alone. Back it up: without it no cookie can be read.")


@keys.command()
def rotate(
    purpose: Annotated[str, typer.Argument(help="cookie, token, ip_seal or ip_hash")], keys_file: KeysFile
) -> None:
    """Add a key for a purpose and make it the active one. Running services take it within a second."""
    from identity.keyfile import edit_ring
    from identity.keys import KEY_RANDOMNESS, PURPOSES, KeyRingError
    from identity.keys import rotate as rotated

    known = next((name for name in PURPOSES if name == purpose), None)
    with failing_clearly(KeyRingError, ValueError):
        if known is None:
            raise ValueError(f"{purpose!r} is not a purpose: there are {', '.join(PURPOSES)}")
        edit_ring(keys_file, lambda ring: rotated(ring, known, datetime.now(UTC), os.urandom(KEY_RANDOMNESS)))
    print(f"{known}: a new key is active; what the one before sealed stays readable.")


@keys.command("list")
def list_(keys_file: KeysFile) -> None:
    """Show the keys, without their secrets."""
    from identity.keyfile import read_ring
    from identity.keys import KeyRingError, list_keys

    with failing_clearly(KeyRingError):
        summaries = list_keys(read_ring(keys_file))
    for key in summaries:
        retired = f"  retired {key.retired_at:%Y-%m-%d %H:%M}" if key.retired_at else ""
        print(f"{key.purpose:8} {key.kid}  {key.state:9}  made {key.created_at:%Y-%m-%d %H:%M}{retired}")


@token.command()
def verify(
    click_token: Annotated[str, typer.Argument(help="as it was sent back: 45 characters")], keys_file: KeysFile
) -> None:
    """Tell whether a click token is genuine, and of which click. Exit code 1 when it is not."""
    from identity.keyfile import read_ring
    from identity.keys import KeyRingError
    from identity.refusal import Refused
    from identity.token import TokenKeys, verify_token
    from identity.ulid import ulid_time

    with failing_clearly(KeyRingError):
        verified = verify_token(TokenKeys(read_ring(keys_file)), click_token)
    if isinstance(verified, Refused):
        print(f"not genuine: {verified.reason}")
        raise typer.Exit(1)
    print(f"genuine: click {verified} of {ulid_time(verified):%Y-%m-%d %H:%M:%S} UTC")
