"""The sample with Kafka's own console consumer, in the Java and with the jars of the local stack."""

import shlex
from pathlib import Path
from typing import Final

import pytest

from deploy.local.errors import Unreachable
from deploy.local.jars import install_kafka
from deploy.local.kafka import java
from deploy.local.settings import LocalSettings
from tests.docs.consumers.programs import SAMPLES, assert_all, printed_with_headers, run
from tests.docs.consumers.topics import Topics

pytestmark = pytest.mark.servers

LOCK: Final = Path(__file__).with_name("kafka-tools.lock")
MAIN: Final = "org.apache.kafka.tools.consumer.ConsoleConsumer"
STOPPED_BY_CTRL_C: Final = 130


@pytest.fixture
async def kafka_folder(server_settings: LocalSettings, tmp_path: Path) -> Path:
    """A folder with the program that Kafka's own `bin` has."""
    try:
        jars = (*await install_kafka(server_settings), *await install_kafka(server_settings, lock=LOCK))
    except Unreachable as error:
        pytest.skip(str(error))
    program = tmp_path / "kafka-console-consumer.sh"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(java(jars, "-XX:TieredStopAtLevel=1", MAIN))} "$@"\n')
    program.chmod(0o755)
    return tmp_path


async def test_the_console_consumer_reads_every_record_in_the_order_of_its_key(
    topics: Topics, kafka_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(kafka_folder), prepend=":")
    ended = await run(topics, "sh", SAMPLES / "console_consumer.sh", lines=len(topics.sent))

    assert ended.code == STOPPED_BY_CTRL_C, ended.errors
    assert f"Processed a total of {len(topics.sent)} messages" in ended.errors
    assert_all(topics, printed_with_headers(ended.output, sign=":", no_key="null"))
