"""What a process answers from the set that it knows as a whole."""

import os
from pathlib import Path

from referrals.lookup.answers import UNKNOWN_HERE, Found
from referrals.lookup.local_cache import CachePolicy, ReferralCache
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.snapshot.reader import NAME
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import Clock, affiliate, code, program
from tests.referrals.snapshot.files import write_file

FOUND = Found(code(), affiliate(), program(), "process")
PAUSED = code(status="paused", version=11)


class Knowing:
    """A process that knows a program, an affiliate and a code from a file, at version 10."""

    def __init__(self, folder: Path, most_changed: int = 100, **holding: float) -> None:
        self.clock = Clock()
        self.known = ReferralSet(LookupMetrics(), most_changed)
        self.held = ReferralCache(CachePolicy(**holding), self.clock.time(), lambda _: None, self.known)
        self.known.adopt(write_file(folder, [program(), affiliate(), code()]))

    def follow(self) -> None:
        self.known.fresh_until = self.clock.seconds + 1.5

    def overflow(self) -> None:
        for version in range(20, 25):
            name = f"c{version}"
            self.known.take_in({("code", name): version}, [code(code=name, version=version)], [])


def test_a_code_of_the_file_is_found_and_held_from_then_on(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    answers = [process.held.find("abc123")]
    os.truncate(tmp_path / NAME, 0)
    answers.append(process.held.find("abc123"))
    assert answers == [FOUND, FOUND]


def test_a_code_that_made_room_for_others_is_found_again(tmp_path: Path) -> None:
    process = Knowing(tmp_path, most_of_a_kind=1)
    process.held.find("abc123")
    process.held.keep(code(code="other"), 10)
    assert (list(process.held.codes), process.held.find("abc123")) == (["other"], FOUND)


def test_what_changed_since_wins(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.known.take_in({("code", "abc123"): 11}, [PAUSED], [])
    found = process.held.find("abc123")
    assert isinstance(found, Found)
    assert found.code == PAUSED


def test_a_newer_value_that_is_held_wins(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.held.keep(PAUSED, 11)
    found = process.held.find("abc123")
    assert isinstance(found, Found)
    assert found.code == PAUSED


def test_nothing_is_said_of_a_code_whose_change_is_known_and_not_yet_read(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.held.record([Change("code", "abc123", 11)])
    assert (process.held.find("abc123"), process.held.find_stale("abc123")) == (None, FOUND)


def test_the_file_stays_good_however_many_other_changes_there_were(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.held.changes.most = 10
    process.held.record([Change("code", f"c{n}", 11 + n) for n in range(100)])
    assert process.held.find("abc123") == FOUND


def test_a_code_that_is_not_in_the_set_is_asked_for(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.follow()
    assert None is process.held.find("new")


def test_when_many_such_codes_are_asked_for_they_are_unknown_while_changes_are_followed(tmp_path: Path) -> None:
    process = Knowing(tmp_path, asked_per_s=2)
    process.follow()
    assert [process.held.find(f"c{n}") for n in range(5)] == [None, None, UNKNOWN_HERE, UNKNOWN_HERE, UNKNOWN_HERE]
    process.clock.pass_seconds(1.6)
    assert [process.held.find(f"c{n}") for n in range(5)] == [None] * 5


def test_whoever_was_let_through_to_the_stores_needs_no_second_leave(tmp_path: Path) -> None:
    process = Knowing(tmp_path, asked_per_s=1)
    process.follow()
    assert [process.held.find("new"), process.held.find("new", admitted=True)] == [None, None]
    assert process.held.find("other") == UNKNOWN_HERE


def test_a_code_that_was_deleted_is_asked_for_like_any_other(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.known.take_in({("code", "abc123"): 11}, [], [("code", "abc123")])
    assert (process.held.find("abc123"), process.held.find_stale("abc123")) == (None, None)


def test_too_many_changes_leave_the_file_for_when_nobody_else_answers(tmp_path: Path) -> None:
    process = Knowing(tmp_path, most_changed=2)
    process.overflow()
    assert (process.held.find("abc123"), process.held.find_stale("abc123")) == (None, FOUND)


def test_a_damaged_block_says_nothing(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.follow()
    os.truncate(tmp_path / NAME, 30)
    assert (process.held.find("abc123"), process.held.find("new")) == (None, None)


def test_what_cannot_be_a_code_is_not_looked_for(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    assert [process.held.find(text) for text in ("abc123 {}", "abc\n", "\udcff", "", "a" * 65)] == [None] * 5
    assert [process.held.find_stale(text) for text in ("abc123 {}", "\udcff")] == [None] * 2


def test_everything_can_be_forgotten(tmp_path: Path) -> None:
    process = Knowing(tmp_path)
    process.held.find("abc123")
    process.held.forget()
    process.known.forget()
    assert (process.held.find("abc123"), process.held.keys(), process.held.find_stale("abc123")) == (None, [], None)
