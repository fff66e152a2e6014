"""`clickrail code test-link`, as a person or a script meets it."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import probe_links
from identity.keyfile import create_ring, read_ring
from identity.keys import RING_RANDOMNESS, init_ring
from identity.probe_link import verify_test_proof
from identity.token import TokenKeys
from identity.verification import VerificationError

DAY_S = 86_400

app = typer.Typer()
app.command("test-link")(probe_links.make_test_link)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    create_ring(path, init_ring(datetime.now(UTC), os.urandom(RING_RANDOMNESS)))
    return path


def run(keys_file: Path, *arguments: str) -> Result:
    environ = {"CLICKRAIL_KEYS_FILE": str(keys_file), "CLICKRAIL_PUBLIC_URL": "https://go.shop.example"}
    return CliRunner().invoke(app, arguments, env=environ)


def verify(keys_file: Path, code: str, proof: str, now_s: int) -> int | VerificationError:
    return verify_test_proof(TokenKeys(read_ring(keys_file)), code, proof, now_s)


def test_a_link_is_printed_whose_proof_holds_for_its_code_and_days(keys_file: Path) -> None:
    before = int(time.time())
    link, proof = run(keys_file, "spring-26", "--days", "2").stdout.strip().split("?cr_test=")
    expires_at = verify(keys_file, "spring-26", proof, before)

    assert link == "https://go.shop.example/ref/spring-26"
    assert isinstance(expires_at, int)
    assert before + 2 * DAY_S <= expires_at <= int(time.time()) + 2 * DAY_S
    assert verify(keys_file, "Spring-26", proof, before) == VerificationError("forged")


def test_a_link_is_good_for_a_week_if_nothing_else_is_said(keys_file: Path) -> None:
    proof = run(keys_file, "abc").stdout.strip().partition("?cr_test=")[2]
    now_s = int(time.time())

    assert isinstance(verify(keys_file, "abc", proof, now_s + 7 * DAY_S - 60), int)
    assert verify(keys_file, "abc", proof, now_s + 7 * DAY_S + 60) == VerificationError("expired")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a b"], "'a b' cannot be a referral code"),
        (["abc", "--keys-file", "/nowhere"], "/nowhere: cannot be read: No such file or directory"),
        (["abc", "--days", "0"], "--days"),
    ],
)
def test_a_wrong_call_prints_no_link_and_says_what_is_wrong(
    keys_file: Path, arguments: list[str], message: str
) -> None:
    result = run(keys_file, *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
