"""Metrics: one registry per process, made here and passed down. Labels have few values: never a code or an address."""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, PlatformCollector, ProcessCollector, disable_created_metrics

REQUEST_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds. OpenTelemetry's buckets start at 5 ms; a redirect takes less than 1 ms, hence the lower ones."""

BATCH_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds a batch takes in a stage."""


# Without this, each counter exports a second series with its creation time, which is not used.
disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client does not annotate it


def make_registry(service: str, version: str) -> CollectorRegistry:
    """Make a registry with the metrics of every process: `clickrail_build_info{service,version}`, memory, CPU."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    build = Gauge("clickrail_build_info", "What runs here; always 1.", ["service", "version"], registry=registry)
    build.labels(service, version).set(1)
    return registry
