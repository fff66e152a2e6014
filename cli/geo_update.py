"""Fetches MaxMind's databases, by the protocol of MaxMind's `geoipupdate`, for `clickrail geo update`.

    GET /geoip/updates/metadata?edition_id=GeoLite2-ASN      -> {"databases": [{"edition_id", "date", "md5"}]}
    GET /geoip/databases/GeoLite2-ASN/download?date=20261007&suffix=tar.gz      -> an archive that has the file

Both with account id and license key (HTTP basic authentication). `md5` is that of the file in the archive.
"""

import hashlib
import os
import re
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

EDITION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST: Final = 4 << 30
CHUNK: Final = 1 << 20
TIMEOUT: Final = aiohttp.ClientTimeout(total=1800, sock_connect=30, sock_read=60)
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
UNAUTHORIZED: Final = 401


class UpdateError(Exception):
    """The databases cannot be updated."""


class Account(msgspec.Struct, frozen=True):
    """Who fetches which databases, from where and into which folder."""

    url: str
    directory: Path
    editions: tuple[str, ...]
    account_id: str
    license_key: str


class Release(msgspec.Struct, frozen=True):
    """The newest file of an edition."""

    edition_id: str
    date: str
    md5: str


class Releases(msgspec.Struct, frozen=True):
    databases: list[Release]


def read_account(environ: Mapping[str, str], url: str, directory: Path) -> Account:
    """Read the variables of `geoipupdate`. Raises UpdateError."""
    base = url if "://" in url else f"https://{url}"
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise UpdateError("the URL must begin with https: the license key would be sent in the clear")
    editions = tuple(re.split(r"[\s,]+", environ.get("GEOIPUPDATE_EDITION_IDS", "").strip()))
    if wrong := [edition for edition in editions if EDITION.fullmatch(edition) is None]:
        raise UpdateError(
            f"GEOIPUPDATE_EDITION_IDS: {wrong[0][:40]!r} is no edition; set it to the names of databases, such as"
            " `GeoLite2-City GeoLite2-ASN`"
        )
    if not directory.is_dir():
        raise UpdateError(f"{directory} is no folder: create it, or name another with GEOIPUPDATE_DB_DIR")
    account_id = read_variable(environ, "GEOIPUPDATE_ACCOUNT_ID")
    if not account_id.isdigit():
        raise UpdateError("GEOIPUPDATE_ACCOUNT_ID: an account id has digits only")
    return Account(base.rstrip("/"), directory, editions, account_id, read_variable(environ, "GEOIPUPDATE_LICENSE_KEY"))


def read_variable(environ: Mapping[str, str], name: str) -> str:
    """Read a variable, or the file that the variable with _FILE names."""
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise UpdateError(f"{name} and {name}_FILE are both set: keep one of them")
    if path:
        try:
            value = Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise UpdateError(f"{name}_FILE: {path} cannot be read: {error}") from error
    if not value or not value.strip():
        raise UpdateError(f"{name} is not set: it is on the page of your MaxMind account")
    return value.strip()


async def update_all(account: Account) -> list[str]:
    """Update every edition; give a sentence for each. Raises UpdateError at the first that fails."""
    # aiohttp drops this header where a redirect leads to another server, as to the one that has the archives.
    headers = {"Authorization": aiohttp.encode_basic_auth(account.account_id, account.license_key)}
    async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT) as session:
        try:
            return [await update_edition(session, account, edition) for edition in account.editions]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpdateError(f"{account.url} does not answer as expected: {type(error).__name__}: {error}") from error
        except (OSError, tarfile.TarError, EOFError) as error:
            raise UpdateError(f"{type(error).__name__}: {error}") from error


async def update_edition(session: aiohttp.ClientSession, account: Account, edition: str) -> str:
    path = account.directory / f"{edition}.mmdb"
    release = await find_release(session, account, edition)
    if path.exists() and digest(path) == release.md5:
        return f"{path}: up to date ({release.date})"
    with tempfile.TemporaryFile(dir=account.directory) as archive:
        url = f"{account.url}/geoip/databases/{edition}/download?date={release.date.replace('-', '')}&suffix=tar.gz"
        async with session.get(url) as answer:
            raise_refused(answer, edition)
            async for chunk in answer.content.iter_chunked(CHUNK):
                archive.write(chunk)
        archive.seek(0)
        replace_file(path, archive, release.md5)
    return f"{path}: {release.date}"


async def find_release(session: aiohttp.ClientSession, account: Account, edition: str) -> Release:
    url = f"{account.url}/geoip/updates/metadata"
    async with session.get(url, params={"edition_id": edition}) as answer:
        raise_refused(answer, edition)
        try:
            releases = msgspec.json.decode(await answer.read(), type=Releases).databases
        except msgspec.DecodeError as error:
            raise UpdateError(f"{account.url} answered something else than a list of databases: {error}") from error
    found = next((release for release in releases if release.edition_id == edition), None)
    if found is None or DATE.fullmatch(found.date) is None:
        raise UpdateError(f"{account.url} has no database {edition}: see GEOIPUPDATE_EDITION_IDS")
    return found


def raise_refused(answer: aiohttp.ClientResponse, edition: str) -> None:
    if answer.status == UNAUTHORIZED:
        raise UpdateError(
            "the account is refused (401): see GEOIPUPDATE_ACCOUNT_ID and GEOIPUPDATE_LICENSE_KEY, and whether the"
            f" license covers {edition}"
        )
    if not answer.ok:
        raise UpdateError(f"{edition} is refused with {answer.status} {answer.reason}")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def replace_file(path: Path, archive: IO[bytes], md5: str) -> None:
    """Write the file of an archive beside its place, verify it, and move it there. Raises UpdateError."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with tarfile.open(fileobj=archive, mode="r:gz") as files:
            member = next((each for each in files if each.isfile() and each.name.endswith(f"/{path.name}")), None)
            content = files.extractfile(member) if member is not None and member.size <= LARGEST else None
            if content is None:
                raise UpdateError(f"the archive has no {path.name}: it is kept as it was")
            with unfinished.open("wb") as file:
                while chunk := content.read(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        if digest(unfinished) != md5:
            raise UpdateError(f"{path.name} was damaged on its way: its digest is wrong, and the old file is kept")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
