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

keys = typer.Typer(
    help="The key ring: the secrets that seal cookies and addresses, sign click tokens and hash addresses.",
    no_args_is_help=True,
)

KeysFile = Annotated[Path, typer.Option(envvar="CLICKRAIL_KEYS_FILE", show_default=False, help="the key ring's file")]
OfPurpose = Annotated[str, typer.Argument(metavar="PURPOSE", help="cookie, token, ip_seal or ip_hash")]
Kid = Annotated[str, typer.Argument(metavar="KID", help="the key's two characters, as `keys list` shows them")]

DESTROY_EFFECTS: Final[dict[Purpose, str]] = {
    "cookie": "visitors whose cookie it sealed count as new: their next click has no previous click",
    "token": "click tokens made with it cannot be verified any more, and clicks of its test links count as real ones",
    "ip_seal": "addresses it sealed cannot be opened: a click that still waits in a journal or in clicks.raw, or is "
    "sent again from the dead letters, will have no country, city or hash",
    "ip_hash": "hashes made with it cannot be linked to an address, or to later clicks of the same visitor",
}
"""What is lost for good when a key of each purpose is destroyed."""


@keys.command()
def init(keys_file: KeysFile) -> None:
    """Make a key ring with one active key for each purpose. Never overwrites a file."""
    from identity.keyfile import create_ring

    with exit_on(KeyRingError):
        create_ring(keys_file, rings.init_ring(datetime.now(UTC), os.urandom(rings.RING_RANDOMNESS)))
    print(
        f"{keys_file}: created, readable by its owner only. Back it up: without it no cookie or address can be opened."
    )


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
    """Add a key and make it the active one. Services that read this file use it within a second.

    If other machines have copies of the file, do not rotate: `add`, copy the file, `activate`, copy it again.
    """
    ring = edit(keys_file, purpose, lambda ring, of: rings.rotate(ring, of, datetime.now(UTC), draw()))
    print(f"{purpose}: the new key {ring.keys[-1].kid} is active; what older keys made stays readable.")


@keys.command()
def add(purpose: OfPurpose, keys_file: KeysFile) -> None:
    """Add a key that is not used yet. Copy the file to every machine, then `activate` it. Prints the key's id."""
    kid = edit(keys_file, purpose, lambda ring, of: rings.add(ring, of, datetime.now(UTC), draw())).keys[-1].kid
    # In a pipe only the id, for scripts: `KID=$(clickrail keys add cookie)`.
    text = (
        f"{purpose}: key {kid} was added. Copy the file to every machine, then: clickrail keys activate {purpose} {kid}"
    )
    print(text if sys.stdout.isatty() else kid)


@keys.command()
def activate(purpose: OfPurpose, kid: Kid, keys_file: KeysFile) -> None:
    """Use a key for new values. Every machine must have the key already; copy the file to them again afterwards."""
    edit(keys_file, purpose, lambda ring, of: rings.activate(ring, of, kid, datetime.now(UTC)))
    print(f"{purpose}: {kid} is active; what the one before made stays readable.")


@keys.command()
def destroy(
    purpose: OfPurpose,
    keys_file: KeysFile,
    kid: Annotated[str | None, typer.Argument(metavar="KID", show_default=False, help="the one key to destroy")] = None,
    retired_for: Annotated[
        str | None,
        typer.Option(metavar="AGE", show_default=False, help="destroy all keys that retired so long ago: 48h, 400d"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="destroy the key; without it the command only says what would be lost")
    ] = False,
) -> None:
    """Remove a key's secret from the file for good: what it sealed can never be opened again (crypto-shredding).

    Give KID, or --retired-for. The active key is never destroyed.
    """
    from identity.keyfile import read_ring

    with exit_on(KeyRingError, ValueError):
        of = read_purpose(purpose)
        change = read_change(of, kid, retired_for)
        ring = read_ring(keys_file)
        gone = ", ".join(old.kid for old, new in zip(ring.keys, change(ring).keys, strict=True) if old != new)
        if gone and not yes:
            raise ValueError(
                f"nothing is destroyed yet. Without {of} key {gone}, {DESTROY_EFFECTS[of]}. Add --yes to destroy it"
            )
    if not gone:
        print(f"{purpose}: there is nothing to destroy.")
        return
    edit(keys_file, purpose, lambda ring, _of: change(ring))
    print(
        f"{purpose}: {gone} destroyed in this file. Replace its copies on other machines, and delete those in backups."
    )


def edit(keys_file: Path, purpose: str, change: Callable[[KeyRing, Purpose], KeyRing]) -> KeyRing:
    """Change the key ring in the file, and return the new one."""
    from identity.keyfile import edit_ring

    with exit_on(KeyRingError, ValueError):
        of = read_purpose(purpose)
        return edit_ring(keys_file, lambda ring: change(ring, of))


def draw() -> bytes:
    return os.urandom(rings.KEY_RANDOMNESS)


def read_purpose(text: str) -> Purpose:
    """Read a purpose. Raises ValueError for any other text."""
    for purpose in rings.PURPOSES:
        if purpose == text:
            return purpose
    raise ValueError(f"{text!r} is not a purpose of keys: use one of {', '.join(rings.PURPOSES)}")


def read_change(purpose: Purpose, kid: str | None, retired_for: str | None) -> Callable[[KeyRing], KeyRing]:
    """Return the change for a key id or an age. Raises ValueError unless exactly one of them is given."""
    if kid and not retired_for:
        return lambda ring: rings.destroy(ring, purpose, kid)
    if retired_for and not kid:
        before = datetime.now(UTC) - read_age(purpose, retired_for)
        return lambda ring: rings.destroy_retired(ring, purpose, before)
    raise ValueError("give either KID (`clickrail keys list` shows them) or --retired-for")


def read_age(purpose: Purpose, text: str) -> timedelta:
    """Read `48h` or `400d`. Raises ValueError for other texts, and if keys of this age are still needed."""
    read = re.fullmatch(r"([0-9]{1,4})([hd])", text)
    if not read:
        raise ValueError(f"{text!r} is not an age: give hours or days, such as 48h or 400d")
    age = timedelta(hours=int(read[1]) * (24 if read[2] == "d" else 1))
    least = rings.LEAST_RETIRED[purpose]
    if least is None:
        raise ValueError(
            f"{purpose} keys are not destroyed by age, because their values may come back after years: give KID"
        )
    if age < least:
        raise ValueError(
            f"{purpose} keys are needed for {least.days} days after they retired: give KID to destroy one earlier"
        )
    return age
