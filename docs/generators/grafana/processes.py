"""Rows of the overview about the processes themselves."""

from typing import Final

from docs.generators.grafana.dashboard import Row
from docs.generators.grafana.panel import Panel, in_interval, per_second

PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            "Ready",
            "short",
            "1: the process can do its work. 0: it waits for something, which its /readyz names. Good: all lines at 1.",
            "ClickrailNotReady",
            (("clickrail:ready", "{{service}} {{instance}}"),),
        ),
        Panel(
            "Problems that it works with",
            "short",
            "What /readyz lists under `degraded`: the process works without it. Good: 0.",
            "ClickrailNotReady",
            (("clickrail_degraded", "{{job}} {{instance}}"),),
        ),
        Panel(
            "Versions",
            "short",
            "What runs where. Good: one version, except during an upgrade.",
            "ClickrailProcessDown",
            (("count by (service, version) (clickrail_build_info)", ""),),
            kind="table",
        ),
        Panel(
            "Processor",
            "percentunit",
            "Share of one core. Each process uses one at most. Bad: ingest near 100 %: it needs more workers.",
            "ClickrailVisitorsRefused",
            (
                (
                    "rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) clickrail_build_info",
                    "{{job}} {{instance}}",
                ),
            ),
            bad=0.9,
        ),
        Panel(
            "Memory",
            "bytes",
            "Resident memory. Good: level over days. Bad: growing without more traffic.",
            "ClickrailProcessDown",
            (("process_resident_memory_bytes and on (job, instance) clickrail_build_info", "{{job}} {{instance}}"),),
        ),
        Panel(
            "Open files and connections",
            "percentunit",
            "Share of what the process may have open. Good: below a half. Bad: near 100 %: it can open nothing more.",
            "ClickrailFilesOpen",
            (
                (
                    "process_open_fds / process_max_fds and on (job, instance) clickrail_build_info",
                    "{{job}} {{instance}}",
                ),
            ),
            bad=0.9,
        ),
        Panel(
            "Running since",
            "s",
            "How long each process runs. A line that falls to 0 is a restart: was it you?",
            "ClickrailProcessDown",
            (
                (
                    "time() - process_start_time_seconds and on (job, instance) clickrail_build_info",
                    "{{job}} {{instance}}",
                ),
            ),
        ),
        Panel(
            "Workers of ingest that are ready",
            "short",
            "By their supervisor. Good: all at 1. One at 0 is restarting or hangs.",
            "ClickrailWorkerRestarts",
            (("clickrail_ingest_worker_ready", "{{instance}} worker {{worker}}"),),
        ),
        Panel(
            "Workers of ingest that died or hung",
            "short",
            "In each interval. Good: 0. Each is worth a look into the log.",
            "ClickrailWorkerRestarts",
            (
                (
                    in_interval("clickrail_ingest_worker_restarts_total", "instance", "worker"),
                    "{{instance}} worker {{worker}}",
                ),
            ),
        ),
    ),
)
CONSOLE: Final = Row(
    "Console",
    (
        Panel(
            "Browsers that watch",
            "short",
            "Browsers with the live view open. Neither good nor bad.",
            "ClickrailNotReady",
            (("sum(clickrail_console_browsers)", "browsers"),),
        ),
        Panel(
            "Live view: records read and lines dropped",
            "cps",
            "Records read for the live view. Dropped lines: a browser reads too slowly; only that browser misses them.",
            "ClickrailNotReady",
            (
                (per_second("clickrail_console_events_total", "kind"), "{{kind}}"),
                (per_second("clickrail_console_events_dropped_total"), "dropped"),
            ),
        ),
        Panel(
            "Logins",
            "short",
            "Logins in each interval by result. Many `wrong` or `limited`: somebody guesses passwords.",
            "ClickrailNotReady",
            ((in_interval("clickrail_console_logins_total", "result"), "{{result}}"),),
        ),
    ),
)
