"""What visitors get, and how fast."""

from typing import Final

from docs.generators.grafana.dashboard import Dashboard, Row
from docs.generators.grafana.panel import Panel, in_interval, per_second, quantile

VISITORS: Final = Row(
    "Visitors",
    (
        Panel(
            "Requests by answer",
            "cps",
            "accepted: 302 and a click. rejected: refused, with a reason. overloaded: 503. failed: 500, a bug. "
            "Good: mostly accepted, no failed, no overloaded.",
            "ClickrailServerErrors",
            ((per_second("clickrail_requests_total", "answer"), "{{answer}}"),),
        ),
        Panel(
            "How long visitors wait",
            "s",
            "Time in ingest, from the last byte of the request to the answer. Good: below 5 ms. Bad: p99 at 50 ms.",
            "ClickrailSlowRedirects",
            tuple(
                (
                    quantile(share, "http_server_request_duration_seconds"),
                    name,
                )
                for share, name in ((0.5, "half of them"), (0.95, "p95"), (0.99, "p99"))
            ),
            bad=0.05,
        ),
        Panel(
            "Refused, by reason",
            "cps",
            "docs/reasons.md explains each number. R102: unknown code. R2xx: paused or archived. R3xx: over a limit.",
            "ClickrailUnknownCodes",
            (("sum by (reason) (rate(clickrail_requests_refused_total[$__rate_interval])) > 0", "{{reason}}"),),
        ),
        Panel(
            "Share of unknown codes",
            "percentunit",
            "Good: a few percent. Bad: 30 %. Somebody has published a wrong link, or tries codes.",
            "ClickrailUnknownCodes",
            (("clickrail:unknown_codes:ratio15m", "unknown"),),
            bad=0.3,
        ),
        Panel(
            "Overload",
            "short",
            "1 while ingest acts on waits: it slows delivery to Kafka down, then refuses visitors. Good: 0.",
            "ClickrailVisitorsRefused",
            (("max by (instance, measure) (clickrail_overload)", "{{instance}}: {{measure}}"),),
        ),
        Panel(
            "Over a limit",
            "cps",
            "Of a client or a code. flag: counted and marked; skip: 302 without a click; refuse: 429.",
            "ClickrailUnknownCodes",
            ((per_second("clickrail_limited_total", "by", "action"), "{{by}}: {{action}}"),),
        ),
    ),
)
CONNECTIONS: Final = Row(
    "Connections",
    (
        Panel(
            "Open connections",
            "short",
            "Of each process. Good: far below CLICKRAIL_INGEST_MOST_CONNECTIONS (10,000).",
            "ClickrailConnectionsRefused",
            (("clickrail_connections_open", "{{instance}}"),),
            width=12,
        ),
        Panel(
            "Closed by ingest, by reason",
            "cps",
            "idle is normal. too_many: new connections are refused. too_slow: requests that never became complete.",
            "ClickrailConnectionsRefused",
            ((per_second("clickrail_connections_closed_total", "reason"), "{{reason}}"),),
            width=12,
        ),
    ),
)
LOOKUP: Final = Row(
    "Codes",
    (
        Panel(
            "Reads of stores",
            "cps",
            "Codes that are in memory need none. away: the store gave no answer. Good: few reads, none away.",
            "ClickrailDatabaseAway",
            (
                (
                    per_second("clickrail_lookup_reads_total", "store", "outcome"),
                    "{{store}}: {{outcome}}",
                ),
            ),
        ),
        Panel(
            "Keys asked of stores",
            "cps",
            "How many codes, affiliates and programs these reads were for. Many: new codes, or somebody tries codes.",
            "ClickrailUnknownCodes",
            ((per_second("clickrail_lookup_keys_total", "store"), "{{store}}"),),
        ),
        Panel(
            "Values written to Redis",
            "cps",
            "dropped: the queue was full. Refused: somebody else wrote them, or another key ring. Good: none refused.",
            "ClickrailNotJudged",
            (
                (per_second("clickrail_lookup_redis_writes_total", "outcome"), "{{outcome}}"),
                (per_second("clickrail_lookup_redis_refused_total"), "refused when read"),
            ),
        ),
        Panel(
            "Changes followed",
            "short",
            "1 while the process gets changes of programs and codes. 0: a paused code still redirects there.",
            "ClickrailChangesNotFollowed",
            (("clickrail_lookup_following", "{{instance}}"),),
        ),
        Panel(
            "Version of the referrals",
            "short",
            "Of processes, and of the snapshot on their disk. Good: processes have the same, the snapshot a bit less.",
            "ClickrailChangesNotFollowed",
            (("clickrail_lookup_version", "{{instance}}"), ("clickrail_snapshot_version", "{{instance}} snapshot")),
        ),
        Panel(
            "Changes applied",
            "cps",
            "Changes of programs, affiliates and codes, in each process. A peak is an import.",
            "ClickrailChangesNotFollowed",
            ((per_second("clickrail_lookup_changes_total", "instance"), "{{instance}}"),),
        ),
        Panel(
            "Snapshot: codes, and changes since",
            "short",
            "What the process can redirect without any store. Good: all codes; changes are merged from time to time.",
            "ClickrailIngestDown",
            (
                ("clickrail_snapshot_codes", "{{instance}} codes"),
                ("clickrail_snapshot_changes", "{{instance}} changes since"),
            ),
        ),
        Panel(
            "Snapshot: age",
            "s",
            "A new one is written only after changes, so an old one is not bad while changes are followed.",
            "ClickrailChangesNotFollowed",
            (("clickrail_snapshot_age_seconds", "{{instance}}"),),
        ),
        Panel(
            "Snapshot: writes and faults",
            "short",
            "built: read whole; merged: the old one and changes. Bad: failed, or values that cannot be read.",
            "ClickrailJournalDegraded",
            (
                (in_interval("clickrail_snapshot_writes_total", "outcome"), "{{outcome}}"),
                (in_interval("clickrail_snapshot_unreadable_total"), "unreadable values"),
            ),
        ),
    ),
)
REDIRECT: Final = Dashboard(
    "clickrail-redirect",
    "Clickrail: redirect",
    "What visitors get and how fast, connections, and where ingest has its codes from.",
    (VISITORS, CONNECTIONS, LOOKUP),
)
