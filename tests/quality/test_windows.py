"""Uniqueness, counts and guards: the same from a store in memory and from a real Valkey."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from quality.window_counts import LOG_ENTRIES
from quality.window_visits import Visit
from schemas import Counts, Guards, Privacy, Uniqueness
from tests.quality.visits import HOUR_MS, START_MS, Judge, cookie, id_at, visit

DAY_MS = 24 * HOUR_MS


async def uniques(judge: Judge, visits: Sequence[Visit], now_ms: int = 0) -> list[bool | None]:
    return [facts.unique.is_unique for facts in await judge.judge(visits, now_ms)]


async def one(judge: Judge, visit: Visit, now_ms: int = 0) -> Any:
    (facts,) = await judge.judge([visit], now_ms)
    return facts


async def test_three_clicks_within_the_window_are_one_unique_click(judge: Judge) -> None:
    clicks = [visit(0), visit(1000), visit(2 * HOUR_MS)]
    first, *others = [facts.unique for facts in await judge.judge(clicks)]

    assert first == Uniqueness(is_unique=True, basis="address", first_click_id=clicks[0].click_id, status="judged")
    repeat = Uniqueness(is_unique=False, basis="address", first_click_id=clicks[0].click_id, status="judged")
    assert others == [repeat, repeat]


async def test_a_click_a_window_later_opens_a_new_one(judge: Judge) -> None:
    clicks = [visit(0), visit(DAY_MS - 1), visit(DAY_MS), visit(DAY_MS + 1)]
    assert await uniques(judge, clicks) == [True, False, True, False]


@pytest.mark.parametrize("changes", [{"client": "ben"}, {"program_id": "shoes"}])
async def test_other_clients_and_other_programs_have_windows_of_their_own(
    judge: Judge, changes: dict[str, str]
) -> None:
    assert await uniques(judge, [visit(0), visit(1, **changes)]) == [True, True]


async def test_a_cookie_decides_without_any_claim(judge: Judge) -> None:
    opener, old = id_at(0), id_at(-DAY_MS)
    facts = await judge.judge([visit(5000, **cookie(opener)), visit(6000, **cookie(old)), visit(7000)])

    assert [one.unique.is_unique for one in facts] == [False, True, True]
    assert [one.unique.basis for one in facts] == ["cookie", "cookie", "address"]
    assert facts[0].unique.first_click_id == opener


async def test_where_only_cookies_recognise_visitors_each_click_without_one_is_unique(judge: Judge) -> None:
    clicks = [visit(0, unique_basis="cookie"), visit(1, unique_basis="cookie")]
    assert await uniques(judge, clicks) == [True, True]
    assert await uniques(judge, [visit(2)]) == [True]


@pytest.mark.parametrize("changes", [{"is_test": True}, {"prefetch": True}, {"is_bot": True}])
async def test_tests_prefetches_and_bots_neither_claim_nor_count(judge: Judge, changes: dict[str, Any]) -> None:
    exempt, person = await judge.judge([visit(0, **changes), visit(1)])

    assert (exempt.unique, exempt.counts) == (Uniqueness(), Counts())
    assert (person.unique.is_unique, person.counts.client_60s, person.counts.net_60s) == (True, 1, 1)


async def test_a_click_of_an_unknown_address_is_not_judged_but_by_its_cookie(judge: Judge) -> None:
    unknown, known = await judge.judge([visit(0, None, None), visit(1, None, None, **cookie(id_at(0)))])

    assert (unknown.unique, unknown.counts) == (Uniqueness(), Counts())
    assert (known.unique.is_unique, known.counts.status) == (False, "not_judged")


async def test_an_anonymous_click_says_so(judge: Judge) -> None:
    facts = await one(judge, visit(0, None, None, privacy=Privacy(gpc=True, dnt=False, decision="anonymous")))
    assert (facts.unique.status, facts.counts.status) == ("anonymous", "anonymous")


async def test_the_order_of_arrival_does_not_change_the_number_of_unique_clicks(judge: Judge) -> None:
    clicks = [visit(at) for at in range(0, HOUR_MS, HOUR_MS // 20)]
    Random(1).shuffle(clicks)
    verdicts = [(await one(judge, click)).unique.is_unique for click in clicks]

    assert (sum(verdicts), len(verdicts)) == (1, 20)
    assert verdicts[0] is True


async def test_a_click_judged_again_has_the_same_facts(judge: Judge) -> None:
    random = Random(2)
    clicks = [
        visit(random.randrange(3 * DAY_MS), f"client{random.randrange(5)}", f"net{random.randrange(3)}")
        for _ in range(60)
    ]
    first = {click.click_id: await one(judge, click) for click in clicks}
    random.shuffle(clicks)

    again = dict(zip([click.click_id for click in clicks], await judge.judge(clicks), strict=True))
    assert again == first


async def test_after_a_rotation_the_claim_under_the_key_before_still_counts(judge: Judge) -> None:
    before = visit(0, "by the old key")
    after = visit(HOUR_MS, "by the new key", previous_client="by the old key")
    later = visit(2 * HOUR_MS, "by the new key", previous_client="by the old key")

    verdicts = [facts.unique for facts in await judge.judge([before, after, later])]
    assert [verdict.is_unique for verdict in verdicts] == [True, False, False]
    assert {verdict.first_click_id for verdict in verdicts} == {before.click_id}


async def test_counts_are_of_the_seconds_up_to_the_click(judge: Judge) -> None:
    clicks = [
        visit(0, code="a"),
        visit(100_000, code="a"),
        visit(155_000, code="b"),
        visit(156_000, "ben", code="c", **cookie(id_at(0, "x"))),
        visit(160_000, code="a"),
    ]
    last = (await judge.judge(clicks))[-1].counts

    assert last == Counts(
        client_60s=2,
        client_600s=4,
        net_60s=3,
        net_clients_60s=2,
        net_clients_600s=2,
        net_cookies_600s=1,
        links_10s=2,
        net_links_10s=3,
        same_link_30s=0,
        status="judged",
    )


async def test_counts_reach_into_the_bucket_before(judge: Judge) -> None:
    edge = 600_000 - START_MS % 600_000
    await judge.judge([visit(edge - 1000)])
    facts = await one(judge, visit(edge + 1000))
    assert (facts.counts.client_60s, facts.counts.same_link_30s) == (2, 1)


async def test_a_repeated_link_is_a_duplicate_of_the_same_visitor_only(judge: Judge) -> None:
    first = visit(0)
    own = visit(1000, **cookie(first.click_id))
    colleague = visit(2000, **cookie(id_at(-5000)))
    counts = [facts.counts.same_link_30s for facts in await judge.judge([first, own, colleague])]
    assert counts == [0, 1, 0]


async def test_a_click_that_comes_late_has_no_counts_and_is_no_less_unique(judge: Judge) -> None:
    late = await one(judge, visit(0, late_ms=601_000))
    assert (late.counts, late.unique.is_unique) == (Counts(status="late"), True)


async def test_a_click_judged_late_has_its_old_counts_or_none(judge: Judge) -> None:
    seen = visit(0)
    first = await one(judge, seen)

    assert await one(judge, seen, 5 * HOUR_MS) == first
    assert (await one(judge, visit(1), 5 * HOUR_MS)).counts == Counts(status="late")


async def test_after_a_day_a_unique_click_may_be_a_repeat(judge: Judge) -> None:
    assert (await one(judge, visit(0), DAY_MS + 1)).unique.status == "warming"
    assert (await one(judge, visit(1), DAY_MS + 1)).unique.status == "judged"


async def test_the_log_of_a_network_is_bounded_and_says_the_same_again(judge: Judge) -> None:
    burst = [visit(at, f"client{at % 7}") for at in range(LOG_ENTRIES + 50)]
    facts = await judge.judge(burst)

    assert [one.counts.net_60s for one in facts[:3]] == [1, 2, 3]
    assert {one.counts.net_60s for one in facts[200:]} == {129}
    assert [one.counts for one in await judge.judge(burst)] == [one.counts for one in facts]


async def test_guards_say_what_the_clicks_on_a_host_carried(judge: Judge) -> None:
    bare = {"accept_language": None, "client_hints": None, "fetch": None}
    await judge.judge([visit(at, **({} if at % 4 else bare)) for at in range(60)])
    facts = await one(judge, visit(HOUR_MS - 1000))
    other = await one(judge, visit(HOUR_MS - 900, host="other.example"))

    expected = Guards(chrome=60, accept_language=45, client_hints=45, fetch=45, newest_chrome=None, status="judged")
    assert facts.guards == expected
    assert other.guards.chrome == 0


async def test_the_newest_chrome_is_one_that_many_have(judge: Judge) -> None:
    newest = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
    await judge.judge([*(visit(at) for at in range(60)), *(visit(at, user_agent=newest) for at in range(20))])
    facts = await one(judge, visit(2 * HOUR_MS))
    assert facts.guards.newest_chrome == 142


async def test_guards_of_one_minute_do_not_change(judge: Judge) -> None:
    first = await one(judge, visit(10))
    await judge.judge([visit(at) for at in range(20, 40)])
    second = await one(judge, visit(50))
    assert first.guards == second.guards
