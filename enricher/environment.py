"""The only place of the enricher that opens things."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from enricher.click_facts import IpAddress
from enricher.facts.geo_files import GeoFiles
from enricher.facts.remote import NoRemoteFacts, RemoteFacts
from enricher.metrics import EnricherMetrics
from enricher.settings import Settings
from enricher.steps.agent import load_agent_reader
from enricher.steps.local import Lookups
from enricher.steps.referrer import load_referrer_reader
from identity.ip import IpHashKeys, IpSealKeys, hash_ip, open_ip
from identity.keyfile import WatchedKeyRing
from identity.keys import KeyRing, KeyRingError
from identity.verification import VerificationError
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import SettingsError
from runtime.kafka.producer import RecordProducer
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.metrics import make_registry
from runtime.process import clickrail_version
from runtime.task_scope import task_scope

log = structlog.get_logger()

GEO_EVERY_S: Final = 5.0


class WatchedGeo(Protocol):
    """Geo files, as far as the watch uses them."""

    @property
    def problems(self) -> Sequence[str]: ...

    def refresh(self) -> bool: ...


class Environment(msgspec.Struct, frozen=True):
    """What the enricher has open. `lookups` use the current key ring and the current geo files."""

    settings: Settings
    registry: CollectorRegistry
    metrics: EnricherMetrics
    kafka: KafkaSecurity
    producer: RecordProducer
    limit: DeadLetterLimit
    keys: "AddressKeys"
    lookups: Lookups
    remote_facts: RemoteFacts


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

    def _use(self, ring: KeyRing) -> None:
        self.seal, self.hash = IpSealKeys(ring), IpHashKeys(ring)


@asynccontextmanager
async def open_environment(settings: Settings) -> AsyncIterator[Environment]:
    """Open everything. Waits until the geo files are read, but for no server.

    Raises SettingsError when the key ring, or a file for TLS, cannot be used. A bad geo file is only reported.
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
    await refresh_geo(geo, metrics.geo_problems)
    producer = RecordProducer(settings.kafka_bootstrap_servers, client_id="clickrail-enricher", security=kafka)
    limit = DeadLetterLimit(settings.dead_letter_limit, "CLICKRAIL_ENRICHER_DEAD_LETTER_LIMIT")
    lookups = Lookups(
        open_ip=keys.open_ip,
        hash_ip=lambda packed: hash_ip(keys.hash, packed),
        locate=geo.locate,
        read_referrer=read_referrer,
        read_agent=read_agent,
    )
    async with task_scope(watch_geo(geo, metrics.geo_problems)):
        try:
            yield Environment(settings, registry, metrics, kafka, producer, limit, keys, lookups, NoRemoteFacts())
        finally:
            await producer.close()


async def watch_geo(geo: WatchedGeo, problems: Gauge, every_s: float = GEO_EVERY_S) -> None:
    """Refresh the geo files every few seconds, for ever. A round that fails is logged, and the next one is tried."""
    last_error = ""
    while True:
        await asyncio.sleep(every_s)
        try:
            await refresh_geo(geo, problems)
            last_error = ""
        except Exception as error:
            # The outermost frame of a round: neither a bad file nor a bug may stop the enricher.
            problems.set(max(1, len(geo.problems)))
            if repr(error) != last_error:
                last_error = repr(error)
                log.exception("geo files could not be refreshed")


async def refresh_geo(geo: WatchedGeo, problems: Gauge) -> None:
    before = geo.problems
    if await asyncio.to_thread(geo.refresh):
        log.info("geo database in use")
    problems.set(len(geo.problems))
    if geo.problems != before:
        for problem in geo.problems:
            log.error("geo database not in use", problem=problem)
