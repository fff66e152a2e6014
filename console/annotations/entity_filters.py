"""Filters of a view by program, affiliate and code, as conditions of SQL: what they leave out takes no place."""

from typing import Any

from console.view.view import View


def write_condition(column: str, name: str, place: int) -> str:
    """Write the condition for the two parameters from `place` on. What is about none of them belongs to all.

    `column` has the id, `name` what it is called; `has` looks into both.
    """
    operator, values = f"${place}::text", f"${place + 1}::text[]"
    return f"""({column} IS NULL OR CASE {operator}
        WHEN 'is' THEN {column} = ANY ({values})
        WHEN 'not' THEN {column} <> ALL ({values})
        WHEN 'has' THEN EXISTS (SELECT FROM unnest({values}) AS part
            WHERE strpos(lower({column}), lower(part)) > 0 OR strpos(lower({name}), lower(part)) > 0)
        ELSE true END)"""


def list_parameters(view: View, *fields: str) -> list[Any]:
    """Give the parameters of the conditions of these fields: an operator, or null without a filter, and its values."""
    asked = [view.find_filter(field) for field in fields]
    return [value for one in asked for value in ((None, []) if one is None else (one.operator, list(one.values)))]
