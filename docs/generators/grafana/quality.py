"""What is known of clicks, and what is not."""

from typing import Final

from docs.generators.grafana.dashboard import Dashboard, Row
from docs.generators.grafana.panel import Panel, in_interval, per_second

SCORES: Final = Row(
    "Scores",
    (
        Panel(
            "Settled scores, by band",
            "cps",
            "15 minutes after the click. A band that grows suddenly is a wave of machines, or a rule that is wrong.",
            "ClickrailSettlerBehind",
            ((per_second("clickrail_settler_settled_total", "band"), "{{band}}"),),
        ),
        Panel(
            "Settled up to",
            "s",
            "Seconds between now and the newest time that is settled. Good: about 900. Bad: 7200.",
            "ClickrailSettlerBehind",
            (("max(clickrail_settler_behind_s)", "behind"),),
            bad=7200,
        ),
        Panel(
            "Stored after their time was settled",
            "short",
            "Late clicks, in each interval: from a journal or a backlog. They keep their first score.",
            "ClickrailLag",
            ((in_interval("clickrail_settler_late_total"), "late"),),
        ),
    ),
)
FACTS: Final = Row(
    "Facts that are missing",
    (
        Panel(
            "Without uniqueness or counts",
            "cps",
            "away, skipped, refused: Redis. not_set: you have none. late: no counts. warming: Redis is new. Good: 0.",
            "ClickrailNotJudged",
            ((per_second("clickrail_enricher_not_judged_total", "reason"), "{{reason}}"),),
        ),
        Panel(
            "Addresses that do not open",
            "cps",
            "These clicks never get a place or a hash. Good: 0; destroyed_key is what you wanted.",
            "ClickrailAddressesUnopened",
            ((per_second("clickrail_enricher_addresses_unopened_total", "reason"), "{{reason}}"),),
        ),
        Panel(
            "Redis evicts",
            "short",
            "1 while keys that uniqueness needs may be thrown away, and how many were, in each interval. Good: 0.",
            "ClickrailRedisEvicts",
            (
                ("max(clickrail_enricher_redis_problem)", "problem"),
                (in_interval("clickrail_enricher_redis_evicted_keys_total"), "evicted keys"),
            ),
            bad=1,
        ),
        Panel(
            "Files that cannot be used",
            "short",
            "Databases of places and networks, lists, and the file of rules. What was in use stays in use. Good: 0.",
            "ClickrailFilesRefused",
            (
                ("max(clickrail_enricher_geo_problems)", "places"),
                ("max(clickrail_enricher_network_problems)", "networks"),
                ("max(clickrail_enricher_rules_problems)", "rules"),
            ),
            bad=1,
        ),
        Panel(
            "Age of databases",
            "s",
            "Of the oldest in use. Good: below a month. Bad: 60 days. More and more places and networks are wrong.",
            "ClickrailDatabaseOld",
            (("time() - min by (kind) (clickrail_enricher_database_built_timestamp_seconds > 0)", "{{kind}}"),),
            bad=5_184_000,
        ),
    ),
)
LIMITS: Final = Row(
    "Limits across processes",
    (
        Panel(
            "Exchanges of limits",
            "cps",
            "Processes tell each other through Redis. Bad: away or refused. Limits then hold for each process alone.",
            "ClickrailNotJudged",
            ((per_second("clickrail_limit_exchanges_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Remembered clients and codes",
            "short",
            "Of each process. It is bounded; a peak is a crowd, or an attack from many addresses.",
            "ClickrailUnknownCodes",
            (("clickrail_limit_keys", "{{instance}}"),),
        ),
        Panel(
            "Never told",
            "short",
            "Clicks that no other process heard of, because too many keys were waiting, in each interval. Good: 0.",
            "ClickrailNotJudged",
            ((in_interval("clickrail_limit_untold_total"), "never told"),),
        ),
    ),
)
QUALITY: Final = Dashboard(
    "clickrail-quality",
    "Clickrail: quality",
    "Scores, facts that clicks lack and why, files, and limits.",
    (SCORES, FACTS, LIMITS),
)
