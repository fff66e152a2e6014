"""Item 20: what a service is made of, as CycloneDX, from its lock alone and without a network."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from docs.generators.settings import SERVICES
from tests.deploy_images.reading import ROOT
from tests.security.test_supply_chain import requirements
from tests.waiting import PATIENCE_S

NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "PYTHONWARNINGS": "ignore"}


class Component(msgspec.Struct, frozen=True):
    name: str
    version: str
    purl: str


class Bill(msgspec.Struct, frozen=True, rename="camel"):
    bom_format: str
    components: list[Component]


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
async def test_item_20_a_bill_of_materials_names_all_that_is_locked_and_nothing_else(
    service: str, tmp_path: Path
) -> None:
    lock, written = ROOT / "requirements" / f"{service}.lock", tmp_path / "bill.json"
    command = (
        "-m",
        "cyclonedx_py",
        "requirements",
        "--no-validate",
        "--output-reproducible",
        str(lock),
        "-o",
        str(written),
    )
    process = await asyncio.create_subprocess_exec(sys.executable, *command, env=NOWHERE)
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0

    bill = msgspec.json.decode(written.read_bytes(), type=Bill)

    assert bill.bom_format == "CycloneDX"
    assert {f"{one.name}=={one.version}" for one in bill.components} == {
        name.partition(" ; ")[0] for name, *_ in requirements(lock)
    }
    assert [one.purl for one in bill.components if one.purl != f"pkg:pypi/{one.name}@{one.version}"] == []
