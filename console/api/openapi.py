"""The OpenAPI 3.1 description of the JSON API, made from its endpoints. Pure."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from console.api.endpoints import VERSION, Endpoint, Parameter
from console.api.problems import PROBLEM_TYPE, Problem
from console.view.filters import FIELDS
from console.view.ranges import CUSTOM, NAMED
from console.view.view import ALL_MEASURES, GROUPS

MEANINGS: Final = {
    400: "The request cannot be understood",
    401: "There is no valid API key or session",
    403: "The key or role may not do this",
    404: "There is no such thing",
    409: "Somebody else changed it meanwhile, or it exists already",
    410: "It was removed, or is not kept any more",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "It is understood, and cannot be done",
    501: "The console is not set up for this",
    503: "A server that is needed does not answer",
}
ALWAYS: Final = (401, 403, 503)
TEMPLATE: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
OF_VIEWS: Final = (
    Parameter("range", "a range by name; `custom` takes `from` and `to`", schema={"enum": [*NAMED, CUSTOM]}),
    Parameter("from", "the first day, or a time with its zone", example="2026-11-01"),
    Parameter("to", "the last day, which is included, or a time with its zone", example="2026-11-30"),
    Parameter("compare", "`previous`, `year`, or two days", example="2026-10-01..2026-10-31"),
    Parameter("by", f"what to group by, at most three with commas: {', '.join(GROUPS)}", example="affiliate,country"),
    Parameter("measure", "one measure, where a page shows one", schema={"enum": list(ALL_MEASURES)}),
    Parameter("sort", "a measure or key to sort by, `-` before it for the largest first", example="-people"),
    *(
        Parameter(f"f.{field}", f"only some values of {field}: `is:`, `not:` or `has:` and values with commas")
        for field in FIELDS
    ),
)


def describe_api(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """Return the document as values of JSON."""
    types = [kind for one in endpoints for kind in (one.answer, one.body) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template="#/components/schemas/{name}")
    of_type = dict(zip(map(repr, [*types, Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        path = TEMPLATE.sub(r"{\1}", VERSION + one.path)
        paths.setdefault(path, {})[one.method.lower()] = describe_operation(one, of_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clickrail",
            "version": version,
            "description": "Clicks, what they are counted to, and the programs, affiliates and codes behind them."
            " Send an API key: `Authorization: Bearer crk_...`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "the console"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(components.items())),
        },
    }


def describe_operation(one: Endpoint, of_type: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Needs `{one.needs}`.",
    }
    parameters = [*find_path_parameters(one), *(OF_VIEWS if one.has_filters else ()), *one.parameters]
    if parameters:
        operation["parameters"] = list(map(describe_parameter, parameters))
    if one.body is not None:
        content = {"application/json": {"schema": of_type[repr(one.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    answers = {str(one.status): {"description": "Done"} | describe_answer(one, of_type)}
    operation["responses"] = answers | {str(each): describe_problem(each, of_type) for each in list_statuses(one)}
    return operation


def describe_answer(one: Endpoint, of_type: dict[str, Any]) -> dict[str, Any]:
    return {} if one.answer is None else {"content": {one.content: {"schema": of_type[repr(one.answer)]}}}


def list_statuses(one: Endpoint) -> Iterable[int]:
    return sorted({*one.statuses, *ALWAYS})


def describe_problem(status: int, of_type: dict[str, Any]) -> dict[str, Any]:
    meaning = MEANINGS.get(status, HTTPStatus(status).phrase)
    return {"description": meaning, "content": {PROBLEM_TYPE: {"schema": of_type[repr(Problem)]}}}


def find_path_parameters(one: Endpoint) -> list[Parameter]:
    named = {parameter.name for parameter in one.parameters}
    return [Parameter(name, "", "path") for name in TEMPLATE.findall(one.path) if name not in named]


def describe_parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"name": parameter.name, "in": parameter.place}
    if parameter.meaning:
        described["description"] = parameter.meaning
    described["required"] = parameter.place == "path"
    described["schema"] = {"type": "string"} | parameter.schema
    return described | ({"example": parameter.example} if parameter.example else {})
