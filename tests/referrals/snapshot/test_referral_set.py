import os
from pathlib import Path

import pytest

from referrals.metrics import LookupMetrics
from referrals.model import Key
from referrals.snapshot.reader import NAME, UNREADABLE
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import affiliate, code, program
from tests.referrals.snapshot.files import write_file

pytestmark = pytest.mark.slow

ABC: Key = ("code", "abc123")
ROWS = [program(), affiliate(), code()]


def known_from(folder: Path, max_changed: int = 100) -> ReferralSet:
    referral_set = ReferralSet(LookupMetrics(), max_changed)
    referral_set.use_file(write_file(folder, ROWS))
    return referral_set


def test_without_a_file_nothing_can_be_told() -> None:
    referral_set = ReferralSet(LookupMetrics())
    assert (referral_set.is_complete, referral_set.find(ABC)) == (False, UNREADABLE)


def test_a_file_is_the_whole_set(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path)
    assert (referral_set.find(ABC), referral_set.find(("code", "other")), referral_set.as_of) == (code(), None, 10)


def test_a_change_wins_over_the_file(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path)
    referral_set.apply_changes({ABC: 11}, [code(status="paused", version=11)], [])
    assert referral_set.find(ABC) == code(status="paused", version=11)


def test_a_deletion_wins_over_the_file(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path)
    referral_set.apply_changes({ABC: 11}, [], [ABC])
    assert referral_set.find(ABC) is None


def test_a_changed_row_that_is_not_understood_is_untold(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path)
    referral_set.apply_changes({ABC: 11}, [], [])
    assert referral_set.find(ABC) == UNREADABLE


def test_changes_that_a_newer_file_has_are_let_go(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path)
    referral_set.apply_changes({ABC: 11, ("code", "new"): 12}, [code(version=11), code(code="new", version=12)], [])
    referral_set.use_file(write_file(tmp_path, [*ROWS[:2], code(version=11)], version=11))
    assert (list(referral_set.changed), referral_set.find(ABC)) == ([("code", "new")], code(version=11))


def test_too_many_changes_end_the_whole_set_until_there_is_a_newer_file(tmp_path: Path) -> None:
    referral_set = known_from(tmp_path, max_changed=2)
    for version in (11, 12, 13):
        referral_set.apply_changes({("code", f"c{version}"): version}, [code(code=f"c{version}", version=version)], [])
    assert (referral_set.is_complete, referral_set.find(ABC), referral_set.changed) == (False, code(), {})
    referral_set.apply_changes({ABC: 14}, [], [ABC])
    assert referral_set.changed == {}
    referral_set.use_file(write_file(tmp_path, ROWS, version=13))
    assert (referral_set.is_complete, referral_set.find(ABC), referral_set.as_of) == (True, code(), 13)


def test_damage_is_noticed_and_counted(tmp_path: Path) -> None:
    metrics = LookupMetrics()
    referral_set = ReferralSet(metrics)
    referral_set.use_file(write_file(tmp_path, ROWS))
    os.truncate(tmp_path / NAME, 30)
    found = referral_set.find(ABC)
    assert (found, referral_set.is_damaged, metrics.snapshot_unreadable._value.get()) == (UNREADABLE, True, 1)


def test_what_is_in_use_is_shown(tmp_path: Path) -> None:
    metrics = LookupMetrics()
    referral_set = ReferralSet(metrics)
    referral_set.use_file(write_file(tmp_path, ROWS))
    referral_set.apply_changes({ABC: 11}, [code(version=11)], [])
    shown = [
        gauge.collect()[0].samples[0].value
        for gauge in (metrics.snapshot_version, metrics.snapshot_codes, metrics.snapshot_changes)
    ]
    assert (shown, metrics.snapshot_age.collect()[0].samples[0].value > 0) == ([10, 1, 1], True)
