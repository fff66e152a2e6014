"""Which refusals are recorded."""

from ingest.rejections import MAX_PER_SECOND, RejectionGate

SECOND = 1_795_000_000


def test_twenty_refusals_per_second_and_reason_are_recorded() -> None:
    gate = RejectionGate()
    admitted = [gate.admits("R102", SECOND) for _ in range(500)]
    assert admitted == [True] * MAX_PER_SECOND + [False] * (500 - MAX_PER_SECOND)


def test_a_flood_for_one_reason_leaves_room_for_the_others() -> None:
    gate = RejectionGate()
    for _ in range(500):
        gate.admits("R102", SECOND)
    assert gate.admits("R101", SECOND)


def test_the_next_second_starts_afresh() -> None:
    gate = RejectionGate()
    for _ in range(500):
        gate.admits("R102", SECOND)
    assert [gate.admits("R102", SECOND + 1), gate.admits("R102", SECOND + 1)] == [True, True]


def test_a_clock_that_jumps_back_stops_nothing() -> None:
    gate = RejectionGate()
    for _ in range(500):
        gate.admits("R102", SECOND)
    assert gate.admits("R102", SECOND - 86_400)
