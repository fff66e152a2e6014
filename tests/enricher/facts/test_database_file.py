"""Which of several databases' answers counts; the file itself is tested by what uses it, in test_geo_files.py."""

import pytest

from enricher.facts.database_file import find_best
from schemas import Geo


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ([], "no_database"),
        (["not_found", "bad_database", "no_database"], "bad_database"),
        (["no_database", "not_found"], "not_found"),
        (["bad_database", "found", "not_found"], "found"),
    ],
)
def test_the_best_answer_counts(statuses: list[str], best: str) -> None:
    assert find_best((Geo(status=status) for status in statuses), Geo(status="no_database")) == Geo(status=best)


def test_databases_after_the_one_that_knows_are_not_asked() -> None:
    answers = iter([Geo(status="found"), Geo(status="found", country="PT")])

    assert find_best(answers, Geo(status="no_database")) == Geo(status="found")
    assert next(answers).country == "PT"
