"""A store of windows in memory: for settling, which reads clicks in order, and for tests.

Keys do not expire by a clock. `forget` drops what no click after a time can need.
"""

from collections.abc import Sequence

from quality.window_store import Answers, Append, Reads, Writes
from quality.window_visits import Visit
from quality.windows import WindowBatch, WindowFacts


class MemoryStore:
    """`since_ms`: the store knows every click since then. 0: it was never empty."""

    def __init__(self, since_ms: int = 0) -> None:
        self.since_ms = since_ms
        self._values: dict[bytes, bytes] = {}
        self._sums: dict[bytes, dict[bytes, int]] = {}

    def read(self, reads: Reads) -> Answers:
        return Answers(
            [self._values.get(key) for key in reads.values],
            [dict(self._sums.get(key, {})) for key in reads.sums],
            self.since_ms,
        )

    def write(self, writes: Writes) -> list[bytes | None]:
        found = [self._values.get(claim.key) for claim in writes.claims]
        for claim in writes.claims:
            self._values.setdefault(claim.key, claim.value)
        for append in writes.appends:
            self._append(append)
        for add in writes.adds:
            fields = self._sums.setdefault(add.key, {})
            fields[add.field] = fields.get(add.field, 0) + add.number
        return found

    def _append(self, append: Append) -> None:
        log = self._values.get(append.key, b"")
        if len(log) < append.limit:
            self._values[append.key] = log + append.entry


def judge_visits(store: MemoryStore, visits: Sequence[Visit], now_ms: int | None = None) -> list[WindowFacts]:
    """Judge a batch with a store in memory; give the facts in the order of `visits`."""
    batch = WindowBatch(visits, now_ms)
    writes = batch.apply(store.read(batch.plan()))
    while writes:
        writes = batch.confirm(store.write(writes))
    return batch.facts()
