"""Writes plain objects as YAML: objects and lists as blocks, every other value as JSON, which YAML contains. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

PLAIN_KEY: Final = re.compile("[A-Za-z$_][A-Za-z0-9$_./-]*")
NO_TEXTS: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that YAML, in one version or another, takes for something other than a text."""
UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""Characters that JSON may contain as they are, and YAML may not or only as line ends."""


def write_yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Give the lines of an object or of a list that is not empty."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from write_entry(f"{indent}{write_key(name)}:", inner, f"{indent}  ")
    else:
        for inner in value:
            first, *rest = write_yaml(inner, f"{indent}  ") if is_block(inner) else [write_value(inner)]
            yield f"{indent}- {first.strip()}"
            yield from rest


def write_entry(begin: str, value: Any, indent: str) -> Iterator[str]:
    if is_block(value):
        yield begin
        yield from write_yaml(value, indent)
    else:
        yield f"{begin} {write_value(value)}"


def write_key(name: str) -> str:
    is_plain = PLAIN_KEY.fullmatch(name) and name.lower() not in NO_TEXTS
    return name if is_plain else write_value(name)


def write_value(value: Any) -> str:
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def is_block(value: Any) -> bool:
    """Tell what stands on lines of its own: all but plain values, lists of plain values, and what is empty."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(is_block, value))
