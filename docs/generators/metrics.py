"""`docs/metrics.md`, from the registries of the services: constructed, or opened where no server is waited for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from console.metrics import ConsoleMetrics
from docs.generators.settings import table
from enricher.metrics import EnricherMetrics
from ingest.http.admission import AdmissionControl
from ingest.journal.journal import Journal, JournalLimits
from ingest.journal.metrics import JournalMetrics
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.metrics import KeyMetrics, LimitMetrics
from ingest.metrics import IngestMetrics, KeyRingMetrics, OverloadMetrics, QueueMetrics
from ingest.supervisor.status import METRICS as METRICS_OF_SUPERVISOR
from referrals.metrics import LookupMetrics
from runtime.health import ReadinessMetrics
from runtime.metrics import make_registry
from settler.metrics import SettlerMetrics
from sink.metrics import SinkMetrics

VERSION: Final = "0"
SUFFIXES: Final = MappingProxyType({"counter": "_total", "histogram": "_bucket", "info": "_info"})

INTRODUCTION: Final = """\
# Metrics

Every service serves its metrics at `/metrics` of its private port (ingest 9100, enricher 9120, sink 9130, settler 9150,
console 9140; on 127.0.0.1 unless set otherwise), in Prometheus' text format. With several workers, 9100 is their
supervisor's, and each worker's own metrics are at 9101 and the ports after it. Labels are bounded: never a code, never
an address. A histogram has `_sum` and `_count` beside its `_bucket`; times are in seconds.

What to watch first:

- `clickrail_clicks_lost_total` of any service: it should stay at 0. Its `reason` says what happened. What a process
  left in a damaged journal and no other can read is in `clickrail_journal_damaged_records_total`.
- `clickrail_clicks_waiting` of ingest: clicks in the journal that Kafka has not acknowledged yet; and
  `clickrail_journal_degraded`: 1 while the disk refuses them.
- `clickrail_requests_total{answer="overloaded"}` and `clickrail_overload` of ingest: visitors who are refused because
  too many wait.
- `kafka_consumergroup_lag` of enricher and sink: what is still to be done. It has the name that dashboards and
  autoscalers know from elsewhere.
- `clickrail_enricher_dead_letters_total` and `clickrail_sink_dead_letters_total`: records to look at, by reason.
"""


class Described(msgspec.Struct, frozen=True):
    """A metric as it is exposed."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


def registry_of_any() -> CollectorRegistry:
    """Make a registry with what every service has: the private port adds the readiness."""
    registry = make_registry("any", VERSION)
    registry.register(ReadinessMetrics(dict, dict))
    return registry


def registry_of_ingest() -> CollectorRegistry:
    registry = make_registry("ingest", VERSION)
    LookupMetrics(registry)
    IngestMetrics(registry)
    limit_metrics = LimitMetrics(registry)
    KeyMetrics(registry, Limits(LimitSettings(), limit_metrics))
    journal = Journal(Path(), "", JournalLimits(), lambda: None, lambda *_: None)
    JournalMetrics(registry, journal)
    QueueMetrics(registry, journal, ())
    OverloadMetrics(registry, AdmissionControl())
    KeyRingMetrics(registry, lambda: {"cookie": 0.0})
    return registry


def registry_of_enricher() -> CollectorRegistry:
    registry = make_registry("enricher", VERSION)
    EnricherMetrics(registry)
    return registry


def registry_of_sink() -> CollectorRegistry:
    registry = make_registry("sink", VERSION)
    SinkMetrics(registry)
    return registry


def registry_of_settler() -> CollectorRegistry:
    registry = make_registry("settler", VERSION)
    SettlerMetrics(registry)
    return registry


def registry_of_console() -> CollectorRegistry:
    registry = make_registry("console", VERSION)
    ConsoleMetrics(registry)
    return registry


REGISTRIES: Final[Mapping[str, Callable[[], CollectorRegistry]]] = MappingProxyType(
    {
        "ingest": registry_of_ingest,
        "enricher": registry_of_enricher,
        "sink": registry_of_sink,
        "settler": registry_of_settler,
        "console": registry_of_console,
    }
)


def describe_metrics() -> str:
    """Give the page: what every service has, then each service's own, then those of the workers' supervisor."""
    everywhere = describe_registry(registry_of_any())
    parts = [INTRODUCTION, "## Every service\n", f"{metric_table(everywhere)}\n"]
    for service, make in REGISTRIES.items():
        own = [metric for metric in describe_registry(make()) if metric not in everywhere]
        parts += [f"## {service.capitalize()}\n", f"{metric_table(own)}\n"]
    of_supervisor = [Described(name, kind, ("worker",), purpose) for name, kind, purpose in METRICS_OF_SUPERVISOR]
    parts += ["## Ingest's supervisor\n", f"{metric_table(of_supervisor)}\n"]
    return "\n".join(parts)


def metric_table(metrics: list[Described]) -> str:
    rows = [
        (f"`{metric.name}`", metric.type, ", ".join(f"`{label}`" for label in metric.labels) or "-", metric.help)
        for metric in metrics
    ]
    return table(("metric", "type", "labels", "what it says"), rows)


def describe_registry(registry: CollectorRegistry) -> list[Described]:
    labels = label_names(registry)
    return [
        Described(
            family.name + SUFFIXES.get(family.type, ""),
            family.type,
            labels.get(family.name) or labels_of_samples(family),
            family.documentation,
        )
        for family in registry.collect()
    ]


def label_names(registry: CollectorRegistry) -> dict[str, tuple[str, ...]]:
    """Give the labels of metrics by name: a metric that has counted nothing yet shows no sample to read them from."""
    collectors = set(registry._collector_to_names)  # noqa: SLF001 - prometheus-client names them nowhere else
    return {
        family.name: collector._labelnames  # noqa: SLF001 - the registry has no public name for it
        for collector in collectors
        if isinstance(collector, MetricWrapperBase)
        for family in collector.describe()
    }


def labels_of_samples(family: Metric) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for sample in family.samples for name in sample.labels if name != "le"))
