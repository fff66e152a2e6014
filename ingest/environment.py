"""Opens everything ingest works with; nothing else in ingest opens files or connections."""

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
from ingest.http.admission import AdmissionControl
from ingest.http.overload_log import OverloadLog
from ingest.http.response import compute_location_cap
from ingest.journal.journal import Journal, JournalLimits, open_journal
from ingest.journal.metrics import JournalMetrics
from ingest.limits.factory import open_limits
from ingest.limits.gcra import make_limit
from ingest.limits.limits import LimitSettings
from ingest.limits.metrics import KeyMetrics, LimitMetrics
from ingest.live_keys import LiveKeys
from ingest.metrics import IngestMetrics, KeyRingMetrics, OverloadMetrics, QueueMetrics
from ingest.paced_queue import PacedQueue
from ingest.publisher import Publisher
from ingest.redirect import Delivery, Redirect
from ingest.request.context import Site
from ingest.settings import Settings
from ingest.traced_queue import TracedQueue
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_history import GetSigner
from referrals.metrics import LookupMetrics
from runtime.client_address import TrustedProxies, parse_networks
from runtime.errors import SettingsError
from runtime.kafka.partitioner import StickyPartitioner
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import read_security
from runtime.postgres_tls import check_tls_files
from runtime.process import clickrail_version
from runtime.redis_tls import check_redis_tls_files
from runtime.task_scope import task_scope
from runtime.tracing import open_tracing
from schemas import CLICKS_RAW, CLICKS_REJECTED
from urls.links import is_https

log = structlog.get_logger()


class Environment(msgspec.Struct, frozen=True):
    """Everything ingest works with."""

    settings: Settings
    registry: CollectorRegistry
    metrics: IngestMetrics
    lookup: Lookup
    redirect: Redirect
    publisher: Publisher
    journal: Journal
    admission: AdmissionControl
    overload_log: OverloadLog


@asynccontextmanager
async def open_environment(settings: Settings, registry: CollectorRegistry) -> AsyncIterator[Environment]:
    """Open everything without waiting for any server. On exit deliver what is possible within `flush_s`.

    Raises SettingsError when the key ring or a TLS file cannot be used.
    """
    kafka = read_security(settings)
    check_tls_files(settings.database_url.reveal())
    if settings.redis_url:
        check_redis_tls_files(settings.redis_url.reveal())
    site, keys, metrics = make_site(settings), LiveKeys(read_keys(settings)), IngestMetrics(registry)
    servers, has_clicks = settings.kafka_bootstrap_servers, asyncio.Event()
    # Nobody joins on clicks.raw, so large batches matter more than its keys: decision 11.
    clicks = RecordProducer(servers, client_id="clickrail-ingest", security=kafka, partitioner=StickyPartitioner())
    rejections = RecordProducer(servers, client_id="clickrail-ingest-rejections", security=kafka)
    # Each process has a folder named by its ULID, so no other process ever owns it. Ownerless folders are adopted.
    folder = Path(settings.data_dir) / JOURNAL
    journal = Journal(folder, site.process, make_journal_limits(settings), has_clicks.set, metrics.lose)
    admission = AdmissionControl(settings.most_wait_ms)
    OverloadMetrics(registry, admission)
    paced = PacedQueue(journal, lambda: admission.is_slowing_down(time.perf_counter_ns()))
    JournalMetrics(registry, journal)
    KeyRingMetrics(registry, lambda: keys.created_at)
    async with AsyncExitStack() as opening:
        opening.enter_context(closing(metrics.losses))
        tracing = await opening.enter_async_context(open_tracing(settings, "ingest", clickrail_version()))
        queue = TracedQueue(paced, tracing, site.raw_topic) if tracing else paced
        publisher = Publisher(clicks, queue, site.raw_topic, has_clicks, rejections, metrics.lose_rejections)
        QueueMetrics(registry, journal, publisher.oversized)
        for producer in (clicks, rejections):
            opening.push_async_callback(producer.close)
        lookup = await opening.enter_async_context(
            open_lookup(make_lookup_settings(settings, keys.signer), LookupMetrics(registry))
        )
        limits = await opening.enter_async_context(
            open_limits(make_limit_settings(settings), keys.ip_hash, LimitMetrics(registry))
        )
        KeyMetrics(registry, limits)
        await opening.enter_async_context(open_journal(journal))
        redirect = Redirect(site, keys, lookup, limits, Delivery(journal, publisher), metrics)
        await opening.enter_async_context(task_scope(journal.run(), publisher.run(), keys.keep_fresh()))
        opening.push_async_callback(drain_or_count, publisher, metrics, settings.flush_s)
        yield Environment(settings, registry, metrics, lookup, redirect, publisher, journal, admission, OverloadLog())


async def drain_or_count(publisher: Publisher, metrics: IngestMetrics, seconds: float) -> None:
    """Wait at most `seconds` for Kafka. Undelivered clicks stay in the journal; undelivered rejections are lost."""
    metrics.lose_rejections("stopped", await publisher.drain(seconds))


def make_journal_limits(settings: Settings) -> JournalLimits:
    return JournalLimits(sync_s=settings.sync_ms / 1000)


def make_limit_settings(settings: Settings) -> LimitSettings:
    return LimitSettings(
        client=make_limit(settings.client_rate_per_s, settings.client_burst),
        code=make_limit(settings.code_rate_per_s, settings.code_burst),
        redis_url=settings.redis_url.reveal() if settings.redis_url else None,
        redis_prefix=settings.redis_prefix,
    )


def make_site(settings: Settings) -> Site:
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
        location_cap=compute_location_cap(settings.redirect_cap),
    )


def make_lookup_settings(settings: Settings, get_signer: GetSigner) -> LookupSettings:
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
