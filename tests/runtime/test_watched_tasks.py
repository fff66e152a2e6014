"""No background work dies unseen: each task, thread and call in a pool has somebody who hears of its end."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "runtime",
    "identity",
    "urls",
    "referrals",
    "ingest",
    "enricher",
    "storage",
    "sink",
    "settler",
    "console",
    "simulate",
    "cli",
    "deploy",
)

STARTERS = {"create_task", "ensure_future", "submit", "Thread", "start_soon"}

WATCHED_ELSEWHERE = {
    ("runtime/kafka/consume.py", "_consume"): "waits for both, and raises what either raised",
    ("runtime/kafka/clients.py", "stop_soon"): "gathers all, and logs what is no result",
    ("runtime/backoff.py", "grace_period"): "sets a time-out and can raise nothing; cancelled at the end",
    ("runtime/otlp.py", "close"): "waited for; what it cannot send is lost, as the page on tracing says",
    ("runtime/kafka/producer.py", "leave"): "waits for the end of a client that is thrown away",
    ("console/jobs/csv_files.py", "watch"): "waits for it, and raises what it raised",
    ("console/live/consumer.py", "_read_and_probe"): "waits for both, and raises what the first one raised",
    ("console/live/consumer.py", "open_consumer"): "awaited at the end of the same block",
    ("ingest/http/connection.py", "_handle"): "`_await_lookup` catches everything and answers 500",
    ("ingest/journal/in_memory_segments.py", "flush"): "awaited by `wait_for_flush`",
    ("ingest/journal/in_memory_segments.py", "_write"): "`Threads.submit` reports what raises",
    ("ingest/journal/segment_registry.py", "_remove_if_done"): "`Threads.submit` reports what raises",
}
"""Where a task is neither in a group nor reported by a callback, and why that is enough."""


def starts(tree: ast.Module) -> Iterator[tuple[ast.Call, str, ast.AST | None]]:
    """Give each call that starts background work, the function it is in, and the statement it is in."""
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in STARTERS:
            continue
        above: ast.AST | None = node
        while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            above = parents.get(above)
        yield node, above.name if above else "", above


def is_in_group(call: ast.Call) -> bool:
    """Tell whether a task is started as `group.create_task(...)`: a TaskGroup raises what its tasks raise."""
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "group.create_task"


def is_reported(function: ast.AST | None) -> bool:
    """Tell whether the function gives what it starts to `report_failure`."""
    return function is not None and "add_done_callback(report_failure)" in ast.unparse(function)


def starts_of_all_rooms() -> Iterator[tuple[str, str, ast.Call, ast.AST | None]]:
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        source = path.read_text()
        # Parsing all would take a second.
        if any(starter in source for starter in STARTERS):
            for call, name, function in starts(ast.parse(source)):
                yield str(path.relative_to(ROOT)), name, call, function


def test_every_task_is_in_a_group_or_reported_or_has_a_reason() -> None:
    found = starts_of_all_rooms()
    unwatched = {
        (path, name) for path, name, call, function in found if not (is_in_group(call) or is_reported(function))
    }
    assert unwatched == WATCHED_ELSEWHERE.keys()


@pytest.mark.parametrize(
    ("source", "watched"),
    [
        ("async def f():\n  async with TaskGroup() as group:\n    group.create_task(g())", True),
        ("def f():\n  task = create_task(g())\n  task.add_done_callback(report_failure)", True),
        ("def f():\n  asyncio.create_task(g())", False),
        ("def f():\n  pool.submit(g)", False),
        ("def f():\n  threading.Thread(target=g).start()", False),
    ],
)
def test_the_search_knows_a_watched_task_from_another(source: str, watched: bool) -> None:
    ((call, _, function),) = starts(ast.parse(source))
    assert (is_in_group(call) or is_reported(function)) is watched
