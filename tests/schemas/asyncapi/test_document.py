"""The AsyncAPI document is fresh, says who reads what, and is valid by the official parser."""

from pathlib import Path

import pytest
import yaml

from deploy.local.settings import LocalSettings
from schemas import TOPICS
from schemas.__main__ import read_examples
from schemas.asyncapi.document import build_document, write_document
from schemas.releases import ROOT
from schemas.topics import READS, WRITES
from tests.schemas.node_scripts import run_script

WRITTEN = ROOT / "asyncapi.yaml"
DOCUMENT = build_document(read_examples())


def test_the_written_document_is_fresh_and_yaml() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == write_document(read_examples()), "run: python -m schemas"
    assert yaml.safe_load(WRITTEN.read_text(encoding="utf-8")) == DOCUMENT


def test_each_topic_is_a_channel_with_the_settings_it_is_created_with() -> None:
    bindings = {channel["address"]: channel["bindings"]["kafka"] for channel in DOCUMENT["channels"].values()}

    assert {name: (each["topic"], each["partitions"]) for name, each in bindings.items()} == {
        topic.name: (topic.name, topic.partitions) for topic in TOPICS
    }
    for topic in TOPICS:
        config = bindings[topic.name]["topicConfiguration"]
        plain = {name: value[0] if isinstance(value, list) else str(value) for name, value in config.items()}
        assert plain == topic.config


def test_who_reads_and_who_writes_each_topic() -> None:
    said = [operation["summary"] for operation in DOCUMENT["operations"].values()]

    for verb, stages in (("reads", READS), ("writes", WRITES)):
        expected = {f"{stage.capitalize()} {verb} {topic}." for stage, topics in stages.items() for topic in topics}
        assert expected <= set(said)
    assert {line for line in said if line.startswith(("Data", "Console"))} == {
        "Console reads clicks.enriched.",
        "Console reads clicks.rejected.",
        "Data teams read clicks.dead.",
        "Data teams read clicks.enriched.",
        "Data teams read clicks.rejected.",
    }
    assert DOCUMENT["operations"]["sinkReadsClicksDead"]["bindings"]["kafka"]["groupId"]["const"] == "clickrail.sink"


@pytest.mark.servers
async def test_the_official_parser_takes_the_document_and_refuses_a_broken_one(
    server_settings: LocalSettings, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(WRITTEN.read_text(encoding="utf-8").replace("partitions: 3", 'partitions: "3"'))
    code, output = await run_script("asyncapi", server_settings, str(WRITTEN), str(broken))
    whole, _, wrong = output.partition(f"{len(DOCUMENT['operations'])} operations\n")

    assert code == 0, output
    assert [line for line in whole.splitlines() if line.startswith(("0 ", "1 "))] == []
    assert wrong.endswith("\n0 operations\n"), output
    assert "partitions" in wrong
