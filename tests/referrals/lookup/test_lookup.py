"""The lookup over layers that are dicts: which layer is asked, how often, and what is held afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found
from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_codec import VersionedValue
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from runtime.task_scope import task_scope
from tests.referrals.builders import Clock, FakeSharedCache, FakeSource, affiliate, code, program
from tests.waiting import PATIENCE_S

ROWS = (program(), affiliate(), code())
READINGS = [VersionedValue(row, 10) for row in ROWS]


class Layers:
    def __init__(self, shared_cache: FakeSharedCache | None, source: FakeSource) -> None:
        self.clock = Clock()
        self.shared_cache = shared_cache
        self.source = source
        self.lookup = Lookup(shared_cache, source, CachePolicy(), self.clock.time(), LookupMetrics())


@asynccontextmanager
async def layers(
    shared_cache: FakeSharedCache | None = None, source: FakeSource | None = None
) -> AsyncIterator[Layers]:
    made = Layers(shared_cache, source or FakeSource(ROWS))
    async with task_scope(made.lookup.shared_loader.run(), made.lookup.source_loader.run()):
        yield made


async def test_postgres_answers_first_and_the_process_from_then_on() -> None:
    async with layers(FakeSharedCache()) as made:
        first = await made.lookup.find("abc123")
        second = made.lookup.find_cached("abc123")
    assert Found(code(), affiliate(), program(), "postgres") == first
    assert Found(code(), affiliate(), program(), "process") == second
    assert made.source.reads == [["abc123"]]


async def test_who_may_not_ask_the_stores_is_told_what_the_process_holds_and_nothing_else() -> None:
    async with layers(FakeSharedCache(READINGS)) as made:
        await made.lookup.find("nope")
        asked = len(made.shared_cache.reads), len(made.source.reads)
        answers = [made.lookup.peek(name) for name in ("abc123", "nope")]
        await asyncio.sleep(0)
        assert asked == (len(made.shared_cache.reads), len(made.source.reads))
        await made.lookup.find("abc123")
    assert (answers, made.lookup.peek("abc123")) == (
        [None, UNKNOWN_HERE],
        Found(code(), affiliate(), program(), "process"),
    )


async def test_what_postgres_answered_is_shared_with_its_version() -> None:
    async with layers(FakeSharedCache()) as made:
        await made.lookup.find("abc123")
    assert made.shared_cache.written == [
        (("code", "abc123"), 10),
        (("affiliate", "ann"), 10),
        (("program", "shop"), 10),
    ]


async def test_redis_answers_without_postgres() -> None:
    async with layers(FakeSharedCache(READINGS), FakeSource()) as made:
        answer = await made.lookup.find("abc123")
    assert (Found(code(), affiliate(), program(), "redis"), []) == (answer, made.source.reads)


async def test_redis_is_not_asked_for_a_program_that_is_held() -> None:
    readings = [*READINGS, VersionedValue(code(code="other"), 10)]
    async with layers(FakeSharedCache(readings), FakeSource()) as made:
        await made.lookup.find("abc123")
        await made.lookup.find("other")
    assert made.shared_cache.reads[2:] == [[("code", "other")], []]


async def test_a_code_whose_program_redis_does_not_have_is_read_from_postgres() -> None:
    async with layers(FakeSharedCache(READINGS[1:])) as made:
        answer = await made.lookup.find("abc123")
    assert Found(code(), affiliate(), program(), "postgres") == answer


async def test_an_outdated_value_in_redis_is_a_miss() -> None:
    current = FakeSource((program(status="paused", version=11), affiliate(), code()), as_of=11)
    async with layers(FakeSharedCache(READINGS), current) as made:
        made.lookup.local_cache.record([Change("program", "shop", 11)])
        answer = await made.lookup.find("abc123")
    assert Found(code(), affiliate(), program(status="paused", version=11), "postgres") == answer


async def test_a_thousand_visitors_of_one_new_code_make_one_query() -> None:
    async with layers(FakeSharedCache()) as made:
        answers = await asyncio.gather(*(made.lookup.find("abc123") for _ in range(1000)))
    assert (sum(isinstance(a, Found) for a in answers), made.source.reads) == (1000, [["abc123"]])


async def test_a_thousand_codes_at_once_make_a_few_queries() -> None:
    async with layers(FakeSharedCache()) as made:
        answers = await asyncio.gather(*(made.lookup.find(f"random{n}") for n in range(1000)))
    assert {UNKNOWN_IN_POSTGRES} == set(answers)
    assert len(made.source.reads) <= 3


async def test_an_unknown_code_is_not_asked_for_again() -> None:
    async with layers(FakeSharedCache()) as made:
        answers = [await made.lookup.find("nope") for _ in range(3)]
    assert (answers, made.source.reads) == ([UNKNOWN_IN_POSTGRES, UNKNOWN_HERE, UNKNOWN_HERE], [["nope"]])


async def test_whoever_was_with_redis_when_postgres_answered_another_visitor_asks_nobody_again() -> None:
    shared_cache, answered = FakeSharedCache(), asyncio.Event()
    async with layers(shared_cache) as made:

        async def let_a_second_visitor_come() -> None:
            made.source.before_answer = None
            shared_cache.before_answer = answered.wait
            second = asyncio.create_task(made.lookup.find("nope"))
            while len(shared_cache.reads) < 3:
                await asyncio.sleep(0)
            visitors.append(second)

        visitors: list[asyncio.Task[Answer]] = []
        made.source.before_answer = let_a_second_visitor_come
        first = await made.lookup.find("nope")
        answered.set()
        second = await visitors[0]
    assert (first, second, made.source.reads) == (UNKNOWN_IN_POSTGRES, UNKNOWN_HERE, [["nope"]])


async def test_a_malformed_code_asks_nobody() -> None:
    async with layers(FakeSharedCache()) as made:
        answers = [await made.lookup.find(asked) for asked in ("", "a/b", "a\0", "\udcff", "x" * 4096, "abc\n")]
    assert (answers, made.shared_cache.reads, made.source.reads) == ([UNKNOWN_HERE] * 6, [], [])


async def test_with_both_stores_away_nobody_can_say_and_nothing_is_remembered() -> None:
    async with layers(FakeSharedCache()) as made:
        made.source.away = True
        away = await made.lookup.find("abc123")
        made.source.away = False
        back = await made.lookup.find("abc123")
    assert (away, back.code.code) == (UNAVAILABLE, "abc123")


async def test_a_known_code_is_served_while_both_stores_are_away() -> None:
    async with layers(FakeSharedCache()) as made:
        await made.lookup.find("abc123")
        made.source.away = True
        made.clock.pass_seconds(23 * 3600)
        answers = [await made.lookup.find("abc123") for _ in range(3)]
        made.clock.pass_seconds(3600)
        too_late = await made.lookup.find("abc123")
    assert ([Found(code(), affiliate(), program(), "process")] * 3, UNAVAILABLE) == (answers, too_late)


async def test_an_entry_due_for_renewal_is_read_again_behind_the_visitor() -> None:
    async with layers() as made:
        await made.lookup.find("abc123")
        made.clock.pass_seconds(301)
        made.source.rows["program", "shop"] = program(name="New", version=12)
        made.source.as_of = 12
        served = made.lookup.find_cached("abc123")
        async with asyncio.timeout(PATIENCE_S):
            while made.lookup.find_cached("abc123").program.name == "Shop":
                await asyncio.sleep(0)
    assert (Found(code(), affiliate(), program(), "process"), 2) == (served, len(made.source.reads))


async def test_a_slow_reader_that_raced_with_a_change_answers_but_holds_and_shares_nothing_old() -> None:
    async with layers(FakeSharedCache()) as made:

        async def change_meanwhile() -> None:
            made.source.before_answer = None
            made.source.rows["code", "abc123"] = code(status="paused", version=11)
            made.source.as_of = 11
            made.lookup.local_cache.record([Change("code", "abc123", 11)])

        made.source.before_answer = change_meanwhile
        slow = await made.lookup.find("abc123")
        shared = [key for key, _ in made.shared_cache.written]
        after = await made.lookup.find("abc123")
    assert (slow.inactive_kind, after.inactive_kind) == (None, "code")
    assert shared == [("affiliate", "ann"), ("program", "shop")]
    assert made.shared_cache.readings["code", "abc123"].value.status == "paused"


async def test_a_slow_reader_does_not_undo_a_newer_value_that_is_held() -> None:
    async with layers() as made:

        async def change_meanwhile() -> None:
            made.lookup.local_cache.put(code(status="paused", version=11), 11)

        made.source.before_answer = change_meanwhile
        slow = await made.lookup.find("abc123")
    assert slow.inactive_kind == "code"


async def test_a_lookup_without_redis_asks_postgres() -> None:
    async with layers(shared_cache=None) as made:
        assert Found(code(), affiliate(), program(), "postgres") == await made.lookup.find("abc123")


async def test_a_visitor_who_leaves_does_not_disturb_the_others() -> None:
    async with layers() as made:
        leaving = asyncio.create_task(made.lookup.find("abc123"))
        staying = asyncio.create_task(made.lookup.find("abc123"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).code.code == "abc123"
