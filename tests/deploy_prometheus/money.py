"""Clicks are lost, or wait, or cannot be processed."""

from typing import Final

from tests.deploy_prometheus.series import (
    CONSOLE,
    ENRICHER,
    INGEST,
    SINK,
    constant,
    counting,
    lag,
    lost,
    of,
    requests,
    stepping,
)
from tests.deploy_prometheus.situation import Situation

MONEY: Final = (
    Situation("a click is lost", {lost(INGEST, "journal_failed"): stepping(0, 1, 38)}, ("ClicksLost",)),
    Situation(
        "the first sample of a process says that it has lost clicks",
        {lost(INGEST, "new"): "_x37 4x10"},
        ("ClicksLost",),
    ),
    Situation("a click was lost an hour ago", {lost(INGEST, "journal_failed"): stepping(0, 1, 15)}),
    Situation("Kafka expired records unread", {lost(SINK, "offset_out_of_range"): stepping(0, 9, 35)}, ("ClicksLost",)),
    Situation(
        "a click came for a day that was dropped", {lost(SINK, "retention"): stepping(0, 1, 20)}, ("ClicksTooOld",)
    ),
    Situation("clicks are nowhere", {of(CONSOLE, "ledger_missing_clicks"): stepping(0, 2, 20)}, ("ClicksMissing",)),
    Situation("clicks seem missing for a moment", {of(CONSOLE, "ledger_missing_clicks"): stepping(0, 2, 30)}),
    Situation(
        "the disk refuses the journal", {of(INGEST, "journal_degraded"): stepping(0, 1, 38)}, ("JournalDegraded",)
    ),
    Situation("the disk has just refused", {of(INGEST, "journal_degraded"): stepping(0, 1, 40)}),
    Situation(
        "the disk of the journal is nearly full",
        {of(INGEST, "journal_disk_available_bytes"): constant(9e9)},
        ("JournalDiskFull",),
    ),
    Situation(
        "the disk of the journal fills fast",
        {of(INGEST, "journal_disk_available_bytes"): "60e9-400000000x50"},
        ("JournalDiskFull",),
    ),
    Situation(
        "the disk of the journal fills slowly", {of(INGEST, "journal_disk_available_bytes"): "60e9-100000000x50"}
    ),
    Situation("clicks pile up", {of(INGEST, "clicks_waiting"): "0x19 0+600x31"}, ("ClicksWait",)),
    Situation(
        "clicks wait and no others come",
        {
            of(INGEST, "clicks_waiting"): constant(1),
            requests("accepted"): constant(600),
            requests("rejected"): constant(0),
            of(ENRICHER, "enricher_records_total"): counting(1),
            of(SINK, "sink_records_total"): counting(1),
            lag("enricher", 0): constant(0),
            lag("enricher", 1): constant(0),
            lag("sink", 0): constant(0),
            lag("sink", 1): constant(0),
        },
        ("ClicksWait",),
    ),
    Situation("a burst waits for some seconds", {of(INGEST, "clicks_waiting"): constant(300)}),
    Situation(
        "clicks of a dead process are not delivered",
        {of(INGEST, "journal_replay_pending"): constant(40)},
        ("JournalLeftOver",),
    ),
    Situation("clicks of a dead process are delivered", {of(INGEST, "journal_replay_pending"): "99999-600x50"}),
    Situation("a click is too large", {of(INGEST, "clicks_oversized"): constant(1)}, ("ClicksOversized",)),
    Situation(
        "the enricher has stopped",
        {of(ENRICHER, "enricher_stopped_by_dead_letters"): stepping(0, 1, 40)},
        ("StoppedByDeadLetters",),
    ),
    Situation(
        "the sink has stopped",
        {of(SINK, "sink_stopped_by_dead_letters"): stepping(0, 1, 40)},
        ("StoppedByDeadLetters",),
    ),
    Situation(
        "a dead letter",
        {of(SINK, "sink_dead_letters_total", reason="wrong_shape"): stepping(0, 1, 20)},
        ("DeadLetters",),
    ),
    Situation(
        "Kafka has lost an offset",
        {of(ENRICHER, "enricher_partitions_without_offset_total", offset="lost"): stepping(0, 1, 20)},
        ("OffsetsLost",),
    ),
)
