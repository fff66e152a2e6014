"""The kinds of jobs: replay of dead letters, and erasure, first as a plan."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, get_args

import msgspec

from console.jobs.failures import JobFailed
from console.jobs.runner import Proceed, Work
from console.jobs.table import Job
from console.settings import Settings
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import read_security
from schemas import TOPICS
from storage.erasure.erasing import erase
from storage.erasure.plan import NothingFound, plan_erasure
from storage.erasure.request import Asked, ErasureReport, ErasureRequest
from storage.letter_states import LetterFilters
from storage.replay import replay

ASKED: Final = get_args(Asked)


def make_works(settings: Settings) -> Mapping[str, Work]:
    """Give the work of each kind."""
    return {"replay": partial(replay_letters, settings), "erasure_plan": plan, "erasure": erase_for_real}


async def replay_letters(settings: Settings, connection: Any, job: Job, proceed: Proceed) -> str:
    """Send dead letters again. The producer is opened for this job only. Raises DeliveryFailed."""
    filters = msgspec.convert(job.parameters["filters"], LetterFilters, strict=False)
    topics = [settings.kafka_topic_prefix + topic.name for topic in TOPICS]
    producer = RecordProducer(
        settings.kafka_bootstrap_servers, client_id="clickrail-console-replay", security=read_security(settings)
    )
    try:
        done = await replay(
            connection, producer, filters, topics, again=bool(job.parameters.get("again")), proceed=proceed
        )
    finally:
        await producer.close()
    if done.refused:
        raise JobFailed(
            f"{done.sent:,} sent; {len(done.refused):,} refused by their topic, such as {done.refused[0]}:"
            " raise max.message.bytes of the topic, then replay again. Nothing is sent twice."
        )
    return f"{done.sent:,} {'letter' if done.sent == 1 else 'letters'} sent again"


def read_erasure(job: Job) -> ErasureRequest:
    return msgspec.convert(job.parameters, ErasureRequest)


async def plan(connection: Any, job: Job, _: Proceed) -> str:
    """Say what an erasure would change; changes nothing."""
    try:
        return f"Would be erased: {describe(await plan_erasure(connection, read_erasure(job)))}"
    except NothingFound:
        raise JobFailed(
            "Nothing has this id or hash: it may be mistyped, still on its way, or erased already"
        ) from None


async def erase_for_real(connection: Any, job: Job, _: Proceed) -> str:
    """Erase. An erasure that was interrupted is continued by the next one."""
    try:
        report = await erase(connection, read_erasure(job))
    except NothingFound:
        raise JobFailed(
            "Nothing has this id or hash: it may be mistyped, still on its way, or erased already"
        ) from None
    return f"Erased: {describe(report)}. Redis forgets its part by itself, as its keys expire."


def describe(report: ErasureReport) -> str:
    if report.erased_at is not None:
        return f"nothing, it was erased on {report.erased_at:%Y-%m-%d %H:%M} UTC"
    counts = {"clicks": report.clicks, "rejections": report.rejections, "dead letters": report.letters}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
