"""The only place of the enricher that opens things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter

from enricher.click_facts import IpAddress
from enricher.facts.eviction_watch import EvictionWatch
from enricher.facts.geo_files import GeoFiles
from enricher.facts.network_files import NetworkFiles
from enricher.facts.network_package import load_package
from enricher.facts.redis_facts import RedisFacts, TimeLimits
from enricher.facts.redis_store import RedisStore
from enricher.facts.remote import NoRemoteFacts, RemoteFacts
from enricher.file_watch import FileWatch, refresh_files, watch_files
from enricher.metrics import EnricherMetrics
from enricher.settings import Settings
from enricher.steps.agent import load_agent_reader
from enricher.steps.local import Lookups
from enricher.steps.referrer import load_referrer_reader
from identity.ip import IpHashKey, IpHashKeys, IpSealKeys, open_ip
from identity.keyfile import WatchedKeyRing
from identity.keys import KeyRing, KeyRingError
from identity.verification import VerificationError
from quality.rules_file import RulesFile
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import SettingsError
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.metrics import make_registry
from runtime.process import clickrail_version
from runtime.redis import connect_redis
from runtime.redis_tls import check_redis_tls_files
from runtime.task_scope import task_scope
from runtime.tracing import Tracing, open_tracing

log = structlog.get_logger()

SOCKET_S: Final = 5.0


class Environment(msgspec.Struct, frozen=True):
    """What the enricher has open. `lookups` use the current key ring and the current geo files.

    `rules.rules` are those of the current rules file.
    """

    settings: Settings
    registry: CollectorRegistry
    metrics: EnricherMetrics
    kafka: KafkaSecurity
    producer: RecordProducer
    limit: DeadLetterLimit
    keys: "AddressKeys"
    lookups: Lookups
    remote_facts: RemoteFacts
    rules: RulesFile
    tracing: Tracing | None = None


class AddressKeys:
    """The keys of the current ring that open and hash addresses. Addresses they cannot open are counted."""

    def __init__(self, path: str, unopened: Counter) -> None:
        self._unopened = unopened
        self._watched = WatchedKeyRing(
            Path(path), self._use, on_fault=lambda error: log.error("key ring refused", error=str(error))
        )
        self._use(self._watched.ring)

    def refresh(self) -> None:
        """Use the ring on disk if it has changed. Called before each batch, which may be sealed with a new key."""
        self._watched.refresh()

    def open_ip(self, sealed: str, click_id: str) -> IpAddress | VerificationError:
        opened = open_ip(self.seal, sealed, click_id)
        if isinstance(opened, VerificationError):
            self._unopened.labels(opened.reason).inc()
        return opened

    def find_hash_key(self, time: datetime) -> IpHashKey:
        return self.hash.at(time)

    def _use(self, ring: KeyRing) -> None:
        self.seal, self.hash = IpSealKeys(ring), IpHashKeys(ring)


@asynccontextmanager
async def open_environment(settings: Settings) -> AsyncIterator[Environment]:
    """Open everything. Waits until the geo files are read, but for no server.

    Raises SettingsError when the key ring, or a file for TLS, cannot be used. A bad geo or rules file is only reported.
    """
    registry = make_registry("enricher", clickrail_version())
    metrics = EnricherMetrics(registry)
    kafka = read_security(settings)
    try:
        keys = AddressKeys(settings.keys_file, metrics.unopened)
    except KeyRingError as error:
        raise SettingsError(f"CLICKRAIL_KEYS_FILE: {error}") from error
    read_agent, read_referrer = load_agent_reader(), load_referrer_reader()
    geo = GeoFiles([Path(path) for path in settings.geo_databases])
    networks = open_networks(settings)
    rules = RulesFile(Path(settings.quality_rules) if settings.quality_rules else None)
    metrics.database_built.labels("city").set_function(lambda: geo.oldest_build)
    metrics.database_built.labels("network").set_function(lambda: networks.oldest_build)
    watches = [
        FileWatch("geo database", geo, metrics.geo_problems),
        FileWatch("networks", networks, metrics.network_problems),
        FileWatch("quality rules", rules, metrics.rules_problems),
    ]
    for watch in watches:
        await refresh_files(watch)
    producer = RecordProducer(settings.kafka_bootstrap_servers, client_id="clickrail-enricher", security=kafka)
    limit = DeadLetterLimit(settings.dead_letter_limit, "CLICKRAIL_ENRICHER_DEAD_LETTER_LIMIT")
    lookups = Lookups(
        open_ip=keys.open_ip,
        find_hash_key=keys.find_hash_key,
        locate=geo.locate,
        find_network=networks.find,
        read_referrer=read_referrer,
        read_agent=read_agent,
    )
    async with (
        open_remote_facts(settings, metrics) as remote_facts,
        open_tracing(settings, "enricher", clickrail_version()) as tracing,
        task_scope(watch_files(watches)),
    ):
        try:
            yield Environment(
                settings=settings,
                registry=registry,
                metrics=metrics,
                kafka=kafka,
                producer=producer,
                limit=limit,
                keys=keys,
                lookups=lookups,
                remote_facts=remote_facts,
                rules=rules,
                tracing=tracing,
            )
        finally:
            await producer.close()


def open_networks(settings: Settings) -> NetworkFiles:
    package = load_package()
    databases = [Path(path) for path in settings.network_databases]
    return NetworkFiles(databases, settings.network_lists, [] if package is None else [package])


@asynccontextmanager
async def open_remote_facts(settings: Settings, metrics: EnricherMetrics) -> AsyncIterator[RemoteFacts]:
    """Open Redis, if one is set. Waits for no server."""
    if settings.redis_url is None:
        yield NoRemoteFacts(metrics.not_judged)
        return
    url = settings.redis_url.reveal()
    check_redis_tls_files(url)
    limits = TimeLimits(settings.redis_deadline_ms / 1000)
    # A batch has its own deadline; this one ends what nobody waits for any more.
    client = connect_redis(url, limits.deadline_s + SOCKET_S)
    watched = EvictionWatch(client, metrics)
    async with task_scope(watched.run()):
        try:
            yield RedisFacts(RedisStore(client, settings.redis_prefix), metrics, watched, limits)
        finally:
            await client.aclose()
