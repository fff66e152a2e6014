"""Delivers a journal whose ingest does not come back: `python -m deploy.journal_rescue`, with ingest's environment.

Runs ingest for no visitors on `CLICKRAIL_INGEST_DATA_DIR`. It adopts the folders there and sends their clicks to Kafka.
When `clickrail journal status` finds no click any more, ingest is stopped, and the exit code is 0. Stopped earlier, it
is 1: run it again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

EVERY_S: Final = 2.0
JOURNAL: Final = "journal"
CLICKS: Final = 4
"""The column of `clickrail journal status` with the clicks of a folder."""


def without_visitors(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an ingest that only this machine can reach, at a free port, and that stops at once."""
    return {
        **environ,
        "CLICKRAIL_INGEST_HOST": "127.0.0.1",
        "CLICKRAIL_INGEST_PORT": "0",
        "CLICKRAIL_INGEST_WORKERS": "1",
        "CLICKRAIL_INGEST_DRAIN_S": "0",
    }


def count_waiting(data_dir: Path) -> int:
    """Count the clicks in the journal. Raises CalledProcessError when it cannot be read."""
    command = [str(Path(sys.executable).with_name("clickrail")), "journal", "status", "--data-dir", str(data_dir)]
    table = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - our own command
    return sum(int(line.split("\t")[CLICKS]) for line in table.splitlines()[1:])


def deliver(data_dir: Path) -> bool:
    """Run ingest until no click waits; return whether that is so. Raises CalledProcessError."""
    command = [sys.executable, "-m", "ingest"]
    with subprocess.Popen(command, env=without_visitors(os.environ)) as ingest:  # noqa: S603 - our own service
        signal.signal(signal.SIGTERM, lambda *_: ingest.terminate())
        try:
            while ingest.poll() is None:
                if (waiting := count_waiting(data_dir)) == 0:
                    return True
                print(f"{waiting} clicks wait in {data_dir / JOURNAL}", flush=True)  # noqa: T201 - the job's log
                time.sleep(EVERY_S)
        finally:
            ingest.terminate()
    return False


def main() -> None:
    data_dir = Path(os.environ["CLICKRAIL_INGEST_DATA_DIR"])
    if not (data_dir / JOURNAL).is_dir():
        sys.exit(f"{data_dir / JOURNAL}: there is no journal")
    sys.exit(not deliver(data_dir))


if __name__ == "__main__":
    main()
