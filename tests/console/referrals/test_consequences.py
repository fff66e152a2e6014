"""What a pause stops is counted on the rows, and said."""

import pytest

from console.referrals.consequences import describe
from referrals.admin.working_codes import WorkingCodes


@pytest.mark.parametrize(
    ("kind", "working", "people", "sentence"),
    [
        (
            "program",
            WorkingCodes(12, 3, 1),
            840,
            "Pausing stops 12 codes of 3 affiliates; 840 clicks of people in the last 7 days.",
        ),
        (
            "affiliate",
            WorkingCodes(1200, 1, 1),
            1,
            "Pausing stops 1,200 codes of 1 program; 1 click of people in the last 7 days.",
        ),
        ("code", WorkingCodes(300, 40, 2), None, "Pausing stops 300 codes of 40 affiliates."),
        ("code", WorkingCodes(0, 0, 0), 5, "Pausing stops no code: none of them works now."),
    ],
)
def test_it_is_one_sentence(kind: str, working: WorkingCodes, people: int | None, sentence: str) -> None:
    assert describe("Pausing", kind, working, people) == sentence
