"""`clickrail geo update`, against a server of our own that speaks MaxMind's protocol."""

import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer

from cli.geo_update import UpdateError, read_account, update_all
from tests.enricher.builders import write_database

ENVIRON = {
    "GEOIPUPDATE_ACCOUNT_ID": "42",
    "GEOIPUPDATE_LICENSE_KEY": "secret",
    "GEOIPUPDATE_EDITION_IDS": "Test-City Test-ASN",
}


class MaxMind:
    """Serves files as MaxMind does: the archives are on another server, behind a redirect."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.downloads: list[str] = []
        self.is_cut = False
        self.is_another = False
        self.store_url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/geoip/updates/metadata", self.metadata)
        app.router.add_get("/geoip/databases/{edition}/download", self.download)
        return app

    def store_app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/store/{edition}", self.store)
        return app

    async def metadata(self, request: web.Request) -> web.Response:
        check_auth(request)
        edition = request.query["edition_id"]
        if edition not in self.files:
            return web.json_response({"databases": []})
        md5 = hashlib.md5(self.files[edition], usedforsecurity=False).hexdigest()
        return web.json_response({"databases": [{"edition_id": edition, "date": "2026-10-07", "md5": md5}]})

    async def download(self, request: web.Request) -> web.Response:
        check_auth(request)
        assert dict(request.query) == {"date": "20261007", "suffix": "tar.gz"}
        raise web.HTTPFound(f"{self.store_url}store/{request.match_info['edition']}")

    async def store(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        edition = request.match_info["edition"]
        self.downloads.append(edition)
        content = b"another" if self.is_another else self.files[edition]
        archive = pack(f"{edition}_20261007/{edition}.mmdb", content)
        return web.Response(body=archive[: len(archive) // 2] if self.is_cut else archive)


def check_auth(request: web.Request) -> None:
    if request.headers["Authorization"] != encode_basic_auth("42", "secret"):
        raise web.HTTPUnauthorized


def pack(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for each, data in (("x/LICENSE.txt", b"read me"), (name, content)):
            member = tarfile.TarInfo(each)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture
def maxmind(tmp_path: Path) -> MaxMind:
    (tmp_path / "made").mkdir()
    names = ("Test-City", "Test-ASN")
    return MaxMind({name: write_database(tmp_path / "made" / name).read_bytes() for name in names})


@pytest.fixture
async def url(maxmind: MaxMind) -> AsyncIterator[str]:
    async with TestServer(maxmind.app()) as server, TestServer(maxmind.store_app()) as store:
        maxmind.store_url = str(store.make_url("/"))
        yield str(server.make_url("/"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "geo").mkdir()
    return tmp_path / "geo"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def update(url: str, folder: Path, **changes: str) -> list[str]:
    return await update_all(read_account({**ENVIRON, **changes}, url, folder))


async def test_databases_are_fetched_and_then_only_when_there_are_newer_ones(
    maxmind: MaxMind, url: str, folder: Path
) -> None:
    first = await update(url, folder)
    maxmind.files["Test-ASN"] = maxmind.files["Test-City"] + b"newer"
    second = await update(url, folder)

    city, asn = folder / "Test-City.mmdb", folder / "Test-ASN.mmdb"
    assert first == [f"{city}: 2026-10-07", f"{asn}: 2026-10-07"]
    assert second == [f"{city}: up to date (2026-10-07)", f"{asn}: 2026-10-07"]
    assert files_of(folder) == {f"{name}.mmdb": content for name, content in maxmind.files.items()}
    assert maxmind.downloads == ["Test-City", "Test-ASN", "Test-ASN"]


async def test_the_old_file_is_whole_until_the_new_one_takes_its_place(
    maxmind: MaxMind, url: str, folder: Path
) -> None:
    path = folder / "Test-City.mmdb"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        await update(url, folder, GEOIPUPDATE_EDITION_IDS="Test-City")

        assert reader.read() == b"old"
    assert path.read_bytes() == maxmind.files["Test-City"]


async def test_an_archive_cut_short_changes_nothing(maxmind: MaxMind, url: str, folder: Path) -> None:
    (folder / "Test-City.mmdb").write_bytes(b"old")
    maxmind.is_cut = True

    with pytest.raises(UpdateError):
        await update(url, folder)
    assert files_of(folder) == {"Test-City.mmdb": b"old"}


async def test_a_file_with_another_digest_changes_nothing(maxmind: MaxMind, url: str, folder: Path) -> None:
    (folder / "Test-City.mmdb").write_bytes(b"old")
    maxmind.is_another = True

    with pytest.raises(UpdateError, match="its digest is wrong, and the old file is kept"):
        await update(url, folder)
    assert files_of(folder) == {"Test-City.mmdb": b"old"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"GEOIPUPDATE_LICENSE_KEY": "wrong"}, r"the account is refused \(401\): see GEOIPUPDATE_ACCOUNT_ID"),
        ({"GEOIPUPDATE_EDITION_IDS": "GeoLite2-Nothing"}, "has no database GeoLite2-Nothing"),
    ],
)
async def test_what_maxmind_refuses_is_told_in_a_sentence(
    url: str, folder: Path, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UpdateError, match=sentence):
        await update(url, folder, **changes)


async def test_a_server_that_is_away_is_told(folder: Path) -> None:
    with pytest.raises(UpdateError, match="does not answer as expected: ClientConnectorError"):
        await update("http://127.0.0.1:9", folder)


async def greet(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_a_server_of_another_kind_is_told(folder: Path) -> None:
    app = web.Application()
    app.router.add_get("/geoip/updates/metadata", greet)
    async with TestServer(app) as server:
        with pytest.raises(UpdateError, match="answered something else than a list of databases"):
            await update(str(server.make_url("/")), folder)


def test_secrets_are_read_from_files(tmp_path: Path, folder: Path) -> None:
    for name, content in (("id", "7\n"), ("key", "from a file\n")):
        (tmp_path / name).write_text(content)
    environ = {
        "GEOIPUPDATE_ACCOUNT_ID_FILE": str(tmp_path / "id"),
        "GEOIPUPDATE_LICENSE_KEY_FILE": str(tmp_path / "key"),
        "GEOIPUPDATE_EDITION_IDS": " GeoLite2-City,GeoLite2-ASN ",
    }
    account = read_account(environ, "updates.example", folder)

    assert (account.account_id, account.license_key) == ("7", "from a file")
    assert account.editions == ("GeoLite2-City", "GeoLite2-ASN")
    assert account.url == "https://updates.example"


@pytest.mark.parametrize(
    ("changes", "url", "sentence"),
    [
        ({"GEOIPUPDATE_ACCOUNT_ID": ""}, "https://x", "GEOIPUPDATE_ACCOUNT_ID is not set: it is on the page of your"),
        ({"GEOIPUPDATE_EDITION_IDS": ""}, "https://x", "GEOIPUPDATE_EDITION_IDS: '' is no edition"),
        ({"GEOIPUPDATE_EDITION_IDS": "../../etc/passwd"}, "https://x", "'../../etc/passwd' is no edition"),
        ({"GEOIPUPDATE_LICENSE_KEY_FILE": "/x"}, "https://x", "GEOIPUPDATE_LICENSE_KEY_FILE are both set: keep one"),
        (
            {"GEOIPUPDATE_LICENSE_KEY": "", "GEOIPUPDATE_LICENSE_KEY_FILE": "/nowhere"},
            "https://x",
            "GEOIPUPDATE_LICENSE_KEY_FILE: /nowhere cannot be read",
        ),
        ({}, "http://updates.example", "the URL must begin with https: the license key would be sent in the clear"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(folder: Path, changes: dict[str, str], url: str, sentence: str) -> None:
    with pytest.raises(UpdateError, match=sentence):
        read_account({**ENVIRON, **changes}, url, folder)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="none is no folder: create it, or name another with GEOIPUPDATE_DB_DIR"):
        read_account(ENVIRON, "https://x", tmp_path / "none")
