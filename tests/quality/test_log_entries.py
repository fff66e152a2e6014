"""Counts of a network's last clicks, compared with counting each by its definition."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from quality.log_entries import ENTRY, SEEN, count_entries, keep_whole, read_last, split_id, write_entry
from quality.window_visits import NO_COOKIE, Visit
from tests.quality.visits import START_MS, cookie, visit

NAMES = ("ann", "bob", "eve")
AGES_MS = (0, 1, 9_999, 10_000, 10_001, 29_999, 30_000, 59_999, 60_000, 60_001, 599_999, 600_000, 600_001)


class Came(NamedTuple):
    """A click of the network: how long before (or after) the counted one, whose, and on which link."""

    age_ms: int
    client: str
    lease: int | None
    code: str

    def make(self, number: int) -> Visit:
        held = {} if self.lease is None else cookie(visit(-900_000, name=f"lease {self.lease}").click_id)
        return visit(700_000 - self.age_ms, client=self.client, name=number, code=self.code, **held)


comings = st.builds(
    Came,
    st.sampled_from(AGES_MS) | st.integers(-1_000, 700_000),
    st.sampled_from(NAMES),
    st.none() | st.integers(0, 2),
    st.sampled_from(["shoes", "hats"]),
)


@given(st.lists(comings, max_size=12), st.integers(0, 12), comings)
def test_any_clicks_in_any_order_are_counted_as_defined(came: Sequence[Came], split: int, counted: Came) -> None:
    earlier = [one.make(number) for number, one in enumerate(came)]
    asked = counted._replace(age_ms=0).make(999)
    entries = [write_entry(each, (0,) * 9) for each in earlier]
    last = read_last(b"".join(entries[split:]), b"".join(entries[:split]))

    assert count_entries(asked, asked.at_ms, last) == count_one_by_one(asked, earlier)


@given(st.lists(comings, max_size=3), st.lists(comings, max_size=3), comings)
def test_clicks_that_are_added_count_as_those_that_were_read(
    read: Sequence[Came], added: Sequence[Came], counted: Came
) -> None:
    earlier = [one.make(number) for number, one in enumerate((*read, *added))]
    asked = counted._replace(age_ms=0).make(999)
    last = read_last(b"".join(write_entry(each, (0,) * 9) for each in earlier[: len(read)]))
    for each in earlier[len(read) :]:
        last.add(each)

    assert count_entries(asked, asked.at_ms, last) == count_one_by_one(asked, earlier)


def count_one_by_one(asked: Visit, earlier: Sequence[Visit]) -> tuple[int, ...]:
    """Count as `Counts` says: up to the click, by seconds, clients, cookies and links."""

    def within(seconds: int) -> list[Visit]:
        return [one for one in earlier if asked.at_ms - 1000 * seconds < one.at_ms <= asked.at_ms]

    def mine(seconds: int) -> list[Visit]:
        return [one for one in within(seconds) if one.client == asked.client]

    def own(seconds: int) -> list[Visit]:
        return [one for one in mine(seconds) if asked.cookie in (one.cookie, split_id(one.packed_id)[2])]

    itself = 0 if asked.has_cookie else 1
    held = {one.cookie for one in within(600)} | ({asked.cookie} if asked.has_cookie else set())
    return (
        itself + sum(one.cookie == NO_COOKIE for one in mine(60)),
        itself + sum(one.cookie == NO_COOKIE for one in mine(600)),
        1 + len(within(60)),
        len({one.client for one in within(60)} | {asked.client}),
        len({one.client for one in within(600)} | {asked.client}),
        len(held - {NO_COOKIE}),
        len({one.link for one in own(10)} | {asked.link}),
        len({one.link for one in within(10)} | {asked.link}),
        sum(one.link == asked.link for one in own(30)),
    )


def test_only_the_last_entries_are_read_and_the_log_before_fills_up_what_is_missing() -> None:
    entries = [write_entry(visit(number, name=number), (0,) * 9) for number in range(SEEN + 3)]
    log, before = b"".join(entries[100:]), b"".join(entries[:100])
    last = read_last(log, before)

    assert [head >> 16 for head in last.heads] == [START_MS + number for number in range(3, SEEN + 3)]
    assert last.last_ms == START_MS + SEEN + 2
    assert read_last(b"".join(entries)).heads == last.heads


def test_of_a_log_cut_in_an_entry_the_whole_entries_are_kept() -> None:
    entry = write_entry(visit(), (1,) * 9)

    assert keep_whole(entry + entry[:-1]) == entry
    assert keep_whole(entry) == entry
    assert len(entry) == ENTRY.size
