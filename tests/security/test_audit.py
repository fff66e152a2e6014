"""`make audit` tells a vulnerability from a database that does not answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy_images.reading import ROOT

NOBODY = "http://127.0.0.1:9"


def audit(program: Path | str, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [ROOT / ".ci" / "audit", program],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def auditor(folder: Path, report: str, said: str, code: int) -> Path:
    """Write a program that reports and ends as pip-audit does."""
    program = folder / "pip-audit"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"sys.stderr.write({said!r})\n"
        f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({report!r})\nsys.exit({code})\n"
    )
    program.chmod(0o755)
    return program


@pytest.mark.processes
def test_without_a_database_it_says_that_nothing_was_checked_and_fails() -> None:
    pip_audit = Path(sys.executable).with_name("pip-audit")
    proxies = {"http_proxy": NOBODY, "https_proxy": NOBODY}
    code, output, errors = audit(pip_audit, **proxies, **{name.upper(): url for name, url in proxies.items()})

    assert (code, output) == (2, "")
    assert errors.startswith("Nothing was checked: no database of known vulnerabilities answered.")
    assert "Traceback" not in errors
    assert len(errors.splitlines()) == 3


def test_what_is_found_is_listed_and_fails(tmp_path: Path) -> None:
    program = auditor(tmp_path, "Name Version ID\nthing 1.0 CVE-1\n", "Found 1 known vulnerability in 1 package\n", 1)

    assert audit(program) == (
        1,
        "Name Version ID\nthing 1.0 CVE-1\n",
        "Found 1 known vulnerability in 1 package\n",
    )


def test_where_none_is_known_it_says_so_and_passes(tmp_path: Path) -> None:
    assert audit(auditor(tmp_path, "", "No known vulnerabilities found\n", 0)) == (
        0,
        "",
        "No known vulnerabilities found\n",
    )
