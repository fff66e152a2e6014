"""The only place of ingest that opens things."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from identity.keyfile import WatchedKeyRing
from identity.keys import KeyRingError
from identity.ulid import RANDOM_BYTES, make_ulid
from ingest.data_folder import JOURNAL
from ingest.http.response import room_for_location
from ingest.journal.journal import Journal, opened
from ingest.journal.journal import Limits as JournalLimits
from ingest.journal.metrics import JournalMetrics
from ingest.limits.factory import open_limits
from ingest.limits.gcra import make_limit
from ingest.limits.limits import LimitSettings
from ingest.limits.metrics import KeyMetrics, LimitMetrics
from ingest.live_keys import LiveKeys
from ingest.metrics import IngestMetrics, QueueMetrics
from ingest.publisher import Publisher
from ingest.redirect import Delivery, Redirect
from ingest.request.context import Site
from ingest.settings import Settings
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_history import GetSigner
from referrals.metrics import LookupMetrics
from runtime.client_address import TrustedProxies, parse_networks
from runtime.errors import SettingsError
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import read_security
from runtime.postgres import check_tls_files
from runtime.redis_tls import check_redis_tls_files
from runtime.task_scope import task_scope
from schemas import CLICKS_RAW, CLICKS_REJECTED
from urls.links import is_https

log = structlog.get_logger()


class Environment(msgspec.Struct, frozen=True):
    """What ingest works with."""

    settings: Settings
    registry: CollectorRegistry
    metrics: IngestMetrics
    lookup: Lookup
    redirect: Redirect
    publisher: Publisher
    journal: Journal


@asynccontextmanager
async def open_environment(settings: Settings, registry: CollectorRegistry) -> AsyncIterator[Environment]:
    """Open everything; wait for no server. Leaving delivers what it can before the deadline of the settings.

    Raises SettingsError when the key ring, or a file for TLS, cannot be used.
    """
    kafka = read_security(settings)
    check_tls_files(settings.database_url.reveal())
    if settings.redis_url:
        check_redis_tls_files(settings.redis_url.reveal())
    site, keys, metrics = site_of(settings), LiveKeys(read_keys(settings)), IngestMetrics(registry)
    servers, some_clicks = settings.kafka_bootstrap_servers, asyncio.Event()
    clicks = RecordProducer(servers, client_id="clickrail-ingest", security=kafka)
    rejections = RecordProducer(servers, client_id="clickrail-ingest-rejections", security=kafka)
    # A folder for each process, by its ULID: a successor never finds its own taken, and adopts those nobody owns.
    folder = Path(settings.data_dir) / JOURNAL
    journal = Journal(folder, site.process, journal_limits(settings), some_clicks.set, metrics.lose)
    publisher = Publisher(clicks, journal, site.raw_topic, some_clicks, rejections, metrics.lose_rejections)
    JournalMetrics(registry, journal)
    QueueMetrics(registry, journal, publisher.oversized)
    async with AsyncExitStack() as opening:
        opening.enter_context(closing(metrics.losses))
        for producer in (clicks, rejections):
            opening.push_async_callback(producer.close)
        lookup = await opening.enter_async_context(
            open_lookup(lookup_settings(settings, keys.signer), LookupMetrics(registry))
        )
        limits = await opening.enter_async_context(
            open_limits(limit_settings(settings), keys.ip_hash, LimitMetrics(registry))
        )
        KeyMetrics(registry, limits)
        await opening.enter_async_context(opened(journal))
        redirect = Redirect(site, keys, lookup, limits, Delivery(journal, publisher), metrics)
        await opening.enter_async_context(task_scope(journal.run(), publisher.run(), keys.follow()))
        opening.push_async_callback(drain_or_count, publisher, metrics, settings.flush_s)
        yield Environment(settings, registry, metrics, lookup, redirect, publisher, journal)


async def drain_or_count(publisher: Publisher, metrics: IngestMetrics, seconds: float) -> None:
    """Wait until Kafka has everything, at most so long. Clicks stay in the journal; lost rejections are counted."""
    metrics.lose_rejections("stopped", await publisher.drain(seconds))


def journal_limits(settings: Settings) -> JournalLimits:
    return JournalLimits(sync_s=settings.sync_ms / 1000)


def limit_settings(settings: Settings) -> LimitSettings:
    return LimitSettings(
        client=make_limit(settings.client_rate_per_s, settings.client_burst),
        code=make_limit(settings.code_rate_per_s, settings.code_burst),
        redis_url=settings.redis_url.reveal() if settings.redis_url else None,
        redis_prefix=settings.redis_prefix,
    )


def site_of(settings: Settings) -> Site:
    prefix = settings.kafka_topic_prefix
    return Site(
        region=settings.region,
        process=make_ulid(time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES)),
        https=is_https(settings.public_url),
        fallback_url=settings.fallback_url,
        refuses_prefetch=settings.prefetch == "refuse",
        proxies=TrustedProxies(parse_networks(settings.trusted_proxies), settings.forwarded_header),
        raw_topic=prefix + CLICKS_RAW.name,
        rejected_topic=prefix + CLICKS_REJECTED.name,
        room=room_for_location(settings.redirect_cap),
    )


def lookup_settings(settings: Settings, get_signer: GetSigner) -> LookupSettings:
    return LookupSettings(
        get_signer=get_signer,
        database_url=settings.database_url.reveal(),
        redis_url=settings.redis_url.reveal() if settings.redis_url else None,
        redis_prefix=settings.redis_prefix,
        snapshot_dir=str(Path(settings.data_dir) / "snapshot"),
        postgres_timeout_s=settings.postgres_timeout_ms / 1000,
    )


def read_keys(settings: Settings) -> WatchedKeyRing:
    try:
        return WatchedKeyRing(
            Path(settings.keys_file), on_fault=lambda error: log.error("key ring refused", error=str(error))
        )
    except KeyRingError as error:
        raise SettingsError(f"CLICKRAIL_KEYS_FILE: {error}") from error
