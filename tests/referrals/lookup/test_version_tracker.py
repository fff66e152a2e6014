from referrals.lookup.version_tracker import Change, VersionTracker

ANN = ("affiliate", "ann")


def test_a_row_that_is_not_known_to_have_changed_is_current() -> None:
    assert VersionTracker().is_current(ANN, version=1, as_of=1)


def test_a_row_older_than_its_newest_change_is_not_current_whenever_it_was_read() -> None:
    changes = VersionTracker()
    changes.record([Change("affiliate", "ann", 7)])
    verdicts = [changes.is_current(ANN, version, as_of=9) for version in (6, 7, 8)]
    assert verdicts == [False, True, True]


def test_an_older_change_heard_later_is_passed_over() -> None:
    changes = VersionTracker()
    changes.record([Change("affiliate", "ann", 7), Change("affiliate", "ann", 5)])
    assert not changes.is_current(ANN, version=6, as_of=9)


def test_an_absence_holds_if_it_was_read_after_the_newest_change() -> None:
    changes = VersionTracker()
    changes.record([Change("affiliate", "ann", 7)])
    assert [changes.is_absent(ANN, as_of) for as_of in (6, 7)] == [False, True]


def test_changes_beyond_the_most_become_a_floor_for_every_reading() -> None:
    changes = VersionTracker(max_tracked=2)
    changes.record([Change("code", f"c{version}", version) for version in range(1, 6)])
    assert (changes.floor, len(changes.newest)) == (3, 2)
    assert [changes.is_current(ANN, version=1, as_of=as_of) for as_of in (2, 3)] == [False, True]
    assert [changes.is_absent(ANN, as_of) for as_of in (2, 3)] == [False, True]
