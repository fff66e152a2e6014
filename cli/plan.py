"""`clickrail plan`: what a rate of clicks needs."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.output import show_json, show_table

if TYPE_CHECKING:
    from cli.capacity import Capacity

Rate = Annotated[
    float, typer.Option("--clicks-per-second", min=1, max=1_000_000, help="the rate to plan for, held all day")
]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="how long clicks are kept in the database")]
TEBI: Final = 1024
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def plan(rate: Rate, *, days: Days = 30, json: Json = False) -> None:
    """Estimate what a rate of clicks needs: processes, partitions, brokers, disk, network (docs/cost-model.md)."""
    from cli.capacity import plan_capacity

    capacity = plan_capacity(rate, days)
    if json:
        show_json(capacity)
        return
    show_table(("what", f"{rate:,.0f} clicks/s, {days} days"), describe(capacity))


def describe(capacity: "Capacity") -> list[tuple[str, str]]:
    """Give each need and its amount, as the page and the command show them."""
    return [
        ("processes of ingest, enricher, sink", f"{capacity.ingest}, {capacity.enricher}, {capacity.sink}"),
        ("partitions of each topic", str(capacity.partitions)),
        ("brokers", str(capacity.brokers)),
        ("written to all brokers", f"{capacity.kafka_mb_per_s:,.1f} MB/s"),
        ("disks of all brokers", write_gib(capacity.kafka_gib)),
        ("journal, for each hour without Kafka", write_gib(capacity.journal_gib_per_hour)),
        ("cores of PostgreSQL", str(capacity.postgres_cores)),
        ("clicks and counts in PostgreSQL", write_gib(capacity.postgres_gib)),
        ("its write-ahead log", f"{capacity.wal_mb_per_s:,.1f} MB/s"),
        ("where to store", capacity.storage),
    ]


def write_gib(gib: float) -> str:
    return f"{gib / TEBI:,.1f} TiB" if gib >= TEBI else f"{gib:,.0f} GiB"
