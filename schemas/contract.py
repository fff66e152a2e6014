"""The contract as one value: that of a release (`schemas.releases`), or that of today, made from the code. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.field_list import list_fields
from schemas.fields import SCHEMA_VERSION
from schemas.header_schemas import build_header_schema
from schemas.json_schemas import build_schema
from schemas.reference import FieldMeaning
from schemas.topics import TOPICS, Topic


class TopicContract(msgspec.Struct, frozen=True, kw_only=True):
    """What readers of a topic rely on, besides the JSON Schema of its values: `fields` has their words and units."""

    key: str
    public: bool
    partitions: int
    config: Mapping[str, str]
    minimums: Mapping[str, int]
    headers: Mapping[str, Any]
    fields: Mapping[str, FieldMeaning]


class Contract(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The contract of a release: its topics by name, and the JSON Schemas of their values."""

    release: str
    schema_version: str
    topics: Mapping[str, TopicContract]
    schemas: Mapping[str, Mapping[str, Any]] = {}


def build_contract(release: str = "today") -> Contract:
    """Return the contract as the code has it."""
    return Contract(
        release=release,
        schema_version=SCHEMA_VERSION,
        topics={topic.name: describe_topic(topic) for topic in TOPICS},
        schemas={topic.name: build_schema(topic) for topic in TOPICS},
    )


def describe_topic(topic: Topic) -> TopicContract:
    return TopicContract(
        key=topic.key,
        public=topic.public,
        partitions=topic.partitions,
        config=dict(topic.config),
        minimums=dict(topic.minimums),
        headers=build_header_schema(topic),
        fields={field.path: field.meaning for field in list_fields(topic)},
    )


def parse_version(version: str) -> tuple[int, ...]:
    """Return a version as numbers, which are in order where texts are not (1.10 comes after 1.9)."""
    return tuple(map(int, version.split(".")))
