"""Compares two JSON Schemas: what one accepts and the other does not. Pure.

Both directions count: today's reader must accept every released record, and a released reader, which ignores fields
that it does not know, must accept every record of today. So a field that is new and optional is the only change that
is no break. It knows the keywords that our schemas use. A difference in any other is a break; one that combines schemas
is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, Final

from schemas.compatibility.change import ADDED, Change
from schemas.json_schemas import DEFINITIONS

Schema = Mapping[str, Any]

ABSENT: Final = "absent"
ANNOTATIONS: Final = {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"}
"""Keywords that say something and refuse nothing."""
STRUCTURE: Final = {"type", "anyOf", "$ref", "properties", "required", "items", "additionalProperties", "propertyNames"}
COMBINED: Final = {
    *("allOf", "oneOf", "if", "then", "else", "dependentSchemas", "prefixItems", "contains", "patternProperties"),
    *("unevaluatedItems", "unevaluatedProperties", "$dynamicRef"),
}
"""Keywords with schemas that cannot be compared one by one."""
CAPS: Final = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
LEASTS: Final = {"minLength": 0, "minItems": 0, "minProperties": 0, "minimum": -inf, "exclusiveMinimum": -inf}
VALUES: Final = ("enum", "const")


def compare_schemas(was: Schema, now: Schema, place: str = "field") -> list[Change]:
    """Return the differences between a released schema and today's, new optional fields among them.

    `place` is what a property of the schema is called. Raises ValueError for a schema that it cannot compare.
    """
    return list(Comparison(was, now, place).compare(was, now, ""))


class Comparison:
    """Compares nodes of two schemas, each with the definitions of its own document."""

    def __init__(self, was: Schema, now: Schema, place: str) -> None:
        self._was_definitions = was.get("$defs", {})
        self._now_definitions = now.get("$defs", {})
        self._place = place

    def compare(self, was: Schema, now: Schema, path: str) -> Iterator[Change]:
        olds = list_types(was, self._was_definitions)
        news = list_types(now, self._now_definitions)
        if not all(has_type(news, name) for name in olds):
            yield self._change(path, "type-narrowed", describe_types(olds), describe_types(news))
        if not all(has_type(olds, name) for name in news):
            yield self._change(path, "type-widened", describe_types(olds), describe_types(news))
        for name in olds.keys() & news.keys():
            yield from self._compare_limits(olds[name], news[name], path)
            yield from self._compare_objects(olds[name], news[name], path)
            yield from self._compare_inner(olds[name], news[name], path)

    def _compare_objects(self, was: Schema, now: Schema, path: str) -> Iterator[Change]:
        olds, news = was.get("properties", {}), now.get("properties", {})
        for name in {**olds, **news}:
            inner = f"{path}.{name}" if path else name
            before, after = describe_field(was, name), describe_field(now, name)
            rule = judge_field(before, after)
            if rule:
                yield Change(self._name(inner), rule, before, after, read_since(news.get(name, {})))
            if name in olds and name in news:
                yield from self.compare(olds[name], news[name], inner)

    def _compare_inner(self, was: Schema, now: Schema, path: str) -> Iterator[Change]:
        """Compare what lists and maps contain."""
        for keyword, inner in (("items", "[]"), ("additionalProperties", ".*"), ("propertyNames", " (names)")):
            if keyword in was and keyword in now:
                text = {"type": "string"} if keyword == "propertyNames" else {}
                yield from self.compare(text | was[keyword], text | now[keyword], path + inner)
            elif keyword in was or keyword in now:
                yield self._change(path, "form-changed", *describe_both(was, now, keyword))

    def _compare_limits(self, was: Schema, now: Schema, path: str) -> Iterator[Change]:
        for keyword in sorted((was.keys() | now.keys()) - ANNOTATIONS - STRUCTURE - set(VALUES)):
            rule = judge_limit(keyword, was.get(keyword), now.get(keyword))
            if rule:
                yield self._change(path, rule, *describe_both(was, now, keyword))
        olds, news = list_values(was), list_values(now)
        if olds == news:
            return
        if news is not None and (olds is None or not news.issuperset(olds)):
            yield self._change(path, "value-removed", describe_values(olds), describe_values(news))
        if olds is not None and (news is None or not olds.issuperset(news)):
            yield self._change(path, "value-added", describe_values(olds), describe_values(news))

    def _change(self, path: str, rule: str, was: str, now: str) -> Change:
        return Change(self._name(path), rule, was, now)

    def _name(self, path: str) -> str:
        return f"{self._place} {path}" if path else f"every {self._place}"


def list_types(node: Schema, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return what a node accepts, by type. Raises ValueError where that cannot be said of each type alone."""
    words = node.keys() - ANNOTATIONS
    if words == {"$ref"}:
        return list_types(definitions[node["$ref"].removeprefix(DEFINITIONS)], definitions)
    if words == {"anyOf"}:
        return list_alternatives(node["anyOf"], definitions)
    is_partly_open = "additionalProperties" in node and (
        "properties" in node or node["additionalProperties"] in (True, False)
    )
    if not isinstance(node.get("type"), str) or words & (COMBINED | {"$ref", "anyOf"}) or is_partly_open:
        raise ValueError(f"cannot be compared: {node}")
    return {node["type"]: node}


def list_alternatives(nodes: Sequence[Schema], definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for node in nodes:
        for name, accepted in list_types(node, definitions).items():
            if name in found:
                raise ValueError(f"two alternatives of type {name} cannot be compared: {nodes}")
            found[name] = accepted
    return found


def has_type(types: Mapping[str, Schema], name: str) -> bool:
    return name in types or (name == "integer" and "number" in types)


def judge_field(was: str, now: str) -> str | None:
    """Return the rule that a change of a field's presence falls under; null if it did not change."""
    if was == now:
        return None
    if now == ABSENT:
        return "field-removed"
    if now == "required":
        return "field-required"
    return ADDED if was == ABSENT else "field-optional"


def judge_limit(keyword: str, was: Any, now: Any) -> str | None:
    """Return the rule that a change of a keyword falls under; null if it did not change."""
    if keyword in CAPS:
        before, after = (inf if limit is None else limit for limit in (was, now))
        lower, higher = "cap-lowered", "cap-raised"
    elif keyword in LEASTS:
        before, after = (LEASTS[keyword] if limit is None else limit for limit in (was, now))
        lower, higher = "least-lowered", "least-raised"
    else:
        return None if was == now else "form-changed"
    if before == after:
        return None
    return lower if after < before else higher


def list_values(node: Schema) -> set[Any] | None:
    """Return the values that a node is confined to; null if it is not."""
    return {node["const"]} if "const" in node else set(node["enum"]) if "enum" in node else None


def describe_field(node: Schema, name: str) -> str:
    if name not in node.get("properties", {}):
        return ABSENT
    return "required" if name in node.get("required", ()) else "optional"


def read_since(field: Schema) -> str | None:
    comment: str = field.get("$comment", "")
    return comment.removeprefix("since ") or None


def describe_types(types: Mapping[str, Schema]) -> str:
    return " or ".join(types)


def describe_both(was: Schema, now: Schema, keyword: str) -> tuple[str, str]:
    before, after = (f"{keyword} {node[keyword]}" if keyword in node else f"no {keyword}" for node in (was, now))
    return before, after


def describe_values(values: set[Any] | None) -> str:
    return "any value" if values is None else ", ".join(sorted(map(repr, values)))
