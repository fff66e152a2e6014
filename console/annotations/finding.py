"""Finds what is drawn beside the numbers of a view: what people wrote, and what happened.

Shared pages show nothing that somebody wrote, no name of a person, code or affiliate, and nothing about keys: only, in
fixed words, outages, losses, and changes of what the link's own filter names.
"""

from itertools import chain

import msgspec

from console.annotations.automatic import Automatic
from console.annotations.changes import read_changes
from console.annotations.key_rotations import write_rotations
from console.annotations.marks import Note, list_notes
from console.annotations.outages import read_outages, write_missing
from console.annotations.table import list_annotations
from console.environment import Environment
from console.view.ranges import Today
from console.view.view import View
from storage.read.asking.question import Span, locate
from storage.read.queries import Reader


async def find_notes(environment: Environment, reader: Reader, view: View, today: Today) -> list[Note]:
    """Find the notes of a view, the oldest first. Raises asyncpg's errors."""
    span = locate(view.find_range(today), today.zone)
    own = await list_annotations(reader, span, view)
    return list_notes(own, await find_automatic(environment, reader, view, span), span, today.zone)


async def find_automatic(environment: Environment, reader: Reader, view: View, span: Span) -> list[Automatic]:
    """Find what happened in a range. Raises asyncpg's errors."""
    keys = environment.token_keys.list_keys() if environment.token_keys is not None else ()
    return [
        *await read_changes(reader, view, span, is_shared=False),
        *await read_outages(reader, span),
        *write_missing(environment.pipeline.ledger.report, span),
        *write_rotations(keys),
    ]


async def find_shared_notes(reader: Reader, view: View, today: Today) -> list[Note]:
    """Find the notes that a link without a login may show. Raises asyncpg's errors."""
    span = locate(view.find_range(today), today.zone)
    found = chain(await read_changes(reader, view, span, is_shared=True), await read_outages(reader, span))
    public = [msgspec.structs.replace(one, text=one.public, program="") for one in found if one.public]
    return list_notes((), public, span, today.zone)
