"""Tables, counts and keys."""

from typing import Final

from docs.generators.grafana.dashboard import Dashboard, Row
from docs.generators.grafana.panel import Panel, in_interval, per_second

TABLES: Final = Row(
    "Tables",
    (
        Panel(
            "Rows stored",
            "cps",
            "New rows by table. A record that is read again adds none.",
            "ClickrailNoClicksStored",
            ((per_second("clickrail_sink_rows_stored_total", "table"), "{{table}}"),),
        ),
        Panel(
            "Days ahead with a partition",
            "short",
            "Days after today that are prepared. Good: 7. Bad: below 2. -1: not even today, or nobody has looked yet.",
            "ClickrailPartitionsMissing",
            (("max(clickrail_sink_partition_days_ahead)", "days"),),
            kind="number",
            bad=2,
            is_bad_below=True,
        ),
        Panel(
            "Rows removed by age, and erased records refused",
            "short",
            "Removed: by the ages that you have set. Refused: erased clicks that came again, and stay erased.",
            "ClickrailClicksTooOld",
            (
                (in_interval("clickrail_sink_rows_removed_total", "what"), "removed: {{what}}"),
                (
                    in_interval("clickrail_sink_erased_records_refused_total", "table"),
                    "refused: {{table}}",
                ),
            ),
        ),
        Panel(
            "Free space of disks",
            "percentunit",
            "From node_exporter, if you have it. Good: above a quarter. Bad: below 10 %.",
            "ClickrailDiskFull",
            (("clickrail:disk:free_ratio", "{{instance}} {{mountpoint}}"),),
        ),
        Panel(
            "PostgreSQL does not answer",
            "cps",
            "Look-ups of ingest without an answer, per second, and consoles that are not ready. Good: 0.",
            "ClickrailDatabaseAway",
            (
                (
                    per_second('clickrail_lookup_reads_total{store="postgres", outcome="away"}', "instance"),
                    "{{instance}}",
                ),
                ('count(clickrail:ready{service="console"} == 0)', "consoles"),
            ),
        ),
    ),
)
COUNTS: Final = Row(
    "Counts beside the clicks",
    (
        Panel(
            "Clicks that are not counted yet",
            "short",
            "Stored, and not in the counts by minute, hour and day. Readers count them themselves. Good: hundreds.",
            "ClickrailRollupsBehind",
            (("max(clickrail_sink_rollups_pending_clicks)", "clicks"),),
        ),
        Panel(
            "Oldest of them",
            "s",
            "Good: seconds. Bad: 600 s: the job fails, or no sink runs.",
            "ClickrailRollupsBehind",
            (("max(clickrail_sink_rollups_oldest_batch_seconds)", "oldest"),),
            bad=600,
        ),
        Panel(
            "Clicks counted",
            "cps",
            "By all sinks together. Good: as many as are stored.",
            "ClickrailRollupsBehind",
            ((per_second("clickrail_sink_rolled_clicks_total"), "counted"),),
        ),
    ),
)
KEYS: Final = Row(
    "Keys",
    (
        Panel(
            "Age of the active key",
            "s",
            "By purpose. What is too old depends on your traffic: the next panel says it.",
            "ClickrailKeyNearLimit",
            (("time() - min by (purpose) (clickrail_key_created_timestamp_seconds)", "{{purpose}}"),),
            width=12,
        ),
        Panel(
            "Messages sealed, of what a key may",
            "percentunit",
            "By the key's age and the clicks of the last day. Good: below a half. At 100 % a key is no longer safe.",
            "ClickrailKeyNearLimit",
            (("clickrail:key:messages / 2^32", "{{purpose}}"),),
            bad=0.5,
            width=12,
        ),
    ),
)
STORAGE: Final = Dashboard(
    "clickrail-storage",
    "Clickrail: storage",
    "Tables, partitions, counts beside the clicks, disks and keys.",
    (TABLES, COUNTS, KEYS),
)
