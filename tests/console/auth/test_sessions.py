"""Sessions: who is believed, for how long, and what happens while PostgreSQL is away."""

import hashlib
from datetime import timedelta

import pytest

from console.auth.sessions import CACHE_S, LONGEST_STALE_S, NewLogin, Sessions, read_token, write_token
from console.auth.users import OWNER
from runtime.errors import DependencyAway
from tests.console.auth.test_login_throttle import Clock
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables

TOKEN = bytes(range(32))
TEXT = write_token(TOKEN)
HOUR = timedelta(hours=1)


class Process:
    """The sessions of one process, on tables it may share with others."""

    def __init__(self, tables: MemoryTables, key: bytes = b"key") -> None:
        self.clock = Clock()
        self.sessions = Sessions(tables, key, self.clock)

    async def knows(self, text: str = TEXT, *, later: timedelta = timedelta(0)) -> bool:
        return await self.sessions.find(text, NOW + later) is not None


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


async def test_a_session_is_found_by_what_the_browser_holds_at_every_process(tables: MemoryTables) -> None:
    first, second = Process(tables), Process(tables)
    session = await first.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)

    assert await first.sessions.find(TEXT, NOW) == session
    assert await second.sessions.find(TEXT, NOW) == session
    assert session.expires_at == NOW + HOUR


async def test_the_table_holds_nothing_that_would_let_anybody_in(tables: MemoryTables) -> None:
    session = await Process(tables).sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    (stored,) = tables.sessions.values()

    assert stored.token_sha256 == hashlib.sha256(TOKEN).digest()
    assert TOKEN not in stored.proof
    assert bytes.fromhex(session.csrf) not in (stored.proof, stored.token_sha256)
    assert not await Process(tables).knows(write_token(stored.token_sha256))


async def test_a_session_ends_at_its_time(tables: MemoryTables) -> None:
    process = Process(tables)
    await process.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)

    assert await process.knows(later=HOUR - timedelta(seconds=1))
    assert not await process.knows(later=HOUR)


@pytest.mark.parametrize("text", ["", ".", "💣", "x" * 5000, "A" * 42, "A" * 43, TEXT + "=", TEXT[:-1] + "9", "=" * 43])
async def test_nonsense_is_nobody(tables: MemoryTables, text: str) -> None:
    process = Process(tables)
    await process.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)

    assert not await process.knows(text)


async def test_nonsense_costs_no_question_to_the_table(tables: MemoryTables) -> None:
    await Process(tables).knows("nonsense")

    assert tables.asked == 0


async def test_another_password_ends_every_session(tables: MemoryTables) -> None:
    await Process(tables).sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)

    assert not await Process(tables, b"key of another password").knows()


async def test_who_logs_out_is_out_at_once_here_and_soon_everywhere(tables: MemoryTables) -> None:
    here, there = Process(tables), Process(tables)
    session = await here.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    assert await there.knows()
    await here.sessions.end(session.id)

    assert not await here.knows()
    there.clock.now += CACHE_S
    assert not await there.knows()


async def test_a_busy_page_asks_the_table_now_and_then_only(tables: MemoryTables) -> None:
    process = Process(tables)
    await process.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    asked = tables.asked
    for _ in range(50):
        await process.knows()

    assert tables.asked == asked


async def test_while_the_tables_are_away_who_was_logged_in_stays_so(tables: MemoryTables) -> None:
    process = Process(tables)
    await process.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    process.clock.now += LONGEST_STALE_S / 2
    tables.problem = "PostgreSQL does not answer"
    assert await process.knows()
    asked = tables.asked
    assert await process.knows()
    assert tables.asked == asked

    process.clock.now += 10 * LONGEST_STALE_S
    assert await process.knows()
    assert not await process.knows(later=HOUR)


async def test_who_was_not_seen_for_long_before_the_tables_went_away_is_not_believed(tables: MemoryTables) -> None:
    process = Process(tables)
    await process.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    process.clock.now += LONGEST_STALE_S + 1
    tables.problem = "PostgreSQL does not answer"

    with pytest.raises(DependencyAway):
        await process.knows()


async def test_while_the_tables_are_away_a_stranger_cannot_be_told_from_a_guest(tables: MemoryTables) -> None:
    process = Process(tables)
    tables.problem = "PostgreSQL does not answer"

    with pytest.raises(DependencyAway, match="does not answer"):
        await process.knows()


async def test_who_logs_out_while_the_tables_are_away_is_out_here_and_everywhere_when_they_are_back(
    tables: MemoryTables,
) -> None:
    here = Process(tables)
    session = await here.sessions.begin(NewLogin(OWNER), TOKEN, NOW, HOUR)
    tables.problem = "PostgreSQL does not answer"
    await here.sessions.end(session.id)
    assert not await here.knows()

    tables.problem = None
    await here.sessions.remove_ended()
    assert not await Process(tables).knows()


def test_a_token_reads_as_what_was_written() -> None:
    assert read_token(TEXT) == TOKEN
