"""The only place of the settler that opens things."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from quality.rules_file import RulesFile
from runtime.metrics import make_registry
from runtime.postgres_tls import check_tls_files
from runtime.process import clickrail_version
from settler.metrics import SettlerMetrics
from settler.settings import Settings


class Environment(msgspec.Struct, frozen=True):
    """What the settler has open. Connections to PostgreSQL are made when they are needed."""

    settings: Settings
    registry: CollectorRegistry
    metrics: SettlerMetrics
    rules: RulesFile


@asynccontextmanager
async def open_environment(settings: Settings) -> AsyncIterator[Environment]:
    """Open everything. Raises SettingsError when a file for TLS cannot be used."""
    check_tls_files(settings.database_url.reveal())
    registry = make_registry("settler", clickrail_version())
    rules = RulesFile(Path(settings.quality_rules) if settings.quality_rules else None)
    yield Environment(settings, registry, SettlerMetrics(registry), rules)
