"""The AsyncAPI 3.0 document: what each topic is, who writes it, and who reads it. Pure."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from schemas.asyncapi.components import KAFKA, build_components, name_message
from schemas.asyncapi.yaml_text import write_yaml
from schemas.fields import SCHEMA_VERSION
from schemas.topics import READS, TOPICS, WRITES, Topic

NOTE: Final = "# Generated from the code: `python -m schemas` writes it again.\n"
ABOUT: Final = (
    "The Kafka topics of Clickrail. Data teams read clicks.enriched, clicks.rejected and clicks.dead; clicks.raw is for"
    " the enricher only. Values are JSON objects in UTF-8: docs/data-teams.md says what is promised of them, and"
    " docs/data-fields.md what each field means. An installation may put a prefix before every name of a topic and of"
    " a group (CLICKRAIL_KAFKA_TOPIC_PREFIX)."
)
DATA_TEAMS: Final = "data teams"
OTHER_READERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "console": ("clicks.enriched", "clicks.rejected"),
        DATA_TEAMS: tuple(topic.name for topic in TOPICS if topic.public),
    }
)
"""Readers without a group of ours: the console follows the newest records, data teams have groups of their own."""
NUMBERS: Final = {"retention.ms", "segment.ms", "max.message.bytes"}
REPLICAS: Final = 3


def build_document(examples: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the document. `examples` has the JSON of one record by topic."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Clickrail",
            "version": f"{SCHEMA_VERSION}.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": build_server()},
        "channels": {name_channel(topic): build_channel(topic) for topic in TOPICS},
        "operations": dict(build_operations()),
        "components": build_components(examples),
    }


def write_document(examples: Mapping[str, bytes]) -> str:
    """Return the text of `schemas/asyncapi.yaml`."""
    return NOTE + "\n".join(write_yaml(build_document(examples))) + "\n"


def build_server() -> dict[str, Any]:
    return {
        "host": "{address}",
        "protocol": "kafka",
        "description": "The brokers of the installation. No schema registry is needed to read.",
        "variables": {
            "address": {
                "default": "127.0.0.1:19092",
                "description": "Bootstrap servers (CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS). The default is of `make up`.",
            }
        },
        "bindings": {"kafka": {"bindingVersion": KAFKA}},
    }


def name_channel(topic: Topic) -> str:
    return join_words(topic.name)


def join_words(text: str) -> str:
    """Return words as one: `data teams read clicks.raw` as `dataTeamsReadClicksRaw`."""
    first, *rest = re.split("[ .]", text)
    return first + "".join(word.title() for word in rest)


def build_channel(topic: Topic) -> dict[str, Any]:
    message = name_message(topic)
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"Key: {topic.key}. Read by {topic.readers}.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "tags": [{"name": "public" if topic.public else "internal"}],
        "bindings": {"kafka": build_topic(topic)},
    }


def build_topic(topic: Topic) -> dict[str, Any]:
    """Return Kafka's own settings of a topic. A cluster of fewer than three brokers keeps one replica."""
    config = {name: int(value) if name in NUMBERS else value for name, value in topic.config.items()}
    return {
        "topic": topic.name,
        "partitions": topic.partitions,
        "replicas": REPLICAS,
        "topicConfiguration": config | {"cleanup.policy": [config["cleanup.policy"]]},
        "bindingVersion": KAFKA,
    }


def build_operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give who writes and who reads each topic, by the name of the operation."""
    for who, names in WRITES.items():
        yield from (build_operation(who, "send", topic) for topic in TOPICS if topic.name in names)
    for who, names in chain(READS.items(), OTHER_READERS.items()):
        yield from (build_operation(who, "receive", topic) for topic in TOPICS if topic.name in names)


def build_operation(who: str, action: str, topic: Topic) -> tuple[str, dict[str, Any]]:
    verb = ("write" if action == "send" else "read") + ("" if who == DATA_TEAMS else "s")
    channel = name_channel(topic)
    has_group = action == "receive" and who in READS
    group = {"groupId": {"type": "string", "const": f"clickrail.{who}"}} if has_group else {}
    return join_words(f"{who} {verb} {topic.name}"), {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"{who.capitalize()} {verb} {topic.name}.",
        "tags": [{"name": who}],
        "bindings": {"kafka": {**group, "bindingVersion": KAFKA}},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name_message(topic)}"}],
    }
