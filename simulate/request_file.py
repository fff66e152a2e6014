"""A file of requests: what it holds, and which of its lines are left out. Pure, except that it reads the file."""

from pathlib import Path

import msgspec

from simulate.planned import Planned
from simulate.replay import InvalidLine, read_requests
from simulate.traffic_options import InvalidSpec


class FileSummary(msgspec.Struct):
    """What a file of requests holds: `good` ones, those `within` the wanted time, the last of which is at `last_s`."""

    good: int = 0
    within: int = 0
    last_s: float = 0.0
    is_timed: bool = False
    left_out: tuple[InvalidLine, ...] = ()

    def count(self, planned: Planned, until_s: float) -> None:
        self.good += 1
        at_s = planned.at_s or 0.0
        if at_s <= until_s:
            self.within += 1
            self.last_s = at_s
        self.is_timed = self.is_timed or planned.at_s is not None


def summarize(path: Path, codes: tuple[str, ...], until_s: float) -> FileSummary:
    """Read the whole file once. Raises InvalidSpec if it cannot be read or holds no request."""
    summary, bad = FileSummary(), []
    try:
        with path.open("rb") as lines:
            for read in read_requests(lines, codes):
                if isinstance(read, InvalidLine):
                    bad.append(read)
                else:
                    summary.count(read, until_s)
    except OSError as error:
        raise InvalidSpec(f"--requests: {path} cannot be read: {error.strerror}") from None
    if not summary.good:
        why = f"; line {bad[0].number}: {bad[0].reason}" if bad else ""
        raise InvalidSpec(f"--requests: no line of {path} is a request{why}")
    summary.left_out = tuple(bad)
    return summary
