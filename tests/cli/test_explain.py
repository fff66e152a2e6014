"""`clickrail explain`: one click, in a terminal and as JSON."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from schemas import Bot, Counts, EnrichedClick, Fraud, Network, RejectedClick, Signal, Uniqueness
from tests.console.builders import NOW, TURNED, enriched_click, open_tables, rejected_click, store, ulid_at

pytestmark = pytest.mark.servers

CLICK = enriched_click(
    NOW,
    1,
    network=Network(status="found", asn=16509, org="Amazon.com", kind="hosting", certainty="certain", provider=TURNED),
    unique=Uniqueness(is_unique=False, basis="address", first_click_id=ulid_at(NOW, 9), status="judged"),
    counts=Counts(status="late"),
    bot=Bot(is_bot=False, reasons=[], kind="person"),
    fraud=Fraud(
        score=35,
        band="suspicious",
        signals=[Signal(name="hosting_network", weight=0.35, detail="Amazon.com")],
        rules="clickrail 1 abc",
        stage="live",
    ),
)


def call(database_url: str, records: Sequence[EnrichedClick | RejectedClick], *arguments: str) -> Result:
    """Store the records, and run the command."""

    async def prepare() -> None:
        async with open_tables(database_url) as connection:
            await store(connection, records)

    asyncio.run(prepare())
    return CliRunner().invoke(app, ["explain", *arguments], env={"CLICKRAIL_DATABASE_URL": database_url})


def test_a_click_is_explained_line_by_line(database_url: str) -> None:
    result = call(database_url, [CLICK], CLICK.click_id.lower())
    lines = [line.split("\t") for line in result.stdout.splitlines()]

    assert result.exit_code == 0
    assert ["Network", r"AS16509 Amazon.com: a hosting provider (safe\u202Etxt.exe)."] in lines
    assert ["Unique", f"A repeat within 24 h of click {ulid_at(NOW, 9)}, by address and browser."] in lines
    assert ["Score", "35 of 100, suspicious, live."] in lines
    assert ["Verdict", "Live: 35 of 100, suspicious; rules clickrail 1 abc (counts)"] in lines
    (signal,) = [text for name, text in lines if name == "Signal"]
    assert signal.startswith("Hosting network, weight 0.35: The address belongs to a hosting provider (Amazon.com). ")
    (header,) = [text for name, text in lines if name == "Taken off"]
    assert "Not counted (missing headers): what other clicks on the host carry is not known" in header
    assert header.endswith(" The score would be 68.")
    (counts, later) = [text for name, text in lines if name == "Not judged"]
    assert counts.startswith("Duplicate click, ")
    assert counts.endswith("the click was published more than ten minutes after it happened.")
    assert later.startswith("Twin click, Machine rhythm, Wide client: ")


def test_as_json_it_has_the_record_the_decisions_and_the_evidence(database_url: str) -> None:
    told = json.loads(call(database_url, [CLICK], CLICK.click_id, "--json").stdout)

    assert told["click"]["network"]["asn"] == 16509
    assert "Network" in [one["subject"] for one in told["decisions"]]
    (evidence,) = told["quality"]["evidence"]
    assert (evidence["signal"]["name"], evidence["weight"]) == ("hosting_network", 0.35)
    assert told["quality"]["unjudged"][0]["signals"][0] == "duplicate_click"
    assert told["quality"]["spared"][0]["guard"] == "missing headers"


def test_a_rejection_is_explained_too(database_url: str) -> None:
    rejection = rejected_click()
    result = call(database_url, [rejection], rejection.rejection_id)

    assert result.stdout.startswith("R102\t")
    assert "rejection" in json.loads(call(database_url, [], rejection.rejection_id, "--json").stdout)


@pytest.mark.parametrize("asked", ["nonsense", ulid_at(NOW, 5), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_what_is_not_there_says_why_and_ends_with_2(database_url: str, asked: str) -> None:
    result = call(database_url, [], asked)

    assert result.exit_code == 2
    assert result.stderr.startswith("clickrail: there is no such click. ")
