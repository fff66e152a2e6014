"""Our contract, and the same with one change."""

from collections.abc import Callable
from typing import Any

import msgspec

from schemas.contract import Contract, build_contract

TOPIC = "clicks.enriched"
RELEASED = build_contract("0.1.0")
Change = Callable[[dict[str, Any]], Any]


def changed(change: Change, version: str = RELEASED.schema_version) -> Contract:
    """Give our contract with one change, made in its plain objects."""
    plain = msgspec.json.decode(msgspec.json.encode(RELEASED))
    change(plain)
    return msgspec.convert(plain | {"schema_version": version}, Contract)


def fields(plain: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = plain["schemas"][TOPIC]["$defs"][kind]["properties"]
    return found


def required(plain: dict[str, Any], kind: str) -> list[str]:
    names: list[str] = plain["schemas"][TOPIC]["$defs"][kind]["required"]
    return names


def topic(plain: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plain["topics"][TOPIC]
    return found


def headers(plain: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = topic(plain)["headers"]["properties"]
    return found


def meaning(plain: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = topic(plain)["fields"][path]
    return found


def add_required(plain: dict[str, Any]) -> None:
    fields(plain, "Geo")["continent"] = {"type": "string"}
    required(plain, "Geo").append("continent")


def add_value(plain: dict[str, Any]) -> None:
    headers(plain)["ce_specversion"] = {"type": "string", "enum": ["1.0", "2.0"]}


def add_optional(since: str) -> Change:
    return lambda plain: fields(plain, "Geo").update(continent={"type": "string", "$comment": f"since {since}"})
