"""`clickrail geo update|lookup|check`: databases of places and networks, for people. Needs the enricher's packages."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.errors import exit_on

geo = typer.Typer(help="Databases of places and networks (MMDB).", no_args_is_help=True)

GEO: Final = "CLICKRAIL_ENRICHER_GEO_DATABASES"
NETWORKS: Final = "CLICKRAIL_ENRICHER_NETWORK_DATABASES"
LISTS: Final = "CLICKRAIL_ENRICHER_NETWORK_LISTS"

Databases = Annotated[
    list[Path] | None,
    typer.Option(
        "--database",
        metavar="FILE",
        show_default=False,
        help=f"a database to look in, any number of times; without it those of {GEO} and {NETWORKS}",
    ),
]


class GeoError(Exception):
    """A command about databases cannot be carried out."""


@geo.command()
def update(
    url: Annotated[
        str,
        typer.Option(envvar="GEOIPUPDATE_HOST", help="where to fetch from: a server that speaks MaxMind's protocol"),
    ] = "https://updates.maxmind.com",
    directory: Annotated[Path, typer.Option(envvar="GEOIPUPDATE_DB_DIR", help="the folder of the databases")] = Path(
        "/usr/share/GeoIP"
    ),
) -> None:
    """Fetch newer MaxMind databases, and replace each file in one step. The enricher uses them within seconds.

    The environment has what `geoipupdate` reads: GEOIPUPDATE_ACCOUNT_ID, GEOIPUPDATE_LICENSE_KEY (or the same names
    with _FILE) and GEOIPUPDATE_EDITION_IDS, such as "GeoLite2-City GeoLite2-ASN".
    """
    from cli.geo_update import UpdateError, read_account, update_all

    with exit_on(UpdateError):
        account = read_account(os.environ, url, directory)
        for line in asyncio.run(update_all(account)):
            print(line)


@geo.command()
def lookup(address: Annotated[str, typer.Argument(metavar="IP")], databases: Databases = None) -> None:
    """Show what databases say about an address, read by MaxMind's own reader, and what the enricher makes of it."""
    with exit_on(GeoError):
        try:
            ip_address(address)
        except ValueError:
            raise GeoError(f"{address!r} is not an IP address") from None
        paths = databases or [*list_of(GEO), *list_of(NETWORKS)]
        if not paths:
            raise GeoError(f"no database is named: give --database, or set {GEO} or {NETWORKS}")
        records = {str(path): run_reader("lookup", str(path), address) for path in paths}
    print(json.dumps({**records, "enricher": ask_enricher(address, paths)}, indent=2, ensure_ascii=False))


@geo.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Read every record of databases with MaxMind's own reader, and try them as the enricher does.

    Exit code 1 if the enricher would refuse one. A large city database takes about a minute.
    """
    usable = True
    for path in files:
        try:
            found = run_reader("check", str(path))
            refused = try_file(path)
        except GeoError as error:
            found, refused = {}, str(error)
        described = ", ".join(f"{name} {value}" for name, value in found.items())
        print(f"{path}: {described or 'unreadable'}; {refused or 'usable'}")
        usable = usable and refused is None
    if not usable:
        raise typer.Exit(1)


def list_of(variable: str) -> list[Path]:
    return [Path(text.strip()) for text in os.environ.get(variable, "").split(",") if text.strip()]


def run_reader(*arguments: str) -> dict[str, Any]:
    """Run MaxMind's reader in a process of its own: a damaged file can end it (docs/decisions/0001)."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "cli.geo_reader", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise GeoError(f"{arguments[1]} is damaged: it ended MaxMind's reader ({name})")
    if done.returncode:
        raise GeoError(
            f"{arguments[1]}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no reason'}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def try_file(path: Path) -> str | None:
    """Say why the enricher would refuse a file, if it would: as a database of places, and as one of networks."""
    from enricher.facts.database_file import DatabaseFile
    from enricher.steps.geo import CITIES
    from enricher.steps.network import SYSTEMS

    problems: list[str] = []
    for content in (CITIES, SYSTEMS):
        file = DatabaseFile(path, content)
        if file.refresh():
            return None
        problems.append((file.problem or "").removeprefix(f"{path} ").removeprefix("is refused: "))
    return "; ".join(dict.fromkeys(problems))


def ask_enricher(address: str, paths: list[Path]) -> Mapping[str, Any]:
    """Give what the enricher would write into a click of this address."""
    import msgspec

    from enricher.facts.geo_files import GeoFiles
    from enricher.facts.network_files import NetworkFiles
    from enricher.facts.network_package import load_package

    package = load_package()
    lists = [str(path) for path in list_of(LISTS)]
    places, networks = GeoFiles(paths), NetworkFiles(paths, lists, [] if package is None else [package])
    places.refresh()
    networks.refresh()
    found = ip_address(address)
    return {"geo": msgspec.to_builtins(places.locate(found)), "network": msgspec.to_builtins(networks.find(found))}
