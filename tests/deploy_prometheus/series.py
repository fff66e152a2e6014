"""Series as promtool reads them: their names, and their values, one a minute."""

from typing import Final

MINUTES: Final = 50
INGEST: Final = 'job="clickrail-ingest",instance="ingest:9100"'
ENRICHER: Final = 'job="clickrail-enricher",instance="enricher:9120"'
SINK: Final = 'job="clickrail-sink",instance="sink:9130"'
SETTLER: Final = 'job="clickrail-settler",instance="settler:9150"'
CONSOLE: Final = 'job="clickrail-console",instance="console:9140"'
PROCESSES: Final = {"ingest": INGEST, "enricher": ENRICHER, "sink": SINK, "settler": SETTLER, "console": CONSOLE}

GROUPS: Final = {"enricher": "clickrail.enricher", "sink": "clickrail.sink"}
DURATION: Final = f'http_server_request_duration_seconds_bucket{{{INGEST},http_route="/ref/{{code}}",le='


def of(process: str, name: str, **labels: str) -> str:
    """Give the name of a series of a process; the metric is named without its `clickrail_`."""
    own = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f"clickrail_{name}{{{process}{own}}}"


def constant(value: float) -> str:
    return f"{value}x{MINUTES}"


def counting(a_minute: float) -> str:
    return f"0+{a_minute}x{MINUTES}"


def stepping(before: float, after: float, minute: int) -> str:
    """Give the value `before` up to a minute, and from then on `after`."""
    return f"{before}x{minute - 1} {after}x{MINUTES - minute}"


def now() -> str:
    """Give the time of each sample, in seconds."""
    return counting(60)


def requests(answer: str) -> str:
    return of(INGEST, "requests_total", answer=answer)


def refused(reason: str) -> str:
    return of(INGEST, "requests_refused_total", reason=reason, recorded="true")


def lost(process: str, reason: str) -> str:
    return of(process, "clicks_lost_total", reason=reason)


def lag(stage: str, partition: int = 0) -> str:
    topic = {"enricher": "clicks.raw", "sink": "clicks.enriched"}[stage]
    names = f'consumergroup="{GROUPS[stage]}",topic="{topic}",partition="{partition}"'
    return f"kafka_consumergroup_lag{{{PROCESSES[stage]},{names}}}"


def disk(size: str) -> str:
    return f'node_filesystem_{size}_bytes{{instance="db:9100",mountpoint="/",fstype="ext4"}}'
