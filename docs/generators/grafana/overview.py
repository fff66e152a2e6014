"""Is all well? The page for the wall, and for whoever is woken."""

from typing import Final

from docs.generators.grafana.dashboard import Dashboard, Row
from docs.generators.grafana.panel import Panel, in_interval, per_second
from docs.generators.grafana.processes import CONSOLE, PROCESSES

MONEY: Final = Row(
    "Is all well?",
    (
        Panel(
            "Alerts that fire",
            "short",
            "Each alert, with its severity: page is now, ticket is tomorrow. Good: none.",
            "ClickrailIngestDown",
            (('count by (alertname, severity) (ALERTS{alertstate="firing", alertname=~"Clickrail.*"})', ""),),
            kind="table",
        ),
        Panel(
            "Clicks lost, last 24 hours",
            "short",
            "Accepted clicks that are gone for good. Good: 0. Anything else is money that somebody does not get.",
            "ClickrailClicksLost",
            (("sum(increase(clickrail_clicks_lost_total[24h]))", "lost"),),
            kind="number",
            bad=0.5,
            width=4,
        ),
        Panel(
            "Clicks missing, last 24 hours",
            "short",
            "Accepted clicks that are in no table, in no dead letter and not on their way. Good: 0.",
            "ClickrailClicksMissing",
            (("max(clickrail_ledger_missing_clicks)", "missing"),),
            kind="number",
            bad=1,
            width=4,
        ),
        Panel(
            "p99 of a redirect",
            "s",
            "Time that one visitor in a hundred waits for ingest, or longer. Good: a few milliseconds. Bad: 50 ms.",
            "ClickrailSlowRedirects",
            (("clickrail:redirect:p99", "p99"),),
            kind="number",
            bad=0.05,
            width=4,
        ),
        Panel(
            "From click to row",
            "s",
            "The wait before Kafka, and how far the stages are behind. Good: seconds. Bad: 300 s.",
            "ClickrailLag",
            (("sum(clickrail:lag:seconds) + max(clickrail:waiting:seconds)", "behind"),),
            kind="number",
            bad=300,
            width=4,
        ),
    ),
)
FLOW: Final = Row(
    "The flow",
    (
        Panel(
            "Clicks: accepted, enriched, stored",
            "cps",
            "At each step. Good: the lines lie on each other. A lower one is the step that does not keep up.",
            "ClickrailNoClicksStored",
            (
                (per_second('clickrail_requests_total{answer="accepted"}'), "accepted by ingest"),
                (per_second("clickrail_enricher_records_total"), "enriched"),
                (per_second('clickrail_sink_rows_stored_total{table="clicks"}'), "stored"),
            ),
            width=12,
        ),
        Panel(
            "Clicks lost, by reason",
            "short",
            "Clicks lost in each interval. Good: nothing to see. `retention` are clicks of days that you have dropped.",
            "ClickrailClicksLost",
            (
                (
                    in_interval("clickrail_clicks_lost_total", "job", "reason"),
                    "{{job}}: {{reason}}",
                ),
            ),
            width=12,
        ),
    ),
)
OVERVIEW: Final = Dashboard(
    "clickrail-overview",
    "Clickrail: overview",
    "Is all well? What is lost, how long visitors and clicks wait, and which process is not as it should be.",
    (MONEY, FLOW, PROCESSES, CONSOLE),
)
