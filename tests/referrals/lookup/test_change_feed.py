"""What the subscriber does with a snapshot. With a real Postgres: test_changes_in_force; races: test_races."""

from pathlib import Path

from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.change_feed import ChangeSubscriber, end_of_version
from referrals.lookup.local_cache import ReferralCache
from referrals.metrics import LookupMetrics
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import Clock, affiliate, code, program
from tests.referrals.snapshot.files import HERE, write_file

ROWS = [program(), affiliate(), code()]


def make_subscriber() -> ChangeSubscriber:
    cache = ReferralCache(CachePolicy(), Clock().time(), lambda _: None, ReferralSet(LookupMetrics()))
    return ChangeSubscriber(cache, lambda *_: None, LookupMetrics())


def test_the_end_of_a_version_is_after_all_its_changes() -> None:
    assert (10, "program", "zzz") < end_of_version(10) < (11, "affiliate", "")


def test_without_a_position_it_starts_from_the_snapshots_version(tmp_path: Path) -> None:
    subscriber = make_subscriber()
    assert subscriber.use_file(write_file(tmp_path, ROWS, version=10))
    assert (subscriber.position, subscriber.installation) == (end_of_version(10), HERE)
    assert (subscriber.local_cache.versions.floor, subscriber.wake_up.is_set()) == (10, True)


def test_it_goes_back_to_a_snapshot_older_than_its_position(tmp_path: Path) -> None:
    subscriber = make_subscriber()
    subscriber.position = (12, "code", "abc")
    subscriber.use_file(write_file(tmp_path, ROWS, version=10))
    assert subscriber.position == end_of_version(10)


def test_the_snapshot_of_another_installation_is_refused(tmp_path: Path) -> None:
    subscriber = make_subscriber()
    subscriber.installation = "another"
    assert not subscriber.use_file(write_file(tmp_path, ROWS))
    assert (subscriber.position, subscriber.referral_set.file) == (None, None)


def test_a_reset_removes_everything(tmp_path: Path) -> None:
    subscriber = make_subscriber()
    subscriber.use_file(write_file(tmp_path, ROWS))
    subscriber.local_cache.find("abc123")
    subscriber.reset()
    assert (subscriber.position, subscriber.referral_set.file, subscriber.local_cache.keys()) == (None, None, [])
