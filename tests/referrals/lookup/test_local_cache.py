from referrals.lookup.answers import UNKNOWN_HERE, Found
from referrals.lookup.cache_policy import CachePolicy
from referrals.lookup.local_cache import ReferralCache
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import Clock, affiliate, code, program


class CacheWithClock:
    """What a process holds, with a clock to turn and the renewals it asked for."""

    def __init__(self, **cache_policy: float) -> None:
        self.clock = Clock()
        self.wanted: list[str] = []
        self.referrals = ReferralCache(
            CachePolicy(**cache_policy), self.clock.time(), self.wanted.append, ReferralSet(LookupMetrics())
        )

    def keep_all(self, as_of: int = 10) -> None:
        for value in (program(), affiliate(), code()):
            self.referrals.put(value, as_of)


FOUND = Found(code(), affiliate(), program(), "process")


def test_a_code_is_found_with_its_affiliate_and_program() -> None:
    cached = CacheWithClock()
    cached.keep_all()
    assert cached.referrals.find("abc123") == FOUND


def test_nothing_is_said_of_a_code_that_is_not_held() -> None:
    cached = CacheWithClock()
    cached.keep_all()
    assert None is cached.referrals.find("ABC123")


def test_nothing_is_said_while_the_program_is_not_held() -> None:
    cached = CacheWithClock()
    cached.referrals.put(affiliate(), 10)
    cached.referrals.put(code(), 10)
    assert None is cached.referrals.find("abc123")


def test_a_paused_program_is_one_entry_for_all_its_codes() -> None:
    cached = CacheWithClock()
    cached.keep_all()
    cached.referrals.put(code(code="other", version=4), 10)
    cached.referrals.put(program(status="paused", version=11), 11)
    assert [cached.referrals.find(name).inactive_kind for name in ("abc123", "other")] == ["program", "program"]


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    cached = CacheWithClock()
    cached.keep_all()
    cached.referrals.put(program(status="paused", version=11), 11)
    cached.referrals.put(program(), 10)
    assert cached.referrals.find("abc123").inactive_kind == "program"


def test_an_entry_due_for_renewal_is_still_served_and_its_renewal_asked_for() -> None:
    cached = CacheWithClock(refresh_s=300)
    cached.keep_all()
    cached.clock.pass_seconds(299)
    assert (cached.referrals.find("abc123"), cached.wanted) == (FOUND, [])
    cached.clock.pass_seconds(1)
    assert (cached.referrals.find("abc123"), cached.wanted) == (FOUND, ["abc123"])


def test_a_program_due_for_renewal_has_the_code_renewed() -> None:
    cached = CacheWithClock(refresh_s=300)
    cached.referrals.put(program(), 10)
    cached.clock.pass_seconds(200)
    cached.referrals.put(affiliate(), 10)
    cached.referrals.put(code(), 10)
    cached.clock.pass_seconds(100)
    assert (cached.referrals.find("abc123"), cached.wanted) == (FOUND, ["abc123"])


def test_a_renewed_entry_is_fresh_again() -> None:
    cached = CacheWithClock(refresh_s=300)
    cached.keep_all()
    cached.clock.pass_seconds(300)
    cached.keep_all()
    assert (cached.referrals.find("abc123"), cached.wanted) == (FOUND, [])


def test_an_entry_nothing_has_confirmed_for_too_long_is_not_served() -> None:
    cached = CacheWithClock(expire_s=3600)
    cached.keep_all()
    cached.clock.pass_seconds(3600)
    assert None is cached.referrals.find("abc123")


def test_that_there_is_no_such_code_is_believed_for_a_while() -> None:
    cached = CacheWithClock(unknown_ttl_s=30)
    cached.referrals.put_unknown("nope", 10)
    cached.clock.pass_seconds(29)
    assert UNKNOWN_HERE is cached.referrals.find("nope")
    cached.clock.pass_seconds(1)
    assert None is cached.referrals.find("nope")


def test_a_code_that_comes_into_being_is_no_longer_unknown() -> None:
    cached = CacheWithClock()
    cached.referrals.put_unknown("abc123", 10)
    cached.referrals.record([Change("code", "abc123", 11)])
    assert None is cached.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_that_there_was_no_such_code() -> None:
    cached = CacheWithClock()
    cached.referrals.record([Change("code", "abc123", 11)])
    cached.referrals.put_unknown("abc123", 10)
    assert None is cached.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_what_changed_meanwhile() -> None:
    cached = CacheWithClock()
    cached.referrals.record([Change("program", "shop", 11)])
    cached.keep_all(as_of=10)
    assert None is cached.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_what_was_deleted_meanwhile() -> None:
    cached = CacheWithClock()
    cached.keep_all(as_of=10)
    cached.referrals.record([Change("code", "abc123", 11)])
    cached.referrals.remove(("code", "abc123"), 11)
    cached.referrals.put(code(), 10)
    assert None is cached.referrals.find("abc123")


def test_a_code_held_from_a_later_version_outlives_the_news_that_there_was_none() -> None:
    cached = CacheWithClock()
    cached.referrals.put(program(), 12)
    cached.referrals.put(affiliate(), 12)
    cached.referrals.put(code(version=12), 12)
    cached.referrals.put_unknown("abc123", 11)
    cached.referrals.remove(("code", "abc123"), 11)
    assert cached.referrals.find("abc123").code.code == "abc123"


def test_changes_tell_what_is_held_of_them() -> None:
    cached = CacheWithClock()
    cached.keep_all()
    changes = [Change("code", "abc123", 11), Change("code", "other", 12), Change("program", "shop", 13)]
    assert cached.referrals.record(changes) == [("code", "abc123"), ("program", "shop")]


def test_what_was_not_renewed_for_longest_makes_room() -> None:
    cached = CacheWithClock(max_per_kind=2)
    for name in ("a", "b", "a", "c"):
        cached.referrals.put(code(code=name), 10)
    assert list(cached.referrals.codes) == ["a", "c"]


def test_the_unknown_ones_are_bounded_too() -> None:
    cached = CacheWithClock(max_unknown=2)
    for name in ("a", "b", "a", "c"):
        cached.referrals.put_unknown(name, 10)
    assert list(cached.referrals.unknown) == ["a", "c"]
