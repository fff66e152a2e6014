"""The list of a record's fields: nested ones by path, with version and meaning."""

from schemas.field_list import list_fields
from schemas.topics import CLICKS_DEAD, CLICKS_ENRICHED

FIELDS = {field.path: field for field in list_fields(CLICKS_ENRICHED)}


def test_nested_fields_follow_their_object_in_order() -> None:
    paths = list(FIELDS)

    assert paths[0] == "schema_version"
    assert paths[paths.index("geo") : paths.index("device")] == [
        "geo",
        "geo.status",
        "geo.country",
        "geo.region",
        "geo.city",
        "geo.database",
    ]


def test_a_field_has_the_version_that_added_it_or_its_object() -> None:
    assert {path: FIELDS[path].since for path in ("geo.city", "target_source", "bot.kind", "network.asn")} == {
        "geo.city": "1.0",
        "target_source": "1.3",
        "bot.kind": "1.4",
        "network.asn": "1.4",
    }


def test_null_is_told_apart_from_the_type() -> None:
    city, signals, weight = (FIELDS[path] for path in ("geo.city", "fraud.signals", "fraud.signals[].weight"))

    assert (city.can_be_null, city.schema) == (True, {"type": "string", "maxLength": 128})
    assert (signals.can_be_null, signals.schema["type"]) == (False, "array")
    assert (weight.schema["minimum"], weight.schema["maximum"]) == (0, 1)


def test_a_field_has_its_meaning() -> None:
    assert FIELDS["geo.city"].meaning.is_personal
    assert {field.path: field.meaning.unit for field in list_fields(CLICKS_DEAD)}["size"] == "bytes"
