"""What a process answers from the set that it knows as a whole."""

import os
from pathlib import Path

from referrals.lookup.answers import UNKNOWN_HERE, Found
from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.local_cache import ReferralCache
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.snapshot.reader import NAME
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import Clock, affiliate, code, program
from tests.referrals.snapshot.files import write_file

FOUND = Found(code(), affiliate(), program(), "process")
PAUSED = code(status="paused", version=11)


class ProcessWithSnapshot:
    """A process that knows a program, an affiliate and a code from a file, at version 10."""

    def __init__(self, folder: Path, max_changed: int = 100, **cache_policy: float) -> None:
        self.clock = Clock()
        self.referral_set = ReferralSet(LookupMetrics(), max_changed)
        self.local_cache = ReferralCache(
            CachePolicy(**cache_policy), self.clock.time(), lambda _: None, self.referral_set
        )
        self.referral_set.use_file(write_file(folder, [program(), affiliate(), code()]))

    def follow(self) -> None:
        self.referral_set.fresh_until = self.clock.seconds + 1.5

    def overflow(self) -> None:
        for version in range(20, 25):
            name = f"c{version}"
            self.referral_set.apply_changes({("code", name): version}, [code(code=name, version=version)], [])


def test_a_code_of_the_file_is_found_and_held_from_then_on(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    answers = [process.local_cache.find("abc123")]
    os.truncate(tmp_path / NAME, 0)
    answers.append(process.local_cache.find("abc123"))
    assert answers == [FOUND, FOUND]


def test_a_code_that_made_room_for_others_is_found_again(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path, max_per_kind=1)
    process.local_cache.find("abc123")
    process.local_cache.put(code(code="other"), 10)
    assert (list(process.local_cache.codes), process.local_cache.find("abc123")) == (["other"], FOUND)


def test_what_changed_since_wins(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.referral_set.apply_changes({("code", "abc123"): 11}, [PAUSED], [])
    found = process.local_cache.find("abc123")
    assert isinstance(found, Found)
    assert found.code == PAUSED


def test_a_newer_value_that_is_held_wins(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.local_cache.put(PAUSED, 11)
    found = process.local_cache.find("abc123")
    assert isinstance(found, Found)
    assert found.code == PAUSED


def test_nothing_is_said_of_a_code_whose_change_is_known_and_not_yet_read(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.local_cache.record([Change("code", "abc123", 11)])
    assert (process.local_cache.find("abc123"), process.local_cache.find_stale("abc123")) == (None, FOUND)


def test_the_file_stays_good_however_many_other_changes_there_were(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.local_cache.versions.max_tracked = 10
    process.local_cache.record([Change("code", f"c{n}", 11 + n) for n in range(100)])
    assert process.local_cache.find("abc123") == FOUND


def test_a_code_that_is_not_in_the_set_is_asked_for(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.follow()
    assert None is process.local_cache.find("new")


def test_when_many_such_codes_are_asked_for_they_are_unknown_while_changes_are_followed(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path, max_unknown_reads_per_s=2)
    process.follow()
    assert [process.local_cache.find(f"c{n}") for n in range(5)] == [
        None,
        None,
        UNKNOWN_HERE,
        UNKNOWN_HERE,
        UNKNOWN_HERE,
    ]
    process.clock.pass_seconds(1.6)
    assert [process.local_cache.find(f"c{n}") for n in range(5)] == [None] * 5


def test_whoever_was_let_through_to_the_stores_needs_no_second_leave(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path, max_unknown_reads_per_s=1)
    process.follow()
    assert [process.local_cache.find("new"), process.local_cache.find("new", is_admitted=True)] == [None, None]
    assert process.local_cache.find("other") == UNKNOWN_HERE


def test_a_code_that_was_deleted_is_asked_for_like_any_other(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.referral_set.apply_changes({("code", "abc123"): 11}, [], [("code", "abc123")])
    assert (process.local_cache.find("abc123"), process.local_cache.find_stale("abc123")) == (None, None)


def test_too_many_changes_leave_the_file_for_when_nobody_else_answers(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path, max_changed=2)
    process.overflow()
    assert (process.local_cache.find("abc123"), process.local_cache.find_stale("abc123")) == (None, FOUND)


def test_a_damaged_block_says_nothing(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.follow()
    os.truncate(tmp_path / NAME, 30)
    assert (process.local_cache.find("abc123"), process.local_cache.find("new")) == (None, None)


def test_what_cannot_be_a_code_is_not_looked_for(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    assert [process.local_cache.find(text) for text in ("abc123 {}", "abc\n", "\udcff", "", "a" * 65)] == [None] * 5
    assert [process.local_cache.find_stale(text) for text in ("abc123 {}", "\udcff")] == [None] * 2


def test_everything_can_be_forgotten(tmp_path: Path) -> None:
    process = ProcessWithSnapshot(tmp_path)
    process.local_cache.find("abc123")
    process.local_cache.clear()
    process.referral_set.clear()
    assert (
        process.local_cache.find("abc123"),
        process.local_cache.keys(),
        process.local_cache.find_stale("abc123"),
    ) == (None, [], None)
