"""Properties of the windows: any order, any batches, several processes at once, a process that dies midway."""

import itertools
from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from identity.ulid import make_ulid, ulid_milliseconds
from quality.click_ids import pack_id, unpack_id
from quality.memory_store import MemoryStore, judge_visits
from quality.window_store import Writes
from quality.window_visits import Visit
from quality.windows import WindowBatch, WindowFacts
from tests.examples import examples
from tests.quality.visits import HOUR_MS, START_MS, cookie, id_at, visit

WINDOW_S = 3600


@st.composite
def clicks(draw: st.DrawFn) -> list[Visit]:
    """Give clicks of a few visitors over some windows; many fall on the edges of buckets."""
    times = st.integers(0, 4 * HOUR_MS) | st.sampled_from([HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS])
    made = []
    for number, at_ms in enumerate(draw(st.lists(times, min_size=1, max_size=25))):
        client = draw(st.sampled_from(["ann", "ben"]))
        lease = cookie(id_at(0, "opener")) if draw(st.integers(0, 9)) == 0 else {}
        made.append(visit(at_ms, client, unique_window_s=WINDOW_S, name=f"{number} {at_ms}", **lease))
    return made


@st.composite
def batches(draw: st.DrawFn) -> list[list[Visit]]:
    order = draw(clicks().flatmap(st.permutations))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(order) - 1, 1)), max_size=5)))
    return [order[start:end] for start, end in itertools.pairwise([0, *cuts, len(order)]) if start < end]


def judge_all(store: MemoryStore, given_batches: Sequence[Sequence[Visit]]) -> dict[str, WindowFacts]:
    return {
        visit.click_id: facts
        for batch in given_batches
        for visit, facts in zip(batch, judge_visits(store, batch), strict=True)
    }


@examples(300)
@given(batches(), st.randoms(use_true_random=False))
def test_a_replay_in_any_order_and_any_batches_gives_the_same(given_batches: list[list[Visit]], random: Random) -> None:
    store = MemoryStore()
    first = judge_all(store, given_batches)
    order = [visit for batch in given_batches for visit in batch]
    random.shuffle(order)

    assert judge_all(store, [order]) == first
    assert judge_all(store, [[one] for one in order]) == first


@examples(300)
@given(batches())
def test_two_unique_clicks_of_a_visitor_are_a_window_apart_whatever_their_order(
    given_batches: list[list[Visit]],
) -> None:
    facts = judge_all(MemoryStore(), given_batches)
    visits = {one.click_id: one for batch in given_batches for one in batch}
    openers: dict[str | None, list[int]] = {}
    for click_id, found in facts.items():
        if found.unique.is_unique and found.unique.basis == "address":
            openers.setdefault(visits[click_id].hashes.client, []).append(visits[click_id].at_ms)
    for times in openers.values():
        assert all(later - earlier >= WINDOW_S * 1000 for earlier, later in itertools.pairwise(sorted(times)))


@examples(300)
@given(batches())
def test_each_repeat_is_less_than_a_window_from_the_unique_click_that_it_names(
    given_batches: list[list[Visit]],
) -> None:
    facts = judge_all(MemoryStore(), given_batches)
    for click_id, found in facts.items():
        first = found.unique.first_click_id
        if found.unique.is_unique is False and found.unique.basis == "address":
            assert first is not None
            assert facts[first].unique.is_unique is True
            assert abs(ulid_milliseconds(first) - ulid_milliseconds(click_id)) < WINDOW_S * 1000


@examples(300)
@given(clicks())
def test_in_order_windows_follow_each_other_without_overlap(made: list[Visit]) -> None:
    order = sorted(made, key=lambda one: one.packed_id)
    facts = judge_all(MemoryStore(), [order])
    opened: dict[str | None, int] = {}
    for one in order:
        if one.has_cookie:
            continue
        start = opened.get(one.hashes.client)
        is_unique = start is None or one.at_ms - start >= WINDOW_S * 1000
        if is_unique:
            opened[one.hashes.client] = one.at_ms
        assert facts[one.click_id].unique.is_unique is is_unique


@examples(300)
@given(batches(), st.integers(0, 3))
def test_a_process_that_dies_between_two_steps_leaves_what_a_replay_agrees_with(
    given_batches: list[list[Visit]], steps: int
) -> None:
    """A batch may die before it writes, or after; it is read again, and again after that."""
    store = MemoryStore()
    dying = WindowBatch(given_batches[0], START_MS)
    writes = dying.apply(store.read(dying.plan()))
    if steps:
        store.write(writes)
    first = judge_all(store, given_batches)
    assert judge_all(store, given_batches) == first


@examples(300)
@given(batches(), st.data())
def test_two_processes_at_once_agree_on_what_is_unique(given_batches: list[list[Visit]], data: st.DataObject) -> None:
    """Batches are read at the same time, and their writes come in any order. Afterwards a replay agrees with each.

    Both may open a window at the edge between two buckets; which of the two a repeat names may then change.
    """
    store = MemoryStore()
    running = [WindowBatch(batch, START_MS) for batch in given_batches]
    pending: dict[int, Writes] = {number: batch.apply(store.read(batch.plan())) for number, batch in enumerate(running)}
    while left := [number for number, writes in pending.items() if writes]:
        number = data.draw(st.sampled_from(left))
        pending[number] = running[number].confirm(store.write(pending[number]))
    for visits, batch in zip(given_batches, running, strict=True):
        again = judge_visits(store, visits)
        assert [one.unique.is_unique for one in again] == [one.unique.is_unique for one in batch.facts()]
        assert [one.guards for one in again] == [one.guards for one in batch.facts()]


@given(st.integers(0, 2**48 - 1), st.binary(min_size=16, max_size=16))
def test_a_packed_id_is_the_id(at_ms: int, randomness: bytes) -> None:
    click_id = make_ulid(at_ms, randomness)
    assert (unpack_id(pack_id(click_id)), ulid_milliseconds(click_id)) == (click_id, at_ms)
    assert int.from_bytes(pack_id(click_id)[:6], "big") == at_ms
