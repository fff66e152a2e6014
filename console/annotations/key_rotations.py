"""Key rotations, from the key ring's file, if the console has it."""

from typing import Final

from console.annotations.automatic import Automatic
from identity.keys import Key, Purpose

WORDS: Final[dict[Purpose, str]] = {
    "cookie": "The cookie key was replaced",
    "token": "The key of click tokens was replaced",
    "ip_seal": "The key that seals addresses was replaced",
    "ip_hash": "The key that hashes addresses was replaced: who has no cookie counts as new once",
}


def write_rotations(keys: tuple[Key, ...]) -> list[Automatic]:
    """Say when a key was replaced by another one. Shared pages say nothing of keys."""
    return [
        Automatic(at=key.retired_at, kind="keys", text=WORDS[key.purpose]) for key in keys if key.retired_at is not None
    ]
