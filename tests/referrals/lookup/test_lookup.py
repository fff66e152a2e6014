"""The lookup over layers that are dicts: which layer is asked, how often, and what is held afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found
from referrals.lookup.local_cache import CachePolicy
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_codec import Reading
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from runtime.task_scope import task_scope
from tests.referrals.builders import Clock, FakeDeciding, FakeShared, affiliate, code, program
from tests.waiting import PATIENCE_S

ROWS = (program(), affiliate(), code())
READINGS = [Reading(row, 10) for row in ROWS]


class Layers:
    def __init__(self, shared: FakeShared | None, deciding: FakeDeciding) -> None:
        self.clock = Clock()
        self.shared = shared
        self.deciding = deciding
        self.lookup = Lookup(shared, deciding, CachePolicy(), self.clock.time(), LookupMetrics())


@asynccontextmanager
async def layers(shared: FakeShared | None = None, deciding: FakeDeciding | None = None) -> AsyncIterator[Layers]:
    made = Layers(shared, deciding or FakeDeciding(ROWS))
    async with task_scope(made.lookup.shared_reads.run(), made.lookup.deciding_reads.run()):
        yield made


async def test_postgres_answers_first_and_the_process_from_then_on() -> None:
    async with layers(FakeShared()) as made:
        first = await made.lookup.find("abc123")
        second = made.lookup.find_cached("abc123")
    assert Found(code(), affiliate(), program(), "postgres") == first
    assert Found(code(), affiliate(), program(), "process") == second
    assert made.deciding.reads == [["abc123"]]


async def test_who_may_not_ask_the_stores_is_told_what_the_process_holds_and_nothing_else() -> None:
    async with layers(FakeShared(READINGS)) as made:
        await made.lookup.find("nope")
        asked = len(made.shared.reads), len(made.deciding.reads)
        answers = [made.lookup.peek(name) for name in ("abc123", "nope")]
        await asyncio.sleep(0)
        assert asked == (len(made.shared.reads), len(made.deciding.reads))
        await made.lookup.find("abc123")
    assert (answers, made.lookup.peek("abc123")) == (
        [None, UNKNOWN_HERE],
        Found(code(), affiliate(), program(), "process"),
    )


async def test_what_postgres_answered_is_shared_with_its_version() -> None:
    async with layers(FakeShared()) as made:
        await made.lookup.find("abc123")
    assert made.shared.written == [(("code", "abc123"), 10), (("affiliate", "ann"), 10), (("program", "shop"), 10)]


async def test_redis_answers_without_postgres() -> None:
    async with layers(FakeShared(READINGS), FakeDeciding()) as made:
        answer = await made.lookup.find("abc123")
    assert (Found(code(), affiliate(), program(), "redis"), []) == (answer, made.deciding.reads)


async def test_redis_is_not_asked_for_a_program_that_is_held() -> None:
    readings = [*READINGS, Reading(code(code="other"), 10)]
    async with layers(FakeShared(readings), FakeDeciding()) as made:
        await made.lookup.find("abc123")
        await made.lookup.find("other")
    assert made.shared.reads[2:] == [[("code", "other")], []]


async def test_a_code_whose_program_redis_does_not_have_is_read_from_postgres() -> None:
    async with layers(FakeShared(READINGS[1:])) as made:
        answer = await made.lookup.find("abc123")
    assert Found(code(), affiliate(), program(), "postgres") == answer


async def test_an_outdated_value_in_redis_is_a_miss() -> None:
    current = FakeDeciding((program(status="paused", version=11), affiliate(), code()), as_of=11)
    async with layers(FakeShared(READINGS), current) as made:
        made.lookup.held.record([Change("program", "shop", 11)])
        answer = await made.lookup.find("abc123")
    assert Found(code(), affiliate(), program(status="paused", version=11), "postgres") == answer


async def test_a_thousand_visitors_of_one_new_code_make_one_query() -> None:
    async with layers(FakeShared()) as made:
        answers = await asyncio.gather(*(made.lookup.find("abc123") for _ in range(1000)))
    assert (sum(isinstance(a, Found) for a in answers), made.deciding.reads) == (1000, [["abc123"]])


async def test_a_thousand_codes_at_once_make_a_few_queries() -> None:
    async with layers(FakeShared()) as made:
        answers = await asyncio.gather(*(made.lookup.find(f"random{n}") for n in range(1000)))
    assert {UNKNOWN_IN_POSTGRES} == set(answers)
    assert len(made.deciding.reads) <= 3


async def test_an_unknown_code_is_not_asked_for_again() -> None:
    async with layers(FakeShared()) as made:
        answers = [await made.lookup.find("nope") for _ in range(3)]
    assert (answers, made.deciding.reads) == ([UNKNOWN_IN_POSTGRES, UNKNOWN_HERE, UNKNOWN_HERE], [["nope"]])


async def test_whoever_was_with_redis_when_postgres_answered_another_visitor_asks_nobody_again() -> None:
    shared, answered = FakeShared(), asyncio.Event()
    async with layers(shared) as made:

        async def let_a_second_visitor_come() -> None:
            made.deciding.before_answer = None
            shared.before_answer = answered.wait
            second = asyncio.create_task(made.lookup.find("nope"))
            while len(shared.reads) < 3:
                await asyncio.sleep(0)
            visitors.append(second)

        visitors: list[asyncio.Task[Answer]] = []
        made.deciding.before_answer = let_a_second_visitor_come
        first = await made.lookup.find("nope")
        answered.set()
        second = await visitors[0]
    assert (first, second, made.deciding.reads) == (UNKNOWN_IN_POSTGRES, UNKNOWN_HERE, [["nope"]])


async def test_a_malformed_code_asks_nobody() -> None:
    async with layers(FakeShared()) as made:
        answers = [await made.lookup.find(asked) for asked in ("", "a/b", "a\0", "\udcff", "x" * 4096, "abc\n")]
    assert (answers, made.shared.reads, made.deciding.reads) == ([UNKNOWN_HERE] * 6, [], [])


async def test_with_both_stores_away_nobody_can_say_and_nothing_is_remembered() -> None:
    async with layers(FakeShared()) as made:
        made.deciding.away = True
        away = await made.lookup.find("abc123")
        made.deciding.away = False
        back = await made.lookup.find("abc123")
    assert (away, back.code.code) == (UNAVAILABLE, "abc123")


async def test_a_known_code_is_served_while_both_stores_are_away() -> None:
    async with layers(FakeShared()) as made:
        await made.lookup.find("abc123")
        made.deciding.away = True
        made.clock.pass_seconds(23 * 3600)
        answers = [await made.lookup.find("abc123") for _ in range(3)]
        made.clock.pass_seconds(3600)
        too_late = await made.lookup.find("abc123")
    assert ([Found(code(), affiliate(), program(), "process")] * 3, UNAVAILABLE) == (answers, too_late)


async def test_an_entry_due_for_renewal_is_read_again_behind_the_visitor() -> None:
    async with layers() as made:
        await made.lookup.find("abc123")
        made.clock.pass_seconds(301)
        made.deciding.rows["program", "shop"] = program(name="New", version=12)
        made.deciding.as_of = 12
        served = made.lookup.find_cached("abc123")
        async with asyncio.timeout(PATIENCE_S):
            while made.lookup.find_cached("abc123").program.name == "Shop":
                await asyncio.sleep(0)
    assert (Found(code(), affiliate(), program(), "process"), 2) == (served, len(made.deciding.reads))


async def test_a_slow_reader_that_raced_with_a_change_answers_but_holds_nothing_old() -> None:
    async with layers() as made:

        async def change_meanwhile() -> None:
            made.deciding.before_answer = None
            made.deciding.rows["code", "abc123"] = code(status="paused", version=11)
            made.deciding.as_of = 11
            made.lookup.held.record([Change("code", "abc123", 11)])

        made.deciding.before_answer = change_meanwhile
        slow = await made.lookup.find("abc123")
        after = await made.lookup.find("abc123")
    assert (slow.inactive_kind, after.inactive_kind) == (None, "code")


async def test_a_slow_reader_does_not_undo_a_newer_value_that_is_held() -> None:
    async with layers() as made:

        async def change_meanwhile() -> None:
            made.lookup.held.keep(code(status="paused", version=11), 11)

        made.deciding.before_answer = change_meanwhile
        slow = await made.lookup.find("abc123")
    assert slow.inactive_kind == "code"


async def test_a_lookup_without_redis_asks_postgres() -> None:
    async with layers(shared=None) as made:
        assert Found(code(), affiliate(), program(), "postgres") == await made.lookup.find("abc123")


async def test_a_visitor_who_leaves_does_not_disturb_the_others() -> None:
    async with layers() as made:
        leaving = asyncio.create_task(made.lookup.find("abc123"))
        staying = asyncio.create_task(made.lookup.find("abc123"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).code.code == "abc123"
