"""What a healthy installation exports: each series by its name and labels."""

from typing import Final

from tests.deploy_prometheus.series import (
    CONSOLE,
    DURATION,
    ENRICHER,
    INGEST,
    PROCESSES,
    SETTLER,
    SINK,
    constant,
    counting,
    disk,
    lag,
    lost,
    now,
    of,
    refused,
    requests,
)


def of_ingest() -> dict[str, str]:
    """600 clicks a minute, few refused, all answered within a millisecond."""
    constants = ("journal_degraded", "journal_replay_pending", "clicks_oversized", "journal_damaged_records_total")
    return {
        **{of(INGEST, f"{name}"): constant(0) for name in constants},
        of(INGEST, "clicks_waiting"): constant(3),
        of(INGEST, "journal_disk_size_bytes"): constant(100e9),
        of(INGEST, "journal_disk_available_bytes"): constant(50e9),
        of(INGEST, "lookup_following"): constant(1),
        requests("accepted"): counting(600),
        requests("rejected"): counting(6),
        requests("failed"): constant(0),
        requests("overloaded"): constant(0),
        refused("R102"): counting(6),
        of(INGEST, "connections_closed_total", reason="too_many"): constant(0),
        of(INGEST, "ingest_worker_restarts_total", worker="0"): constant(0),
        of(INGEST, "lookup_reads_total", store="postgres", outcome="away"): constant(0),
        **{f'{DURATION}"{bound}"}}': counting(606) for bound in ("0.001", "0.05", "0.1", "1.0", "+Inf")},
        **{lost(INGEST, reason): constant(0) for reason in ("journal_failed", "journal_damaged", "stopped")},
        **{
            of(INGEST, "key_created_timestamp_seconds", purpose=purpose): constant(1)
            for purpose in ("cookie", "token", "ip_seal", "ip_hash")
        },
    }


def of_stage(stage: str) -> dict[str, str]:
    """What enricher and sink have both."""
    process = PROCESSES[stage]
    return {
        of(process, f"{stage}_records_total"): counting(600),
        of(process, f"{stage}_stopped_by_dead_letters"): constant(0),
        of(process, f"{stage}_dead_letters_total", reason="wrong_shape"): constant(0),
        of(process, f"{stage}_partitions_without_offset_total", offset="lost"): constant(0),
        of(process, f"{stage}_partitions_without_offset_total", offset="new"): constant(12),
        of(process, f"{stage}_records_read_again_total"): constant(0),
        of(process, f"{stage}_lag_measured_timestamp_seconds"): now(),
        of(process, f"{stage}_oldest_waiting_seconds"): constant(1),
        lost(process, "offset_out_of_range"): constant(0),
        lag(stage, 0): constant(5),
        lag(stage, 1): constant(7),
    }


def of_enricher() -> dict[str, str]:
    problems = ("geo_problems", "network_problems", "rules_problems", "redis_problem")
    return {
        **{of(ENRICHER, f"enricher_{name}"): constant(0) for name in problems},
        of(ENRICHER, "enricher_addresses_unopened_total", reason="unknown_key"): constant(0),
        of(ENRICHER, "enricher_not_judged_total", reason="away"): constant(0),
        of(ENRICHER, "enricher_not_judged_total", reason="late"): counting(1),
        of(ENRICHER, "enricher_database_built_timestamp_seconds", kind="city"): constant(-86_400),
        of(ENRICHER, "enricher_database_built_timestamp_seconds", kind="network"): constant(0),
    }


def of_sink() -> dict[str, str]:
    return {
        lost(SINK, "retention"): constant(0),
        of(SINK, "sink_rows_stored_total", table="clicks"): counting(600),
        of(SINK, "sink_partition_days_ahead"): constant(7),
        of(SINK, "sink_rollups_oldest_batch_seconds"): constant(2),
    }


def of_every_process(service: str) -> dict[str, str]:
    process = PROCESSES[service]
    return {
        f"up{{{process}}}": constant(1),
        of(process, "ready"): constant(1),
        of(process, "build_info", service=service, version="1"): constant(1),
        f"process_open_fds{{{process}}}": constant(100),
        f"process_max_fds{{{process}}}": constant(1024),
    }


HEALTHY: Final = {
    **{name: values for service in PROCESSES for name, values in of_every_process(service).items()},
    **of_ingest(),
    **of_stage("enricher"),
    **of_stage("sink"),
    **of_enricher(),
    **of_sink(),
    of(SETTLER, "settler_behind_s"): constant(960),
    of(CONSOLE, "ledger_missing_clicks"): constant(0),
    disk("avail"): constant(50e9),
    disk("size"): constant(100e9),
}
