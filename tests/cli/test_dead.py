"""`clickrail dead`: what is said, and what happens."""

import asyncio
import re
from hashlib import sha256

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from sink.settings import Settings
from tests.sink.test_service import prepared
from tests.storage.test_replay import store_letters

pytestmark = pytest.mark.servers


@pytest.fixture
async def settings(kafka: str, database_url: str, topic_prefix: str) -> Settings:
    prepared_settings = await prepared(kafka, database_url, topic_prefix)
    await store_letters(prepared_settings, [b'{"a":', b"\x00\xff"])
    return prepared_settings


def call(settings: Settings, *arguments: str) -> Result:
    environ = {
        "CLICKRAIL_DATABASE_URL": settings.database_url.reveal(),
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers[0],
        "CLICKRAIL_KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
    }
    return CliRunner().invoke(app, ["dead", *arguments], env=environ)


def test_letters_are_listed_with_what_became_of_them(settings: Settings) -> None:
    listed = call(settings, "list")

    lines = listed.stdout.splitlines()
    topic = settings.kafka_topic_prefix + "clicks.enriched"
    digest = sha256(b"\x00\xff").hexdigest()[:8]
    assert lines[0].split("\t") == ["letter", "failed at", "stage", "reason", "state", "detail"]
    assert lines[1].split("\t")[:5] == [
        f"{topic}/0/1@{digest}",
        "2026-11-20 12:00:01Z",
        "sink",
        "wrong_shape",
        "waiting",
    ]
    assert listed.stderr.strip() == "2 waiting, 0 sent again."


def test_a_replay_is_counted_before_and_after_and_a_dry_run_sends_nothing(settings: Settings) -> None:
    dry, real, once_more = call(settings, "replay", "--dry-run"), call(settings, "replay"), call(settings, "replay")

    assert dry.stdout.strip() == "2 letters would be sent again. Now: 2 waiting, 0 sent again."
    assert real.stdout.strip() == (
        "2 letters sent again. Before: 2 waiting, 0 sent again. Now: 0 waiting, 2 sent again."
    )
    assert once_more.stdout.startswith("0 letters sent again.")


def test_one_letter_is_shown_with_its_bytes(settings: Settings) -> None:
    name = f"{settings.kafka_topic_prefix}clicks.enriched/0/1"

    shown, raw = call(settings, "show", name), call(settings, "show", name, "--raw")

    assert "value\t\\x00\\\\xff" in shown.stdout
    assert raw.stdout_bytes == b"\x00\xff"


def test_a_shown_letter_says_when_it_was_sent_again(settings: Settings) -> None:
    call(settings, "replay")

    shown = call(settings, "show", f"{settings.kafka_topic_prefix}clicks.enriched/0/1")

    assert re.search(r"sent_again\t\S+ \S+Z sent\n", shown.stdout)


async def test_a_name_that_two_letters_have_is_refused_with_a_name_for_each(settings: Settings) -> None:
    await store_letters(settings, [b"of the topic that was made again"])
    place = f"{settings.kafka_topic_prefix}clicks.enriched/0/0"
    old, new = (f"{place}@{sha256(value).hexdigest()[:8]}" for value in (b'{"a":', b"of the topic that was made again"))

    ambiguous = await asyncio.to_thread(call, settings, "show", place)
    shown = [await asyncio.to_thread(call, settings, "show", name, "--raw") for name in (old, new)]

    assert ambiguous.exit_code == 2
    assert f"{place} names 2 letters" in ambiguous.stderr
    assert {old, new} <= set(re.findall(r"\S+@[0-9a-f]+", ambiguous.stderr))
    assert [one.stdout_bytes for one in shown] == [b'{"a":', b"of the topic that was made again"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clicks.raw/0/99", "there is no dead letter clicks.raw/0/99"),
        ("clicks.raw", "'clicks.raw' is not the name of a dead letter"),
        ("clicks.raw/0/99999999999999999999", "is not the name of a dead letter"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(settings: Settings, name: str, message: str) -> None:
    missing = call(settings, "show", name)

    assert (missing.exit_code, len(missing.stderr.splitlines())) == (2, 1)
    assert message in missing.stderr
