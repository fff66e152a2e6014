"""Request handlers of the page about the pipeline."""

from typing import Any, Final

from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.pipeline.ledger_watch import find_limit
from console.pipeline.report import name_version, write_line
from console.web.responses import reply
from runtime.errors import DependencyAway
from runtime.process import clickrail_version
from storage.read.ledger import GRACE

VARIES: Final = {"Vary": "HX-Request"}


async def show_pipeline(request: web.Request) -> web.Response:
    return reply(request, "pipeline/page.html", **await read_context(request.app[ENVIRONMENT]))


async def show_pipeline_part(request: web.Request) -> web.Response:
    response = reply(request, "pipeline/part.html", **await read_context(request.app[ENVIRONMENT]))
    response.headers.update(VARIES)
    return response


async def read_context(environment: Environment) -> dict[str, Any]:
    """Read what the page shows. What cannot be read is null, and its problem is said: the other half stays."""
    kafka, pipeline = environment.pipeline.kafka, environment.pipeline
    try:
        report, database_problem = await pipeline.report.get(), None
    except DependencyAway as error:
        report, database_problem = None, str(error)
    limit = find_limit(environment.now(), pipeline.waiting())
    return {
        "stages": {stage.stage: stage for stage in kafka.describe()},
        "topics": {topic.topic: topic for stage in kafka.describe() for topic in stage.topics},
        "kafka_problem": kafka.problem,
        "measured_at": kafka.measured_at,
        "brokers": kafka.brokers,
        "report": report,
        "database_problem": database_problem,
        "lines": [write_line(one, limit) for one in report.minutes] if report else [],
        "ledger": pipeline.ledger.report,
        "limit": limit,
        "grace_s": int(GRACE.total_seconds()),
        "versions": [(name_version(name), found) for name, found in report.versions.items()] if report else [],
        "clickrail": clickrail_version(),
    }
