"""The tables of docs/targets.md: each row is a case, and says what is so."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.admin_common import read_changes
from identity.token import make_token
from ingest.pipeline import build_location, build_location_without_click
from ingest.request.parameters import read_parameters
from referrals.lookup.answers import Found
from tests.identity.builders import CLICK_ID
from tests.ingest.builders import found, keys

PAGE = Path(__file__).parents[2] / "docs" / "targets.md"
HEADER = "| stored URL | settings | visitor's query | Location |"
CELL = re.compile("`([^`]*)`")


class Case(NamedTuple):
    section: str
    url: str
    settings: tuple[str, ...]
    query: str
    location: str


def read_cases() -> list[Case]:
    cases: list[Case] = []
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        lines = text.splitlines()
        rows = lines[lines.index(HEADER) + 2 :] if HEADER in lines else []
        for row in rows[: rows.index("")] if "" in rows else rows:
            url, settings, query, location = (CELL.findall(cell) for cell in row.strip("|").split("|"))
            cases.append(Case(title, "".join(url), tuple(settings), "".join(query), "".join(location)))
    return cases


CASES = read_cases()


def referral(case: Case) -> Found:
    return found(target_url=case.url, **read_changes("program", dict(text.split("=", 1) for text in case.settings)))


def test_there_are_enough_cases_and_no_two_are_the_same() -> None:
    assert len(CASES) >= 40
    assert len({case[:4] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.url} {' '.join(case.settings)} ?{case.query}")
def test_a_row_says_what_is_so(case: Case) -> None:
    made, parameters = referral(case), read_parameters(case.query)
    if case.section == "Without a click":
        url = made.fallback_url if made.inactive_kind else made.target_url
        location = build_location_without_click(url, made, parameters, case.query)
    else:
        location = build_location(keys(), made, CLICK_ID, parameters, case.query).location
    token = make_token(keys().token, CLICK_ID, made.program.id)
    assert location == case.location.replace("CLICK", CLICK_ID).replace("TOKEN", token)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.url} {' '.join(case.settings)} ?{case.query}")
def test_whether_a_token_is_carried_is_told_as_it_is(case: Case) -> None:
    made = referral(case)
    aimed = build_location(keys(), made, CLICK_ID, read_parameters(case.query), case.query)
    assert aimed.has_token == (make_token(keys().token, CLICK_ID, made.program.id) in aimed.location)
