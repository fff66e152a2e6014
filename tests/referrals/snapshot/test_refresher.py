"""The snapshot on real servers: who starts from it, what wins over it, and how it comes about."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import msgspec
import pytest
from structlog.testing import capture_logs

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from referrals.connections import connected
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found
from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.metrics import LookupMetrics
from referrals.origin import READ_ORIGIN
from referrals.snapshot.reader import NAME
from referrals.snapshot.writer import try_lock
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests.referrals.builders import PATIENT, get_signer, insert
from tests.referrals.snapshot.files import HERE, many_codes, open_file, write_file
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers

AWAY = "postgresql://nobody@127.0.0.1:1/none"
NO_REDIS = "redis://127.0.0.1:1/0"
CODES = [f"c{n:03}" for n in range(300)]
EVERY_S = 0.1

START = """
import asyncio, json, sys
from referrals.metrics import LookupMetrics
from referrals.lookup.factory import LookupSettings, open_lookup

async def start():
    settings = LookupSettings(
        database_url=sys.argv[1], redis_url=sys.argv[2], get_signer=object, snapshot_dir=sys.argv[3]
    )
    async with open_lookup(settings, LookupMetrics()) as lookup:
        answers = [lookup.find_cached(code) for code in json.loads(sys.argv[4])]
        print(json.dumps([lookup.problem(), [answer.target_url for answer in answers]]))

