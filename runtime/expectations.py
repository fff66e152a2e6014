"""What a setting expects, in words, for error messages and documents. Pure.

The annotation of a field holds it: limits, `description`, `examples`, and two keys of our own in `extra`. `form`
describes the format of a text in words; `check` is a function that returns what is wrong with a value, or None.
"""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin

from msgspec import Meta

KINDS: Final = MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "`true` or `false`", tuple: "a list"}
)


def iter_metas(hint: Any) -> Iterator[Meta]:
    """Yield the annotations of a type hint, the outermost first."""
    if get_origin(hint) is Literal:
        return
    if hasattr(hint, "__metadata__"):
        yield from (meta for meta in hint.__metadata__ if isinstance(meta, Meta))
    for member in get_args(hint):
        yield from iter_metas(member)


def plain_type(hint: Any) -> Any:
    """Return a type hint without its annotations and without `| None`."""
    if hasattr(hint, "__metadata__"):
        return plain_type(get_args(hint)[0])
    members = [member for member in get_args(hint) if member is not type(None)]
    return plain_type(members[0]) if len(members) == 1 and type(None) in get_args(hint) else hint


def is_list(hint: Any) -> bool:
    return get_origin(plain_type(hint)) is tuple


def find_choices(hint: Any) -> tuple[str, ...]:
    """Return the values allowed by a Literal; empty for any other type."""
    plain = plain_type(hint)
    return get_args(plain) if get_origin(plain) is Literal else ()


def find_description(hint: Any) -> str:
    """Return the description of a setting, or an empty text."""
    return next((meta.description for meta in iter_metas(hint) if meta.description), "")


def find_check(hint: Any) -> Callable[[Any], str | None] | None:
    return next((meta.extra["check"] for meta in iter_metas(hint) if meta.extra and "check" in meta.extra), None)


def describe_value(hint: Any) -> str:
    """Describe the value a setting expects, such as `a whole number from 0 to 65535`."""
    if choices := find_choices(hint):
        return " or ".join(f"`{word}`" for word in choices)
    for meta in iter_metas(hint):
        if meta.extra and "form" in meta.extra:
            return str(meta.extra["form"])
    plain = plain_type(hint)
    return f"{KINDS.get(get_origin(plain) or plain, 'a secret')}{describe_limits(hint)}"


def describe_limits(hint: Any) -> str:
    meta = next(iter_metas(hint), Meta())
    match meta.ge, meta.gt, meta.le:
        case int() as least, None, int() as most:
            return f" from {least} to {most}"
        case int() as least, None, None:
            return f", {least} or more"
        case None, int() as above, int() as most:
            return f" above {above}, {most} at most"
        case None, int() as above, None:
            return f" above {above}"
        case _:
            return " that is not empty" if meta.min_length else ""


def find_example(hint: Any) -> str:
    """Return an example of a valid value, or an empty text."""
    return next((str(meta.examples[0]) for meta in iter_metas(hint) if meta.examples), "")
