"""Questions that are not answered."""

import pytest

from console.analytics.refusals import Refused, explain_refusal
from storage.read.asking.plan import NotKept, Refusal, TooLarge
from storage.read.asking.question import Problem


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (
            TooLarge(4_000_000, "more than a page may read"),
            Refused("This would read about 4,000,000 clicks", "More than a page may read.", can_count=True),
        ),
        (
            TooLarge(50_000, "more"),
            Refused("This would read about 50,000 clicks", "More.", can_count=True, is_quick=True),
        ),
        (TooLarge(None, "more"), Refused("This would read many clicks", "More.", can_count=True)),
        (NotKept("the clicks are gone"), Refused("These clicks are not kept", "The clicks are gone.")),
        (Problem("no measure"), Refused("This cannot be asked", "No measure.")),
    ],
)
def test_a_refusal_says_why_and_whether_it_can_be_counted(refusal: Refusal, expected: Refused) -> None:
    assert explain_refusal(refusal) == expected
