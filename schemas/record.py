"""What every record of the contract has, and every nested object in one."""

import msgspec

from schemas.fields import SCHEMA_VERSION, SchemaVersion


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every value of a Kafka record."""

    schema_version: SchemaVersion = SCHEMA_VERSION


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The base of a nested object. Unknown fields are ignored, so an old reader accepts a newer minor version."""
