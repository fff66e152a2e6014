"""The only place of the console that opens things."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import jinja2
import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from console.assets import Assets, load_assets
from console.attempts import Attempts
from console.broadcast import Broadcast
from console.database import Database, open_database
from console.live import LiveStream
from console.metrics import ConsoleMetrics
from console.overview import Overview, read_overview
from console.recall import Recall
from console.rendering import open_templates
from console.sessions import Sessions
from console.settings import Settings
from runtime.metrics import make_registry
from runtime.process import clickrail_version


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What the console works with. `now` gives the time, aware."""

    settings: Settings
    now: Callable[[], datetime]
    registry: CollectorRegistry
    metrics: ConsoleMetrics
    database: Database
    broadcast: Broadcast
    live: LiveStream
    overview: Recall[Overview]
    sessions: Sessions
    attempts: Attempts
    assets: Assets
    templates: jinja2.Environment


ENVIRONMENT: Final = web.AppKey("environment", Environment)


def read_clock() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_environment(settings: Settings) -> AsyncIterator[Environment]:
    """Nothing in here waits for a server: Kafka and PostgreSQL are met by tasks that go on trying.

    Raises SettingsError when a file for TLS cannot be used.
    """
    registry = make_registry("console", clickrail_version())
    metrics = ConsoleMetrics(registry)
    broadcast = Broadcast(secrets.token_hex(4), metrics)
    live = LiveStream(settings, broadcast, metrics)
    secret = settings.session_secret.reveal() if settings.session_secret else secrets.token_hex()
    assets = load_assets()
    async with open_database(settings.database_url) as database, background(live.run(), database.watch()):
        yield Environment(
            settings=settings,
            now=read_clock,
            registry=registry,
            metrics=metrics,
            database=database,
            broadcast=broadcast,
            live=live,
            overview=Recall(lambda: read_overview(database, read_clock())),
            sessions=Sessions(secret, settings.password.reveal()),
            attempts=Attempts(),
            assets=assets,
            templates=open_templates(assets),
        )


@asynccontextmanager
async def background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the work while the context is open. What it raises ends the context."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in work]
        yield
        for task in tasks:
            task.cancel()
