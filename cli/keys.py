"""`clickrail keys init|list|rotate|add|activate|destroy`."""

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.errors import exit_on
from cli.options import AsJson, NoHeader
from cli.output import show_json, show_table
from identity import keys as rings
from identity.keys import KeyRing, KeyRingError, Purpose

keys = typer.Typer(help="The key ring: what seals cookies and addresses.", no_args_is_help=True)

KeysFile = Annotated[Path, typer.Option(envvar="CLICKRAIL_KEYS_FILE", show_default=False, help="the key ring's file")]
OfPurpose = Annotated[str, typer.Argument(metavar="PURPOSE", help="cookie, token, ip_seal or ip_hash")]
Kid = Annotated[str, typer.Argument(metavar="KID", help="the key's two characters, as `keys list` shows them")]

DESTROY_EFFECTS: Final[dict[Purpose, str]] = {
    "cookie": "visitors whose cookie it sealed count as new, and the click before is not credited",
    "token": "click tokens and test links made with it are not believed any more",
    "ip_seal": "addresses it sealed cannot be opened, and a click that still waits in a journal or in clicks.raw, or "
    "is sent again from the dead letters, goes on without country, city and hash",
    "ip_hash": "hashes made with it cannot be linked to an address, nor to the visitor's later clicks",
}
"""What destroying a key of each purpose takes away for good."""


@keys.command()
def init(keys_file: KeysFile) -> None:
    """Make a key ring with one active key for each purpose. Never overwrites one."""
    from identity.keyfile import create_ring

    with exit_on(KeyRingError):
        create_ring(keys_file, rings.init_ring(datetime.now(UTC), os.urandom(rings.RING_RANDOMNESS)))
    print(f"{keys_file}: made, readable by its owner alone. Back it up: without it no cookie can be read.")


@keys.command("list")
def list_(keys_file: KeysFile, as_json: AsJson = False, no_header: NoHeader = False) -> None:
    """Show the keys, without their secrets."""
    from identity.keyfile import read_ring

    with exit_on(KeyRingError):
        summaries = rings.list_keys(read_ring(keys_file))
    if as_json:
        show_json(summaries)
        return
    rows = [
        (key.purpose, key.kid, key.state, f"{key.created_at:%Y-%m-%d %H:%M}", describe_use(key.state, key.retired_at))
        for key in summaries
    ]
    show_table(("purpose", "kid", "state", "made", "retired"), rows, header=not no_header)


def describe_use(state: str, retired_at: datetime | None) -> str:
    if retired_at:
        return f"{retired_at:%Y-%m-%d %H:%M}"
    return "not used yet" if state == "read_only" else ""


@keys.command()
def rotate(purpose: OfPurpose, keys_file: KeysFile) -> None:
    """Add a key and make it the active one. Services that read this file take it within a second.

    Where other machines have copies of the file, do it in steps: `add`, copy, `activate`, copy.
    """
    ring = edit(keys_file, purpose, lambda ring, of: rings.rotate(ring, of, datetime.now(UTC), draw()))
    print(f"{purpose}: {ring.keys[-1].kid}, a new key, is active; what the one before made stays readable.")


@keys.command()
def add(purpose: OfPurpose, keys_file: KeysFile) -> None:
    """Add a key that makes nothing yet, to be copied to every machine before `activate`. Prints its id."""
    kid = edit(keys_file, purpose, lambda ring, of: rings.add(ring, of, datetime.now(UTC), draw())).keys[-1].kid
    # A script wants the id and nothing else: `KID=$(clickrail keys add cookie)`.
    told = f"{purpose}: {kid} is added. Copy the file to every machine, then: clickrail keys activate {purpose} {kid}"
    print(told if sys.stdout.isatty() else kid)


@keys.command()
def activate(purpose: OfPurpose, kid: Kid, keys_file: KeysFile) -> None:
    """Let a key make the new values. Every machine must know it already; copy the file to them again afterwards."""
    edit(keys_file, purpose, lambda ring, of: rings.activate(ring, of, kid, datetime.now(UTC)))
    print(f"{purpose}: {kid} is active; what the one before made stays readable.")


@keys.command()
def destroy(
    purpose: OfPurpose,
    keys_file: KeysFile,
    kid: Annotated[str | None, typer.Argument(metavar="KID", show_default=False, help="the one key to destroy")] = None,
    retired_for: Annotated[
        str | None, typer.Option(metavar="AGE", show_default=False, help="or all that retired so long ago: 48h, 400d")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do it; without it you are told what would be lost")] = False,
) -> None:
    """Take a key's secret out of the file, and so what it made out of reach, for good (crypto-shredding).

    Name the key, or say how long ago keys must have retired. The active key is never destroyed.
    """
    from identity.keyfile import read_ring

    with exit_on(KeyRingError, ValueError):
        of = read_purpose(purpose)
        change = read_change(of, kid, retired_for)
        ring = read_ring(keys_file)
        gone = ", ".join(old.kid for old, new in zip(ring.keys, change(ring).keys, strict=True) if old != new)
        if gone and not yes:
            raise ValueError(f"nothing is destroyed yet. Without {of} {gone}, {DESTROY_EFFECTS[of]}. Say --yes")
    if not gone:
        print(f"{purpose}: nothing to destroy.")
        return
    edit(keys_file, purpose, lambda ring, _of: change(ring))
    print(f"{purpose}: {gone} destroyed in this file. Replace its copies on other machines, forget those in backups.")


def edit(keys_file: Path, purpose: str, change: Callable[[KeyRing, Purpose], KeyRing]) -> KeyRing:
    """Change the file's ring, and give the new one."""
    from identity.keyfile import edit_ring

    with exit_on(KeyRingError, ValueError):
        of = read_purpose(purpose)
        return edit_ring(keys_file, lambda ring: change(ring, of))


def draw() -> bytes:
    return os.urandom(rings.KEY_RANDOMNESS)


def read_purpose(text: str) -> Purpose:
    """Raises ValueError when it is none."""
    for purpose in rings.PURPOSES:
        if purpose == text:
            return purpose
    raise ValueError(f"{text!r} is not a purpose: there are {', '.join(rings.PURPOSES)}")


def read_change(purpose: Purpose, kid: str | None, retired_for: str | None) -> Callable[[KeyRing], KeyRing]:
    """Give the change that was asked for: just one of key and age. Raises ValueError where it cannot be meant."""
    if kid and not retired_for:
        return lambda ring: rings.destroy(ring, purpose, kid)
    if retired_for and not kid:
        before = datetime.now(UTC) - read_age(purpose, retired_for)
        return lambda ring: rings.destroy_retired(ring, purpose, before)
    raise ValueError("name one key (`clickrail keys list` shows them), or say --retired-for")


def read_age(purpose: Purpose, text: str) -> timedelta:
    """Read `48h` or `400d`. Raises ValueError when it is no age, or keys as young are still needed."""
    read = re.fullmatch(r"([0-9]{1,4})([hd])", text)
    if not read:
        raise ValueError(f"{text!r} is no age: hours or days, as in 48h or 400d")
    age = timedelta(hours=int(read[1]) * (24 if read[2] == "d" else 1))
    least = rings.LEAST_RETIRED[purpose]
    if least is None:
        raise ValueError(f"{purpose} keys are not destroyed by age, as values may come back after years: name one key")
    if age < least:
        raise ValueError(f"{purpose} keys are needed {least.days} days after they retired: name a key to do it earlier")
    return age
