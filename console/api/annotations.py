"""`/api/v1/annotations`: what explains a step in a chart, written by somebody or there by itself."""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from console.annotations.automatic import Automatic, Kind
from console.annotations.finding import find_automatic
from console.annotations.handlers import HAS, LAST, LONGEST
from console.annotations.table import (
    Annotation,
    NewAnnotation,
    add_annotation,
    find_annotation,
    list_annotations,
    remove_annotation,
)
from console.api.answers import answer_json
from console.api.endpoints import Endpoint, Parameter
from console.api.requests import BadRequest, read_body, read_strict_view
from console.audit.log import actor_of
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.view.filters import is_storable
from console.view.today import read_today
from console.web.numbers import read_whole
from storage.read.asking.question import Moment, locate, locate_moment
from storage.read.queries import QUERY_S, Connection

CREATED: Final = 201
NO_CONTENT: Final = 204
EARLIEST: Final = date(1970, 1, 2)
LATEST: Final = date(9990, 1, 1)


class AnnotationFound(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation of a `day` of the reporting zone or of a moment (`at`). Without an id, nobody wrote it.

    `program` is a program's name, and `program_id` that of one that somebody chose; null: all programs.
    """

    annotation_id: int | None
    kind: Kind | Literal["own"]
    day: date | None
    at: datetime | None
    text: str
    program: str | None
    program_id: str | None = None
    written_by: str | None = None
    written_at: datetime | None = None


class Annotations(msgspec.Struct, frozen=True):
    """Those of a range, the oldest first."""

    annotations: list[AnnotationFound]


class AnnotationToAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text about a `day` of the reporting zone, or about a moment (`at`), of one program or of all."""

    text: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    day: date | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    program_id: str | None = None


async def show_list(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    view = read_strict_view(request.query, ())

    async def read(reader: Connection) -> Annotations:
        today = await read_today(reader, environment.now())
        span = locate(view.find_range(today), today.zone)
        own = [
            (locate_moment(one.when, today.zone), describe_own(one))
            for one in await list_annotations(reader, span, view)
        ]
        automatic = [(one.at, describe_automatic(one)) for one in await find_automatic(environment, reader, view, span)]
        found = [(at, one) for at, one in (*own, *automatic) if span.begin <= at < span.end]
        return Annotations([one for _, one in sorted(found, key=lambda each: each[0])])

    return answer_json(await environment.database.read(read))


def describe_own(one: Annotation) -> AnnotationFound:
    day, at = (None, one.when) if isinstance(one.when, datetime) else (one.when, None)
    return AnnotationFound(
        annotation_id=one.annotation_id,
        kind="own",
        day=day,
        at=at,
        text=one.text,
        program=one.program,
        program_id=one.program_id,
        written_by=one.written_by,
        written_at=one.written_at,
    )


def describe_automatic(one: Automatic) -> AnnotationFound:
    return AnnotationFound(
        annotation_id=None, kind=one.kind, day=None, at=one.at, text=one.text, program=one.program or None
    )


async def add_one(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    asked = await read_body(request, AnnotationToAdd)
    new = NewAnnotation(when=read_when(asked), text=asked.text.strip(), program_id=asked.program_id)
    if not new.text or not is_storable(new.text):
        raise BadRequest(f"text must have 1 to {LONGEST} characters that can be stored", "refused", 422)
    if new.program_id is not None and not await has_program(environment, new.program_id):
        raise BadRequest(f"there is no program {new.program_id}", "unknown_program", 422)
    now, actor = environment.now(), actor_of(request[SESSION])
    number = await environment.accounts.write(lambda connection: add_annotation(connection, new, actor, now))
    return answer_json(await find(environment, number), CREATED)


def read_when(asked: AnnotationToAdd) -> Moment:
    """Read the day or the moment: one of both. Raises BadRequest."""
    if asked.day is not None and asked.at is None and EARLIEST <= asked.day < LATEST:
        return asked.day
    if asked.at is not None and asked.day is None and EARLIEST <= asked.at.date() < LATEST:
        return asked.at.astimezone(UTC)
    raise BadRequest("give a day or a time (at), one of both, from 1970 on", "refused", 422)


async def has_program(environment: Environment, program_id: str) -> bool:
    if not is_storable(program_id):
        return False
    return bool(await environment.database.read(lambda reader: reader.fetchval(HAS, program_id, timeout=QUERY_S)))


async def find(environment: Environment, number: int) -> AnnotationFound:
    """Find an annotation. Raises BadRequest."""
    found = await environment.accounts.read(lambda reader: find_annotation(reader, number))
    if found is None:
        raise BadRequest(f"there is no annotation {number}", "unknown_annotation", 404)
    return describe_own(found)


async def remove_one(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    text = request.match_info["annotation_id"]
    number, now, actor = read_whole(text, 1, LAST), environment.now(), actor_of(request[SESSION])
    if number is None or not await environment.accounts.write(
        lambda connection: remove_annotation(connection, number, actor, now)
    ):
        raise BadRequest(f"there is no annotation {text}", "unknown_annotation", 404)
    return web.Response(status=NO_CONTENT)


OF_RANGE: Final = (
    Parameter("range", "a range by name; `custom` takes `from` and `to`"),
    Parameter("from", "the first day, or a time with its zone", example="2026-11-01"),
    Parameter("to", "the last day, which is included, or a time with its zone", example="2026-11-30"),
    *(
        Parameter(f"f.{field}", f"only what is about these: `is:`, `not:` or `has:` and ids of a {field} with commas")
        for field in ("program", "affiliate", "code")
    ),
)
ANNOTATIONS: Final = (
    Endpoint(
        method="GET",
        path="/annotations",
        handler=show_list,
        name="listAnnotations",
        summary="List what explains the numbers of a range: what was written, and changes, outages and losses",
        answer=Annotations,
        parameters=OF_RANGE,
        statuses=(400,),
    ),
    Endpoint(
        method="POST",
        path="/annotations",
        handler=add_one,
        name="addAnnotation",
        summary="Write an annotation",
        answer=AnnotationFound,
        needs="edit",
        body=AnnotationToAdd,
        status=CREATED,
        statuses=(400, 404, 413, 415, 422),
    ),
    Endpoint(
        method="DELETE",
        path="/annotations/{annotation_id}",
        handler=remove_one,
        name="removeAnnotation",
        summary="Remove an annotation that somebody wrote",
        answer=None,
        needs="edit",
        status=NO_CONTENT,
        statuses=(404,),
    ),
)
