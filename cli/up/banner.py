"""The text shown when everything runs: addresses, and commands to try. Pure, except that it reads the password."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from cli.up.environ import PASSWORD, Addresses
from cli.up.selection import SERVICES
from cli.up.services import LocalService
from simulate.planned import DEFAULT_URL


def describe_addresses(
    link: str, services: Mapping[str, LocalService], addresses: Addresses, environ: Mapping[str, str]
) -> list[str]:
    """Return the lines with the addresses of services and servers."""
    rows: list[tuple[str, str]] = []
    if "ingest" in services:
        rows.append(("Tracking link", f"[bold]{escape(link)}[/]"))
    if "console" in services:
        rows.append(
            (
                "Console",
                f"[bold]{services['console'].browser_url}/[/]   login owner, password {describe_password(environ)}",
            )
        )
    if services:
        ports = ", ".join(f"{service.name} {service.private_port}" for service in services.values())
        rows.append(("Metrics", f"http://127.0.0.1:PORT/metrics   {ports}"))
    rows += [
        ("Kafka", addresses.kafka),
        ("PostgreSQL", addresses.postgres),
        ("Valkey", addresses.valkey),
        ("Logs", escape(str(addresses.keys_file.parent / "logs"))),
    ]
    left_out = [name for name in SERVICES if name not in services]
    if left_out:
        rows.append(("Left out", f"{', '.join(left_out)}; to run one yourself, read the settings into a shell first"))
    return [f"  {name:<14} {value}" for name, value in rows]


def describe_password(environ: Mapping[str, str]) -> str:
    file = environ.get(f"{PASSWORD}_FILE")
    if file is None:
        return f"as set by {PASSWORD}"
    return escape(Path(file).read_text().strip())


def describe_commands(services: Mapping[str, LocalService], environment: Path, program: str) -> list[str]:
    """Return the lines with commands for another terminal; `program` is the path of this command."""
    clickrail = shlex.quote(program) if Path(program).name == "clickrail" else "clickrail"
    rows = [(f". {shlex.quote(nearest(environment))}", "reads the settings of this run into a shell")]
    if "ingest" in services:
        url = services["ingest"].url
        to = "" if url == DEFAULT_URL else f" --url {url}"
        rows.append((f"{clickrail} simulate --rate 200 --seconds 60{to}", "sends it traffic"))
    rows.append((f"{clickrail} status", "shows what runs, what is wrong, and what to do"))
    width = max(len(command) for command, _ in rows)
    lines = [f"    {escape(command):<{width}}   [dim]{meaning}[/]" for command, meaning in rows]
    return ["  In another terminal:", *lines, "  Ctrl-C stops everything; the data stay."]


def nearest(path: Path) -> str:
    """Return a path as one types it here: relative if it is below the current folder."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
