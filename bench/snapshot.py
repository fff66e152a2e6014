"""The snapshot of a million codes: building and merging it, memory and time of a process that starts from it alone."""

import asyncio
import json
import sys
from tempfile import TemporaryDirectory

from bench.report import Figure
from bench.snapshot_process import ASKED, CHANGES
from bench.stack import Bench
from referrals.connections import connected

CODES = 1_000_000
AFFILIATES = 50_000
PROGRAMS = 1_000
AWAY = "postgresql://nobody@127.0.0.1:1/none"

FILL = f"""
    INSERT INTO programs (id, name, target_url)
        SELECT 'bench-' || n, 'Program ' || n, 'https://shop.example/' || n || '?ref={{click_token}}'
        FROM generate_series(1, {PROGRAMS}) n;
    INSERT INTO affiliates (id, name) SELECT 'bench-' || n, 'Affiliate ' || n FROM generate_series(1, {AFFILIATES}) n;
    INSERT INTO referral_codes (code, affiliate_id, program_id, target_url)
        SELECT substr(md5(n::text), 1, 12), 'bench-' || 1 + n % {AFFILIATES}, 'bench-' || 1 + n % {PROGRAMS},
            CASE WHEN n % 10 = 0 THEN 'https://shop.example/landing/page-' || n END
        FROM generate_series(1, {CODES}) n;
"""


async def measure_snapshot(bench: Bench) -> list[Figure]:
    """Measure in processes of their own, each like an ingest that has nothing but its lookup."""
    async with connected(bench.addresses.postgres, command_timeout_s=600) as connection:
        await connection.execute(FILL)
    with TemporaryDirectory(prefix="clickrail-snapshot-") as folder:
        kept = await run("keep", bench.addresses.postgres, folder)
        started = await run("start", AWAY, folder)
    return [*figures_of_keeping(kept), *figures_of_starting(started)]


def figures_of_keeping(kept: dict[str, float]) -> list[Figure]:
    return [
        Figure(
            "snapshot: a million codes from PostgreSQL",
            f"{kept['build_s']:.1f} s, a file of {kept['file_mib']:.0f} MiB",
        ),
        bounded("snapshot: private memory at most, while it is built", kept["build_mib"], 150, "MiB"),
        Figure("snapshot: event loop late, p99 / most, while it is built", late(kept, "build")),
        Figure(f"snapshot: merged with {CHANGES} changes", f"{kept['merge_s']:.2f} s"),
        Figure("snapshot: event loop late, p99 / most, while it is merged", late(kept, "merge")),
    ]


def figures_of_starting(started: dict[str, float]) -> list[Figure]:
    return [
        Figure("snapshot: loaded, both stores away", f"{started['load_ms']:.0f} ms"),
        bounded("snapshot: private memory, index loaded", started["loaded_mib"], 150, "MiB"),
        bounded(f"snapshot: private memory after {ASKED} codes", started["asked_mib"], 150, "MiB"),
        bounded("snapshot: one value from the file, median", started["value_us"], 10, "us"),
        bounded("snapshot: a code that is not held, with what belongs to it, median", started["find_us"], 10, "us"),
        Figure("snapshot: one whose affiliate is not held either, median", f"{started['strange_us']:.1f} us"),
        Figure("snapshot: an unknown code, median", f"{started['unknown_us']:.1f} us"),
    ]


def bounded(what: str, measured: float, target: float, unit: str) -> Figure:
    return Figure(what, f"{measured:.1f} {unit}", f"<= {target:.0f} {unit}", measured <= target)


def late(kept: dict[str, float], what: str) -> str:
    return f"{kept[what + '_late_p99_ms']:.1f} / {kept[what + '_late_most_ms']:.1f} ms"


async def run(what: str, *arguments: str) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.snapshot_process", what, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{what} failed"
    measured: dict[str, float] = json.loads(output.splitlines()[-1])
    return measured
