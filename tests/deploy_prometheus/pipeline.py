"""Clicks do not become rows, or lack something."""

from typing import Final

from tests.deploy_prometheus.series import (
    ENRICHER,
    GROUPS,
    INGEST,
    SETTLER,
    SINK,
    constant,
    counting,
    lag,
    of,
    refused,
    requests,
    stepping,
)
from tests.deploy_prometheus.situation import Situation

PIPELINE: Final = (
    Situation(
        "the enricher stands",
        {lag("enricher", 0): constant(90), of(ENRICHER, "enricher_records_total"): constant(5)},
        ("Lag",),
    ),
    Situation("the sink is 10 minutes behind", {lag("sink", 0): constant(6000)}, ("Lag",)),
    Situation("the sink is 4 minutes behind", {lag("sink", 0): constant(2400)}),
    Situation(
        "two members report one partition",
        {
            lag("sink", 0): constant(2400),
            lag("sink", 0).replace("sink:9130", "second:9130"): constant(2400),
        },
    ),
    Situation(
        "a stage with a prefix is behind",
        {
            lag("sink", 0): None,
            lag("sink", 0).replace(GROUPS["sink"], "shop.clickrail.sink"): constant(6000),
        },
        ("Lag",),
    ),
    Situation(
        "one partition of the sink stands, and the others move",
        {of(SINK, "sink_oldest_waiting_seconds"): counting(60)},
        ("RecordsWait",),
    ),
    Situation(
        "the enricher catches up with 8 minutes", {of(ENRICHER, "enricher_oldest_waiting_seconds"): constant(480)}
    ),
    Situation(
        "Kafka does not answer the sink",
        {of(SINK, "sink_lag_measured_timestamp_seconds"): "0+60x30 1800x20"},
        ("LagNotMeasured",),
    ),
    Situation(
        "no click is stored",
        {of(SINK, "sink_rows_stored_total", table="clicks"): "0+600x15 9000x40"},
        ("NoClicksStored",),
    ),
    Situation(
        "no click was ever stored", {of(SINK, "sink_rows_stored_total", table="clicks"): None}, ("NoClicksStored",)
    ),
    Situation(
        "nobody clicks",
        {
            requests("accepted"): constant(600),
            of(INGEST, "clicks_waiting"): constant(0),
            refused("R102"): constant(6),
            requests("rejected"): constant(6),
            of(SINK, "sink_rows_stored_total", table="clicks"): constant(600),
        },
    ),
    Situation(
        "the database went back", {of(SINK, "sink_records_read_again_total"): stepping(0, 70, 20)}, ("ReadAgain",)
    ),
    Situation(
        "the enricher has another key ring",
        {
            of(ENRICHER, "enricher_addresses_unopened_total", reason="unknown_key"): "0x19 0+600x30",
        },
        ("AddressesUnopened",),
    ),
    Situation(
        "addresses of a destroyed key are read again",
        {
            of(ENRICHER, "enricher_addresses_unopened_total", reason="destroyed_key"): counting(600),
        },
    ),
    Situation(
        "Redis does not answer the enricher",
        {of(ENRICHER, "enricher_not_judged_total", reason="away"): counting(600)},
        ("NotJudged",),
    ),
    Situation(
        "the enricher has no Redis", {of(ENRICHER, "enricher_not_judged_total", reason="not_set"): counting(600)}
    ),
    Situation("Redis evicts", {of(ENRICHER, "enricher_redis_problem"): constant(1)}, ("RedisEvicts",)),
    Situation("a city database is missing", {of(ENRICHER, "enricher_geo_problems"): constant(1)}, ("FilesRefused",)),
    Situation(
        "a list of networks has a bad line", {of(ENRICHER, "enricher_network_problems"): constant(1)}, ("FilesRefused",)
    ),
    Situation("a database is being replaced", {of(ENRICHER, "enricher_geo_problems"): stepping(0, 1, 38)}),
    Situation(
        "nobody updates the city database",
        {
            of(ENRICHER, "enricher_database_built_timestamp_seconds", kind="city"): constant(-61 * 86_400),
        },
        ("DatabaseOld",),
    ),
    Situation(
        "the city database is of last month",
        {
            of(ENRICHER, "enricher_database_built_timestamp_seconds", kind="city"): constant(-40 * 86_400),
        },
    ),
    Situation("the rules are refused", {of(ENRICHER, "enricher_rules_problems"): constant(1)}, ("RulesRefused",)),
    Situation("the settler is behind", {of(SETTLER, "settler_behind_s"): constant(8000)}, ("SettlerBehind",)),
    Situation("the settler has an hour to do", {of(SETTLER, "settler_behind_s"): constant(3600)}),
)
