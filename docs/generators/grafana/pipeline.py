"""The way of a click from the journal to its row."""

from typing import Final

from docs.generators.grafana.dashboard import Dashboard, Row
from docs.generators.grafana.panel import Panel, in_interval, quantile

JOURNAL: Final = Row(
    "Before Kafka: the journal of ingest",
    (
        Panel(
            "Clicks that wait for Kafka",
            "short",
            "Good: as many as come in a tenth of a second. Bad: growing. Kafka is away, or ingest is overloaded.",
            "ClickrailClicksWait",
            (("clickrail_clicks_waiting", "{{instance}}"),),
        ),
        Panel(
            "How long they wait",
            "s",
            "On average, by the clicks that wait and the clicks that come. Good: below a second. Bad: 60 s.",
            "ClickrailClicksWait",
            (("clickrail:waiting:seconds", "{{instance}}"),),
            bad=60,
        ),
        Panel(
            "Left by dead processes",
            "short",
            "Clicks in folders that another process has adopted. Good: 0, or falling.",
            "ClickrailJournalLeftOver",
            (("clickrail_journal_replay_pending", "{{instance}}"),),
        ),
        Panel(
            "Only in memory",
            "short",
            "Clicks that the death of the process would lose, and whether the disk refuses now (1). Good: 0.",
            "ClickrailJournalDegraded",
            (
                ("clickrail_journal_in_memory_alone", "{{instance}} clicks"),
                ("clickrail_journal_degraded", "{{instance}} the disk refuses"),
                ("increase(clickrail_journal_unwritten_total[$__rate_interval])", "{{instance}} refused at first"),
            ),
            bad=1,
        ),
        Panel(
            "Disk of the journal",
            "bytes",
            "What the journal may still write, of what is free. Good: level. Bad: falling for long, with Kafka away.",
            "ClickrailJournalDiskFull",
            (
                ("clickrail_journal_disk_available_bytes", "{{instance}} may be written"),
                ("clickrail_journal_disk_free_bytes", "{{instance}} free"),
                ("clickrail_journal_disk_size_bytes", "{{instance}} size"),
            ),
        ),
        Panel(
            "Too large for their topic",
            "short",
            "Clicks that clicks.raw refuses; they wait. Good: 0.",
            "ClickrailClicksOversized",
            (("clickrail_clicks_oversized", "{{instance}}"),),
            bad=1,
        ),
        Panel(
            "Damaged",
            "short",
            "Clicks that damaged files have lost, and bytes set aside, since each process started. Good: 0.",
            "ClickrailClicksLost",
            (
                ("clickrail_journal_damaged_records_total", "{{instance}} clicks"),
                ("clickrail_journal_damaged_bytes_total", "{{instance}} bytes"),
            ),
            bad=1,
        ),
        Panel(
            "Rejections lost",
            "short",
            "Records of refused requests that did not reach Kafka. They are not journalled: an outage loses some.",
            "ClickrailClicksWait",
            ((in_interval("clickrail_rejections_lost_total", "reason"), "{{reason}}"),),
        ),
    ),
)
LAG: Final = Row(
    "Kafka: how far the stages are",
    (
        Panel(
            "Behind, in seconds",
            "s",
            "To do what is there, at the present pace. Good: seconds. Bad: 300 s. No line: it stands, or is idle.",
            "ClickrailLag",
            (("clickrail:lag:seconds", "{{stage}}"),),
            bad=300,
        ),
        Panel(
            "Oldest record that waits",
            "s",
            "Its age, of all partitions of each member. Good: seconds. Bad: 600 s. One alone: a partition that stands.",
            "ClickrailRecordsWait",
            (
                ("clickrail_enricher_oldest_waiting_seconds", "enricher {{instance}}"),
                ("clickrail_sink_oldest_waiting_seconds", "sink {{instance}}"),
            ),
            bad=600,
        ),
        Panel(
            "Lag in records",
            "short",
            "Written and not yet committed, by topic. Good: level. Bad: growing for minutes.",
            "ClickrailLag",
            (("clickrail:lag:records", "{{consumergroup}} {{topic}}"),),
        ),
        Panel(
            "Lag by partition",
            "short",
            "Good: all alike. One that stands out has a member that hangs, or one key with most of the traffic.",
            "ClickrailLag",
            (("max by (topic, partition) (kafka_consumergroup_lag)", "{{topic}}/{{partition}}"),),
        ),
        Panel(
            "Lag last measured",
            "s",
            "Seconds since Kafka last answered. Good: below 15. Bad: growing: the lag beside is old, and Kafka away.",
            "ClickrailLagNotMeasured",
            (
                ("time() - clickrail_enricher_lag_measured_timestamp_seconds", "enricher {{instance}}"),
                ("time() - clickrail_sink_lag_measured_timestamp_seconds", "sink {{instance}}"),
            ),
            bad=120,
        ),
        Panel(
            "Records done",
            "cps",
            "Read, done and committed by each member. Good: members share the work.",
            "ClickrailLag",
            (
                ("rate(clickrail_enricher_records_total[$__rate_interval])", "enricher {{instance}}"),
                ("rate(clickrail_sink_records_total[$__rate_interval])", "sink {{instance}}"),
            ),
        ),
        Panel(
            "Time of a batch, p95",
            "s",
            "Good: below a second. A sink that needs longer waits for PostgreSQL.",
            "ClickrailLag",
            tuple(
                (
                    quantile(0.95, f"clickrail_{stage}_batch_seconds"),
                    stage,
                )
                for stage in ("enricher", "sink")
            ),
        ),
        Panel(
            "Rebalances, p95",
            "s",
            "Time without partitions while a group divided them again. Good: no line, but after a start or a stop.",
            "ClickrailLag",
            tuple((quantile(0.95, f"clickrail_{stage}_rebalance_seconds"), stage) for stage in ("enricher", "sink")),
        ),
    ),
)
TROUBLE: Final = Row(
    "Records that could not be processed",
    (
        Panel(
            "Dead letters",
            "short",
            "In each interval, by reason. Good: 0. Each is kept, and can be sent again when the cause is fixed.",
            "ClickrailDeadLetters",
            (
                (
                    "sum by (reason) (increase(clickrail_enricher_dead_letters_total[$__rate_interval])) > 0",
                    "enricher: {{reason}}",
                ),
                (
                    "sum by (reason) (increase(clickrail_sink_dead_letters_total[$__rate_interval])) > 0",
                    "sink: {{reason}}",
                ),
            ),
        ),
        Panel(
            "Stopped by too many",
            "short",
            "1: the stage reads no further until somebody acts. Good: 0.",
            "ClickrailStoppedByDeadLetters",
            (
                ("clickrail_enricher_stopped_by_dead_letters", "enricher {{instance}}"),
                ("clickrail_sink_stopped_by_dead_letters", "sink {{instance}}"),
            ),
            bad=1,
        ),
        Panel(
            "Read again, and offsets that are missing",
            "short",
            "Read again: the database went back. lost: Kafka has lost an offset. new: a new partition or group.",
            "ClickrailOffsetsLost",
            (
                (in_interval("clickrail_enricher_records_read_again_total"), "enricher read again"),
                (in_interval("clickrail_sink_records_read_again_total"), "sink read again"),
                (
                    in_interval("clickrail_enricher_partitions_without_offset_total", "offset"),
                    "enricher: {{offset}}",
                ),
                (
                    in_interval("clickrail_sink_partitions_without_offset_total", "offset"),
                    "sink: {{offset}}",
                ),
            ),
        ),
    ),
)
PIPELINE: Final = Dashboard(
    "clickrail-pipeline",
    "Clickrail: pipeline",
    "The way of a click from the journal through Kafka to its row, and where it waits.",
    (JOURNAL, LAG, TROUBLE),
)
