"""The database, its tables, and disks."""

from typing import Final

from tests.deploy_prometheus.series import CONSOLE, INGEST, SINK, constant, counting, disk, of, stepping
from tests.deploy_prometheus.situation import Situation

STORAGE: Final = (
    Situation("PostgreSQL does not answer the console", {of(CONSOLE, "ready"): stepping(1, 0, 36)}, ("DatabaseAway",)),
    Situation(
        "PostgreSQL does not answer ingest",
        {
            of(INGEST, "lookup_reads_total", store="postgres", outcome="away"): counting(6),
        },
        ("DatabaseAway",),
    ),
    Situation(
        "PostgreSQL was slow once",
        {
            of(INGEST, "lookup_reads_total", store="postgres", outcome="away"): stepping(0, 1, 39),
        },
    ),
    Situation("no partition is made", {of(SINK, "sink_partition_days_ahead"): constant(1)}, ("PartitionsMissing",)),
    Situation(
        "a sink that has not looked yet beside one that has",
        {
            'clickrail_sink_partition_days_ahead{job="clickrail-sink",instance="second:9130"}': constant(-1),
        },
    ),
    Situation("counts are behind", {of(SINK, "sink_rollups_oldest_batch_seconds"): constant(900)}, ("RollupsBehind",)),
    Situation("counts wait for a minute", {of(SINK, "sink_rollups_oldest_batch_seconds"): constant(60)}),
    Situation("a disk is nearly full", {disk("avail"): constant(8e9)}, ("DiskFull",)),
    Situation(
        "a disk in memory is full",
        {disk("avail").replace("ext4", "tmpfs"): constant(0), disk("size").replace("ext4", "tmpfs"): constant(1e9)},
    ),
    Situation(
        "a process has nearly all files that it may have",
        {f"process_open_fds{{{SINK}}}": constant(1000)},
        ("FilesOpen",),
    ),
    Situation(
        "another program has all its files",
        {
            'process_open_fds{job="mail",instance="m:1"}': constant(1024),
            'process_max_fds{job="mail",instance="m:1"}': constant(1024),
        },
    ),
)
