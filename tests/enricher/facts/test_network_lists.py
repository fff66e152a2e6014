"""Operators' lists on disk."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from enricher.facts.network_lists import LARGEST_MIB, NetworkListFile
from tests.enricher.builders import put


def kinds_of(file: NetworkListFile, address: str) -> list[str]:
    assert file.networks is not None
    return [claim.kind for claim in file.networks.find_claims(ip_address(address), None)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "list.txt").write_text("192.0.2.0/24\n")
    return tmp_path / "list.txt"


@pytest.fixture
def file(path: Path) -> NetworkListFile:
    file = NetworkListFile(f"vpn={path}")
    assert file.refresh()
    return file


def test_a_setting_names_the_kind_or_the_file_does(tmp_path: Path, path: Path) -> None:
    odd = tmp_path / "a=b.txt"
    odd.write_text("# kind: tor\n192.0.2.0/24\n")
    files = [NetworkListFile(f"hosting={path}"), NetworkListFile(str(odd)), NetworkListFile(f"tor={odd}")]

    assert [file.refresh() for file in files] == [True] * 3
    assert [kinds_of(file, "192.0.2.1") for file in files] == [["hosting"], ["tor"], ["tor"]]


def test_a_list_that_has_not_changed_is_not_read_again(file: NetworkListFile) -> None:
    assert not file.refresh()


def test_its_label_is_another_one_when_its_content_is(file: NetworkListFile, path: Path) -> None:
    assert file.networks is not None
    (before,) = file.networks.find_claims(ip_address("192.0.2.1"), None)
    put(b"192.0.2.0/25\n", path)
    file.refresh()
    (after,) = file.networks.find_claims(ip_address("192.0.2.1"), None)

    assert before.label is not None
    assert after.label is not None
    assert before.label.startswith("list.txt ")
    assert after.label.startswith("list.txt ")
    assert before.label != after.label


BAD = {
    b"nothing\nof this\n": "none of its lines can be used: line 1 ('nothing') is neither a range of addresses nor",
    b"": "it has no entry",
    b"\xff\xfe\x00": "it is not a text (UTF-8)",
    b"1.2.3.4\n" * ((LARGEST_MIB << 17) + 1): f"it is larger than {LARGEST_MIB} MiB, or was being written",
}


@pytest.mark.parametrize("content", BAD, ids=["all bad", "empty", "no text", "huge"])
def test_a_file_that_is_all_bad_is_refused_and_the_old_one_stays_in_use(
    file: NetworkListFile, path: Path, content: bytes
) -> None:
    put(content, path)

    assert not file.refresh()
    assert kinds_of(file, "192.0.2.1") == ["vpn"]
    assert file.problem is not None
    assert file.problem.startswith(f"{path} is refused, and what it held before stays in use: {BAD[content]}")


def test_a_list_with_bad_lines_is_used_and_the_lines_are_a_problem(file: NetworkListFile, path: Path) -> None:
    put(b"198.51.100.0/24\n198.51.100/24\n", path)

    assert file.refresh()
    assert kinds_of(file, "198.51.100.1") == ["vpn"]
    assert file.problem == (
        f"{path} is in use but for 1 lines: line 2 ('198.51.100/24') is neither a range of addresses nor an AS number"
    )
    put(b"198.51.100.0/24\n", path)
    assert file.refresh()
    assert file.problem is None


def test_a_deleted_list_stays_in_use_and_is_a_problem(file: NetworkListFile, path: Path) -> None:
    path.unlink()

    assert not file.refresh()
    assert kinds_of(file, "192.0.2.1") == ["vpn"]
    assert file.problem == f"{path} cannot be read: No such file or directory"
