"""Validators in JavaScript, Rust, Java and Go judge the examples by the written schemas as the one in Python does."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

import schemas
from deploy.local.errors import Unreachable
from deploy.local.jars import install_kafka
from deploy.local.settings import LocalSettings
from schemas import TOPICS
from schemas.json_schemas import build_schema
from tests.schemas.node_scripts import VALIDATORS, run_script
from tests.schemas.test_json_schemas import patterns_in

ROOT = Path(schemas.__file__).parent
NEEDED_BY_JAVA = re.compile("jackson-|slf4j-api|snakeyaml")
EXPECTED = {
    f"{path.relative_to(ROOT / 'examples')} {'valid' if path.parent.name == 'good' else 'invalid'}"
    for path in (ROOT / "examples").glob("*/*/*.json")
}


def tool(name: str) -> str:
    """Give the path of a program; the test is skipped where the machine has none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return found


async def run_in(folder: Path, *command: str, given: str = "") -> tuple[int | None, str, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, "GOFLAGS": "-mod=mod"}
    )
    out, errors = await process.communicate(given.encode())
    return process.returncode, out.decode(), errors.decode()


@pytest.mark.servers
async def test_ajv_as_it_comes_takes_the_schemas_and_judges_every_example_alike(
    server_settings: LocalSettings,
) -> None:
    code, output = await run_script("ajv", server_settings, str(ROOT))

    assert (code, set(output.splitlines())) == (0, EXPECTED)


def test_a_validator_in_rust_judges_every_example_alike() -> None:
    verdicts = {
        f"{path.relative_to(ROOT / 'examples')} {'valid' if is_valid(validator, path.read_bytes()) else 'invalid'}"
        for topic in TOPICS
        for validator in [jsonschema_rs.Draft202012Validator(build_schema(topic), validate_formats=True)]
        for path in (ROOT / "examples" / topic.name).glob("*/*.json")
    }

    assert verdicts == EXPECTED


def is_valid(validator: jsonschema_rs.Draft202012Validator, value: bytes) -> bool:
    try:
        return validator.is_valid(json.loads(value))
    except (ValueError, RecursionError):
        return False  # no JSON, or no UTF-8


@pytest.mark.servers
async def test_a_validator_in_java_judges_every_example_alike(server_settings: LocalSettings) -> None:
    tool("javac")
    try:
        shared = [jar for jar in await install_kafka(server_settings) if NEEDED_BY_JAVA.match(jar.name)]
        jars = (*shared, *await install_kafka(server_settings, lock=VALIDATORS / "java" / "validator.lock"))
    except Unreachable as error:
        pytest.skip(str(error))
    classpath = ":".join(map(str, jars))
    code, output, errors = await run_in(
        VALIDATORS / "java", tool("java"), "-XX:TieredStopAtLevel=1", "-cp", classpath, "Check.java", str(ROOT)
    )

    assert (code, set(output.splitlines())) == (0, EXPECTED), errors


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("only_in_drill")
async def test_a_validator_in_go_judges_every_example_alike(tmp_path: Path) -> None:
    shutil.copytree(VALIDATORS / "go", tmp_path / "go")
    code, output, errors = await run_in(tmp_path / "go", tool("go"), "run", ".", str(ROOT))
    if "dial tcp" in errors:
        pytest.skip(f"the module of the validator is out of reach: {errors[-300:]}")

    assert (code, set(output.splitlines())) == (0, EXPECTED), errors


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("only_in_drill")
async def test_rust_reads_every_pattern_as_python_does(tmp_path: Path) -> None:
    shutil.copytree(VALIDATORS / "rust", tmp_path / "rust")
    cases = list(pattern_cases())
    code, output, errors = await run_in(
        tmp_path / "rust",
        tool("cargo"),
        "run",
        "--quiet",
        given="".join(f"{line}\n" for case in cases for line in case),
    )
    if "failed to download" in errors or "Could not resolve host" in errors:
        pytest.skip(f"Rust's regular expressions are out of reach: {errors[-300:]}")

    assert (code, output) == (0, f"{len(cases)} matched\n"), errors


TEXTS = (
    "1.0",
    "2.0",
    "01KAT301V8C3Q9GZ2F5B7N4M6P",
    "81KAT301V8C3Q9GZ2F5B7N4M6P",
    "spring-26",
    "sp\u00e4th",
    "R101",
    "R\u0661\u0660\u0661",
    "2025-11-24T09:15:02.888Z",
    "2025-11-24T09:15:02.888",
    "2025-02-30T09:15:02Z",
    "2024-02-29T23:59:59Z",
    "QUJD",
    "QUI=",
    "QUI",
    "",
)


def pattern_cases() -> Iterator[tuple[str, str, str]]:
    """Give each pattern with each text, and whether the text is of it; a line feed at the end is never."""
    patterns = sorted({pattern for topic in TOPICS for pattern in patterns_in(build_schema(topic))})
    for pattern in patterns:
        for text in (*TEXTS, *(f"{text}\\n" for text in TEXTS)):
            plain = text.replace("\\n", "\n")
            expected = re.search(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern, plain)
            yield pattern, str(expected is not None).lower(), text