asyncio.run(start())
"""


def outcome(answer: Answer | None) -> str | Answer | None:
    return (answer.inactive_kind or "active") if isinstance(answer, Found) else answer


def is_whole(lookup: Lookup) -> Callable[[], bool]:
    return lambda: lookup.referral_set.is_complete and lookup.referral_set.fresh_until > 0


def count(metrics: LookupMetrics, outcome: str) -> float:
    return float(metrics.snapshot_writes.labels(outcome)._value.get())


@pytest.fixture
def settings(referrals_url: str, tmp_path: Path) -> LookupSettings:
    return LookupSettings(
        database_url=referrals_url, snapshot_dir=str(tmp_path / "kept"), snapshot_every_s=EVERY_S, **PATIENT
    )


def path_of(settings: LookupSettings) -> Path:
    return Path(str(settings.snapshot_dir), NAME)


def put(path: Path, data: bytes | None) -> None:
    """Put a file there, or a folder."""
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if data is None else path.write_bytes(data)


def remove(path: Path) -> None:
    path.unlink()


def damage(path: Path, behind: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(behind) + len(behind) - 1] ^= 1
    path.write_bytes(data)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def write_file_of_another(settings: LookupSettings, version: int, installation: str = HERE) -> None:
    path_of(settings).parent.mkdir()
    write_file(path_of(settings).parent, many_codes(10), version, installation)


def away_from(settings: LookupSettings) -> LookupSettings:
    """Give the same settings with both stores out of reach."""
    return msgspec.structs.replace(settings, database_url=AWAY, redis_url=NO_REDIS, get_signer=get_signer)


async def keep_snapshot(settings: LookupSettings) -> None:
    """Have a process write the snapshot, and end."""
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(is_whole(lookup))


async def test_a_process_that_starts_with_both_stores_away_knows_every_code(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, *CODES)
    await keep_snapshot(settings)
    async with open_lookup(away_from(settings), LookupMetrics()) as lookup:
        answers = [outcome(lookup.find_cached(name)) for name in CODES]
        unknown = [await lookup.find("nope"), await lookup.find("../nope")]
        assert (answers, lookup.problem()) == (["active"] * len(CODES), None)
        assert unknown == [UNAVAILABLE, UNKNOWN_HERE]


async def test_another_process_answers_from_the_snapshot_alone(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, *CODES)
    await keep_snapshot(settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, AWAY, NO_REDIS, str(settings.snapshot_dir), json.dumps(CODES),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    target = await connection.fetchval("SELECT target_url FROM programs")
    assert json.loads(output.splitlines()[-1]) == [None, [target] * len(CODES)]


async def test_without_a_snapshot_and_without_postgres_a_process_is_not_ready(settings: LookupSettings) -> None:
    async with open_lookup(away_from(settings), LookupMetrics()) as lookup:
        assert lookup.problem() == "Postgres has not been reached since the start"


async def test_a_value_is_the_same_from_the_snapshot_as_from_postgres(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    await connection.execute(
        """UPDATE programs SET name = 'Schöne "Schuhe", \\ 日本' || chr(8232), fallback_url = 'https://x.example/%22?a=b,c',
           cookie_domain = 'x.example', privacy = 'anonymous', limit_policy = 'skip', unique_window_s = 5"""
    )
    await connection.execute("UPDATE referral_codes SET target_url = 'https://shop.example/a,b;\"c''d'")
    await keep_snapshot(settings)
    async with open_lookup(msgspec.structs.replace(settings, snapshot_dir=None), LookupMetrics()) as lookup:
        asked = await lookup.find("abc")
    async with open_lookup(away_from(settings), LookupMetrics()) as lookup:
        assert isinstance(asked, Found)
        assert lookup.find_cached("abc") == msgspec.structs.replace(asked, layer="process")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE programs SET status = 'paused'", "program"),
        ("UPDATE referral_codes SET status = 'paused'", "code"),
        ("UPDATE affiliates SET status = 'archived'", "affiliate"),
        ("DELETE FROM referral_codes", UNKNOWN_IN_POSTGRES),
        ("TRUNCATE programs CASCADE", UNKNOWN_IN_POSTGRES),
    ],
)
async def test_a_change_made_while_no_process_ran_wins_over_the_snapshot(
    settings: LookupSettings, connection: asyncpg.Connection, change: str, expected: object
) -> None:
    await insert(connection, "abc")
    await keep_snapshot(settings)
    await connection.execute(change)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(is_whole(lookup))
        assert outcome(await lookup.find("abc")) == expected


async def test_changes_are_merged_into_the_snapshot(settings: LookupSettings, connection: asyncpg.Connection) -> None:
    await insert(connection, *CODES)
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        await eventually(is_whole(lookup))
        await connection.execute("UPDATE referral_codes SET status = 'paused' WHERE code = 'c001'")
        await connection.execute("DELETE FROM referral_codes WHERE code = 'c002'")
        await connection.execute("INSERT INTO referral_codes VALUES ('new', 'ann', 'shop')")
        await eventually(lambda: open_file(path_of(settings).parent).version == 6 and not lookup.referral_set.changed)
    async with open_lookup(away_from(settings), LookupMetrics()) as later:
        answers = [outcome(later.find_cached(name)) for name in ("c000", "c001", "c002", "new")]
    assert (answers, count(metrics, "built"), count(metrics, "failed")) == (["active", "code", None, "active"], 1, 0)


async def test_changes_outlive_the_stores_in_memory_until_they_are_on_disk(
    own_settings: LocalSettings, tmp_path: Path
) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        settings = LookupSettings(database_url=postgres.address, snapshot_dir=str(tmp_path / "kept"), **PATIENT)
        async with connected(postgres.address) as connection:
            await migrate(connection, [find_migrations("referrals")])
            await insert(connection, *CODES)
        async with open_lookup(settings, LookupMetrics()) as lookup:
            await eventually(is_whole(lookup))
            async with connected(postgres.address) as connection:
                await connection.execute("UPDATE referral_codes SET status = 'paused' WHERE code = 'c001'")
                await connection.execute("DELETE FROM referral_codes WHERE code = 'c002'")
            await eventually(lambda: len(lookup.referral_set.changed) == 2)
            await postgres.kill()
            await eventually(lambda: not lookup.subscriber.is_following)
            answers = [outcome(await lookup.find(name)) for name in ("c000", "c001", "c002", "nope")]
            assert answers == ["active", "code", UNAVAILABLE, UNAVAILABLE]


async def test_a_postgres_that_keeps_the_writer_waiting_does_not_hold_up_the_end(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, *CODES)
    folder = path_of(settings).parent
    async with connection.transaction():
        await connection.execute("LOCK TABLE referral_codes IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(PATIENCE_S), open_lookup(settings, LookupMetrics()):
            await eventually((folder / f"{NAME}.new").exists)
    assert names_in(folder) == ["referrals.lock"]


async def test_processes_share_one_file(settings: LookupSettings, connection: asyncpg.Connection) -> None:
    await insert(connection, *CODES)
    metrics = [LookupMetrics() for _ in range(3)]
    async with (
        open_lookup(settings, metrics[0]) as first,
        open_lookup(settings, metrics[1]) as second,
        open_lookup(settings, metrics[2]) as third,
    ):
        lookups = (first, second, third)
        for status in ("paused", "active") * 3:
            for lookup in lookups:
                await eventually(is_whole(lookup))
            await connection.execute(f"UPDATE referral_codes SET status = '{status}'")
        version = await connection.fetchval("SELECT version FROM referral_version")
        for lookup in lookups:
            await eventually(lambda lookup=lookup: lookup.referral_set.file.version == version)
        identities = {lookup.referral_set.file.identity for lookup in lookups if lookup.referral_set.file}
    assert len(identities) == 1
    assert sum(count(each, "failed") for each in metrics) == 0


async def test_who_does_not_get_the_lock_does_not_write(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    lock = try_lock(path_of(settings).parent)
    assert lock is not None
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(lambda: lookup.subscriber.is_following)
        await asyncio.sleep(5 * EVERY_S)
        held_off = lookup.referral_set.file
        lock.release()
        await eventually(is_whole(lookup))
    assert held_off is None


async def test_a_damaged_file_is_replaced(settings: LookupSettings, connection: asyncpg.Connection) -> None:
    await insert(connection, *CODES)
    await keep_snapshot(settings)
    damage(path_of(settings), b"code c150")
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        assert outcome(await lookup.find("c150")) == "active"
        await eventually(lambda: count(metrics, "built") == 1)
    async with open_lookup(away_from(settings), LookupMetrics()) as later:
        assert {outcome(later.find_cached(name)) for name in CODES} == {"active"}


@pytest.mark.parametrize("data", [b"", b"rubbish", None])
async def test_a_file_that_is_none_of_ours_is_replaced_unless_it_cannot_be(
    settings: LookupSettings, connection: asyncpg.Connection, data: bytes | None
) -> None:
    await insert(connection, "abc")
    put(path_of(settings), data)
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        answer = outcome(await lookup.find("abc"))
        await eventually(lambda: lookup.referral_set.is_complete or count(metrics, "failed") > 0)
        assert (answer, lookup.referral_set.is_complete) == ("active", data is not None)


async def test_a_file_that_went_missing_is_written_again(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    path = path_of(settings)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(is_whole(lookup))
        remove(path)
        await eventually(path.exists)


async def test_a_folder_that_cannot_be_made_costs_nothing_but_the_snapshot(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    put(path_of(settings).parent, b"in the way")
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        await eventually(lambda: count(metrics, "failed") > 0 and lookup.subscriber.is_following)
        assert (outcome(await lookup.find("abc")), lookup.problem()) == ("active", None)


async def test_the_snapshot_of_another_installation_is_not_believed(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    await connection.execute("UPDATE referral_codes SET status = 'paused'")
    write_file_of_another(settings, version=1)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(lambda: lookup.referral_set.is_complete and lookup.referral_set.as_of == 4)
        answers = [outcome(await lookup.find(name)) for name in ("abc", "c00001")]
    assert answers == ["code", UNKNOWN_IN_POSTGRES]


async def test_a_database_that_was_set_back_is_believed_and_the_snapshot_is_not(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    installation = await connection.fetchval(READ_ORIGIN)
    write_file_of_another(settings, version=1_000, installation=installation)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        before = outcome(lookup.find_cached("c00001"))
        await eventually(lambda: lookup.referral_set.is_complete and lookup.referral_set.as_of == 3)
        answers = [outcome(await lookup.find(name)) for name in ("abc", "c00001")]
    assert (before, answers) == ("active", ["active", UNKNOWN_IN_POSTGRES])


async def test_more_changes_than_memory_has_room_for_make_a_new_snapshot(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, *CODES)
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        lookup.referral_set._max_changed = 20
        await eventually(is_whole(lookup))
        await connection.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id) "
            "SELECT 'n' || n, 'ann', 'shop' FROM generate_series(1, 2000) n"
        )
        await connection.execute("UPDATE referral_codes SET status = 'paused' WHERE code = 'n1'")
        await eventually(lambda: lookup.referral_set.is_complete and lookup.referral_set.file.version == 5)
        answers = [outcome(lookup.find_cached(name)) for name in ("n1", "n2000", "c000")]
        assert (answers, lookup.referral_set.file.info.codes) == (["code", "active", "active"], 2300)


async def test_a_code_made_this_moment_is_found_although_the_set_is_known(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(is_whole(lookup))
        await connection.execute("INSERT INTO referral_codes VALUES ('new', 'ann', 'shop')")
        assert outcome(lookup.find_cached("new") or await lookup.find("new")) == "active"


async def test_a_scan_of_random_codes_is_answered_from_the_set(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    metrics = LookupMetrics()
    few = msgspec.structs.replace(settings, cache_policy=CachePolicy(max_unknown_reads_per_s=10))
    async with open_lookup(few, metrics) as lookup:
        await eventually(is_whole(lookup))

        async def visit(code: str) -> Answer:
            return lookup.find_cached(code) or await lookup.find(code)

        scanned = await asyncio.gather(*(visit(f"random{n}") for n in range(2_000)))
        assert {UNKNOWN_HERE, UNKNOWN_IN_POSTGRES} >= set(scanned)
        assert metrics.keys.labels("postgres")._value.get() < 200


async def test_a_folder_that_breaks_later_is_said_once_and_once_that_it_works_again(settings: LookupSettings) -> None:
    folder, metrics = path_of(settings).parent, LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        await eventually(is_whole(lookup))
        await eventually(path_of(settings).exists)
        with capture_logs() as logs:
            folder.rename(folder.with_name("elsewhere"))
            folder.touch()
            await eventually(lambda: count(metrics, "failed") > 4)
            folder.unlink()
            await eventually(path_of(settings).exists)
            await eventually(lambda: any(line["event"] == "snapshot written again" for line in logs))
    said = [line["event"] for line in logs if line["event"].startswith("snapshot") and "in use" not in line["event"]]
    assert said == ["snapshot not written", "snapshot written again"]
