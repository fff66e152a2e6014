from referrals.lookup.answers import UNKNOWN_HERE, Found
from referrals.lookup.local_cache import CachePolicy, ReferralCache
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.snapshot.referral_set import ReferralSet
from tests.referrals.builders import Clock, affiliate, code, program


class Held:
    """What a process holds, with a clock to turn and the renewals it asked for."""

    def __init__(self, **holding: float) -> None:
        self.clock = Clock()
        self.wanted: list[str] = []
        self.referrals = ReferralCache(
            CachePolicy(**holding), self.clock.time(), self.wanted.append, ReferralSet(LookupMetrics())
        )

    def keep_all(self, as_of: int = 10) -> None:
        for value in (program(), affiliate(), code()):
            self.referrals.keep(value, as_of)


FOUND = Found(code(), affiliate(), program(), "process")


def test_a_code_is_found_with_its_affiliate_and_program() -> None:
    held = Held()
    held.keep_all()
    assert held.referrals.find("abc123") == FOUND


def test_nothing_is_said_of_a_code_that_is_not_held() -> None:
    held = Held()
    held.keep_all()
    assert None is held.referrals.find("ABC123")


def test_nothing_is_said_while_the_program_is_not_held() -> None:
    held = Held()
    held.referrals.keep(affiliate(), 10)
    held.referrals.keep(code(), 10)
    assert None is held.referrals.find("abc123")


def test_a_paused_program_is_one_entry_for_all_its_codes() -> None:
    held = Held()
    held.keep_all()
    held.referrals.keep(code(code="other", version=4), 10)
    held.referrals.keep(program(status="paused", version=11), 11)
    assert [held.referrals.find(name).inactive_kind for name in ("abc123", "other")] == ["program", "program"]


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    held = Held()
    held.keep_all()
    held.referrals.keep(program(status="paused", version=11), 11)
    held.referrals.keep(program(), 10)
    assert held.referrals.find("abc123").inactive_kind == "program"


def test_an_entry_due_for_renewal_is_still_served_and_its_renewal_asked_for() -> None:
    held = Held(renew_s=300)
    held.keep_all()
    held.clock.pass_seconds(299)
    assert (held.referrals.find("abc123"), held.wanted) == (FOUND, [])
    held.clock.pass_seconds(1)
    assert (held.referrals.find("abc123"), held.wanted) == (FOUND, ["abc123"])


def test_a_program_due_for_renewal_has_the_code_renewed() -> None:
    held = Held(renew_s=300)
    held.referrals.keep(program(), 10)
    held.clock.pass_seconds(200)
    held.referrals.keep(affiliate(), 10)
    held.referrals.keep(code(), 10)
    held.clock.pass_seconds(100)
    assert (held.referrals.find("abc123"), held.wanted) == (FOUND, ["abc123"])


def test_a_renewed_entry_is_fresh_again() -> None:
    held = Held(renew_s=300)
    held.keep_all()
    held.clock.pass_seconds(300)
    held.keep_all()
    assert (held.referrals.find("abc123"), held.wanted) == (FOUND, [])


def test_an_entry_nothing_has_confirmed_for_too_long_is_not_served() -> None:
    held = Held(keep_s=3600)
    held.keep_all()
    held.clock.pass_seconds(3600)
    assert None is held.referrals.find("abc123")


def test_that_there_is_no_such_code_is_believed_for_a_while() -> None:
    held = Held(unknown_s=30)
    held.referrals.keep_unknown("nope", 10)
    held.clock.pass_seconds(29)
    assert UNKNOWN_HERE is held.referrals.find("nope")
    held.clock.pass_seconds(1)
    assert None is held.referrals.find("nope")


def test_a_code_that_comes_into_being_is_no_longer_unknown() -> None:
    held = Held()
    held.referrals.keep_unknown("abc123", 10)
    held.referrals.record([Change("code", "abc123", 11)])
    assert None is held.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_that_there_was_no_such_code() -> None:
    held = Held()
    held.referrals.record([Change("code", "abc123", 11)])
    held.referrals.keep_unknown("abc123", 10)
    assert None is held.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_what_changed_meanwhile() -> None:
    held = Held()
    held.referrals.record([Change("program", "shop", 11)])
    held.keep_all(as_of=10)
    assert None is held.referrals.find("abc123")


def test_a_slow_reader_does_not_bring_back_what_was_deleted_meanwhile() -> None:
    held = Held()
    held.keep_all(as_of=10)
    held.referrals.record([Change("code", "abc123", 11)])
    held.referrals.drop(("code", "abc123"), 11)
    held.referrals.keep(code(), 10)
    assert None is held.referrals.find("abc123")


def test_a_code_held_from_a_later_version_outlives_the_news_that_there_was_none() -> None:
    held = Held()
    held.referrals.keep(program(), 12)
    held.referrals.keep(affiliate(), 12)
    held.referrals.keep(code(version=12), 12)
    held.referrals.keep_unknown("abc123", 11)
    held.referrals.drop(("code", "abc123"), 11)
    assert held.referrals.find("abc123").code.code == "abc123"


def test_changes_tell_what_is_held_of_them() -> None:
    held = Held()
    held.keep_all()
    changes = [Change("code", "abc123", 11), Change("code", "other", 12), Change("program", "shop", 13)]
    assert held.referrals.record(changes) == [("code", "abc123"), ("program", "shop")]


def test_what_was_not_renewed_for_longest_makes_room() -> None:
    held = Held(most_of_a_kind=2)
    for name in ("a", "b", "a", "c"):
        held.referrals.keep(code(code=name), 10)
    assert list(held.referrals.codes) == ["a", "c"]


def test_the_unknown_ones_are_bounded_too() -> None:
    held = Held(most_unknown=2)
    for name in ("a", "b", "a", "c"):
        held.referrals.keep_unknown(name, 10)
    assert list(held.referrals.unknown) == ["a", "c"]
