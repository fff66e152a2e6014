"""The only place of the console that opens things."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jinja2
import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from console.analytics.large_counts import LargeCounts
from console.auth.login_parts import Login, make_login, read_password, store_logins
from console.auth.oidc.provider import Provider, open_provider
from console.auth.oidc.settings import read_oidc
from console.auth.passwords import OWASP_COST, GuessCost, Passwords
from console.database import CONNECTING, Database, open_database
from console.jobs.csv_files import make_file_works
from console.jobs.kinds import make_works
from console.jobs.runner import JobRunner
from console.live.broadcast import Broadcast
from console.live.consumer import LiveStream
from console.metrics import ConsoleMetrics
from console.pages.overview import Overview, read_overview
from console.pipeline.watches import Pipeline, open_pipeline
from console.settings import Settings
from console.token_keys import LiveTokenKeys, open_token_keys
from console.web.addresses import Base, read_base
from console.web.assets import Assets, load_assets
from console.web.cached_query import CachedQuery
from console.web.rendering import open_templates
from referrals.windows import CachedWindows
from runtime.client_address import TrustedProxies, parse_networks
from runtime.metrics import make_registry
from runtime.postgres_tls import check_tls_files
from runtime.process import clickrail_version
from runtime.task_scope import task_scope


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the console has opened. `now` gives an aware time; `accounts` is the login's writable database.

    `importing` is held by an import, which may have one of its two connections for minutes.
    `oidc` is the provider with which people may log in, or null.
    """

    settings: Settings
    now: Callable[[], datetime]
    registry: CollectorRegistry
    metrics: ConsoleMetrics
    database: Database
    broadcast: Broadcast
    live: LiveStream
    overview: CachedQuery[Overview]
    accounts: Database
    login: Login
    oidc: Provider | None
    proxies: TrustedProxies
    base: Base
    assets: Assets
    templates: jinja2.Environment
    token_keys: LiveTokenKeys | None
    windows: CachedWindows
    large_counts: LargeCounts
    pipeline: Pipeline
    importing: asyncio.Lock

    def login_problem(self) -> str | None:
        """Say why nobody can log in now; null if they can, or if that is not known yet."""
        return None if self.accounts.problem == CONNECTING else self.accounts.problem


ENVIRONMENT: Final = web.AppKey("environment", Environment)


def read_clock() -> datetime:
    return datetime.now(UTC)


class Servers(msgspec.Struct, frozen=True):
    """What is opened and closed: pools of connections, one of which writes, the watches on the pipeline, a provider."""

    database: Database
    accounts: Database
    pipeline: Pipeline
    oidc: Provider | None


@asynccontextmanager
async def open_environment(settings: Settings, guess_cost: GuessCost = OWASP_COST) -> AsyncIterator[Environment]:
    """Open everything without waiting for a server: background tasks connect to Kafka and PostgreSQL and keep trying.

    Raises SettingsError if a TLS file or the key ring cannot be used, or a package is missing.
    """
    url = settings.database_url
    check_tls_files(url.reveal())
    registry = make_registry("console", clickrail_version())
    metrics = ConsoleMetrics(registry)
    passwords = await asyncio.to_thread(read_password, settings, guess_cost)
    async with (
        open_database(url) as database,
        open_database(url, writable=True) as accounts,
        open_pipeline(settings, database, metrics, read_clock) as pipeline,
        open_provider(read_oidc(settings)) as oidc,
    ):
        servers = Servers(database, accounts, pipeline, oidc)
        environment = make_environment(settings, registry, metrics, servers, passwords)
        async with task_scope(*list_work(environment)):
            yield environment


def make_environment(
    settings: Settings, registry: CollectorRegistry, metrics: ConsoleMetrics, servers: Servers, passwords: Passwords
) -> Environment:
    broadcast = Broadcast(secrets.token_hex(4), metrics)
    database = servers.database
    return Environment(
        settings=settings,
        now=read_clock,
        registry=registry,
        metrics=metrics,
        database=database,
        accounts=servers.accounts,
        pipeline=servers.pipeline,
        broadcast=broadcast,
        live=LiveStream(settings, broadcast, metrics),
        overview=CachedQuery(lambda: read_overview(database, read_clock())),
        oidc=servers.oidc,
        login=make_login(passwords, store_logins(servers.accounts)),
        proxies=TrustedProxies(parse_networks(settings.trusted_proxies), settings.forwarded_header),
        token_keys=open_token_keys(settings.keys_file),
        windows=CachedWindows(),
        large_counts=LargeCounts(),
        importing=asyncio.Lock(),
        **load_pages(settings),
    )


def load_pages(settings: Settings) -> dict[str, Any]:
    base = read_base(settings.url)
    assets, templates = load_files(base)
    return {"base": base, "assets": assets, "templates": templates}


@cache
def load_files(base: Base) -> tuple[Assets, jinja2.Environment]:
    """Load static files and templates, once a process: a template is compiled when it is first used."""
    assets = load_assets()
    return assets, open_templates(assets, base)


def list_work(environment: Environment) -> list[Coroutine[object, object, None]]:
    settings, url = environment.settings, environment.settings.database_url
    return [
        *([environment.oidc.watch()] if environment.oidc else []),
        environment.live.run(),
        environment.database.watch(),
        environment.login.sessions.run_cleanup(read_clock),
        JobRunner(url, make_works(settings)).run(),
        JobRunner(url, make_file_works(url, settings.files_mb), "files").run(),
    ]
