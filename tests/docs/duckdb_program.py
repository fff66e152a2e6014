"""The program `duckdb`, as our documents call it, made from the Python package.

CLICKRAIL_TEST_DUCKDB names the Python of another environment, to try another version: it needs `duckdb` and `pytz`.
"""

import os
import sys
from pathlib import Path
from typing import Final

PYTHON: Final = os.environ.get("CLICKRAIL_TEST_DUCKDB", sys.executable)
PROGRAM: Final = f"""#!{PYTHON}
import sys, duckdb
assert sys.argv[1:2] in ([], ["-c"])
statements = sys.argv[2] if sys.argv[1:] else sys.stdin.read()
for row in duckdb.execute(statements).fetchall():
    print(*row, sep=", ")
"""


def write_duckdb(folder: Path) -> None:
    program = folder / "duckdb"
    program.write_text(PROGRAM)
    program.chmod(0o755)
