"""The JSON Schema of each topic's Kafka headers, as `schemas.headers` writes them. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

from schemas.fields import Ulid
from schemas.topics import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_REJECTED, Topic

ULID: Final = get_args(Ulid)[1].extra_json_schema["pattern"]
TRACEPARENT: Final = {
    "type": "string",
    "description": "W3C trace context. The trace id is the id of the click or rejection, in hexadecimal digits.",
    "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$",
}


def describe_event(kind: str, source: dict[str, Any], identity: dict[str, Any], time: str) -> dict[str, Any]:
    """Return the properties that a record's headers have: CloudEvents 1.0 in binary mode."""
    return {
        "ce_specversion": {"type": "string", "description": "Version of CloudEvents.", "const": "1.0"},
        "ce_type": {
            "type": "string",
            "description": "Kind of record; it ends in the major version.",
            "const": f"io.clickrail.{kind}.v1",
        },
        "ce_source": {"type": "string", "description": "The stage that wrote the record.", **source},
        "ce_id": {"type": "string", **identity},
        "ce_time": {"type": "string", "description": f"{time}, RFC 3339.", "format": "date-time"},
        "content-type": {"type": "string", "description": "Format of the value.", "const": "application/json"},
    }


HEADERS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        CLICKS_ENRICHED.name: describe_event(
            "click.enriched",
            {"const": "/clickrail/enricher"},
            {"description": "The click id.", "pattern": ULID},
            "When the visitor clicked",
        )
        | {"traceparent": TRACEPARENT},
        CLICKS_REJECTED.name: describe_event(
            "click.rejected",
            {"const": "/clickrail/ingest"},
            {"description": "The rejection id.", "pattern": ULID},
            "When the request was refused",
        )
        | {"traceparent": TRACEPARENT},
        CLICKS_DEAD.name: describe_event(
            "click.dead",
            {"pattern": "^/clickrail/[a-z0-9_]{1,40}$"},
            {
                "description": "Topic, partition and offset of the record that failed, and 16 digits of its digest.",
                "pattern": "^[^/]{1,249}/[0-9]+/[0-9]+(/[0-9a-f]{16})?$",
            },
            "When the stage failed",
        ),
    }
)


def build_header_schema(topic: Topic) -> dict[str, Any]:
    """Return the JSON Schema of a topic's headers. Those of `clicks.raw` promise nothing.

    A header that comes later has a `$comment` that says since when, as a field has, and is not required.
    """
    properties = dict(HEADERS.get(topic.name, {}))
    required = [name for name, schema in properties.items() if "$comment" not in schema]
    return {"type": "object", "properties": properties, "required": required}
