"""Kafka's jars, from a registry of ours on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from deploy.local.errors import CorruptDownload, Unreachable
from deploy.local.jars import install_kafka, read_lock
from deploy.local.settings import LocalSettings

GOOD, BAD = b"a jar", b"a jaw"
PLACE = "org/example/thing/1.0/thing-1.0.jar"


class Registry(ThreadingHTTPServer):
    """Answers requests for the jar with each of `answers` in turn, the last one for ever; None: 404."""

    def __init__(self, answers: list[bytes | None]) -> None:
        self.answers = answers
        self.asked = 0
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        answer = None
        if self.path == f"/{PLACE}":
            answer = self.server.answers[min(self.server.asked, len(self.server.answers) - 1)]
            self.server.asked += 1
        self.send_response(200 if answer else 404)
        self.send_header("Content-Length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry([GOOD]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "kafka.lock"
    path.write_text(f"# A comment.\norg.example:thing:1.0 {hashlib.sha256(GOOD).hexdigest()}\n")
    return path


@pytest.fixture
def settings(tmp_path: Path, registry: Registry) -> LocalSettings:
    host, port = registry.server_address[:2]
    return LocalSettings(cache_dir=str(tmp_path / "cache"), maven_mirror=f"http://{host!s}:{port}/")


async def test_a_jar_is_fetched_once(settings: LocalSettings, lock: Path, registry: Registry) -> None:
    reports: list[tuple[str, float | None]] = []
    for _ in range(2):
        (jar,) = await install_kafka(settings, lambda what, done: reports.append((what, done)), lock)
        assert jar == settings.cache / "kafka" / PLACE
        assert jar.read_bytes() == GOOD
    assert registry.asked == 1
    assert reports == [("Fetching Kafka", 0.0), ("Fetching Kafka", 1.0)]


async def test_a_jar_that_comes_corrupt_is_fetched_once_more(
    settings: LocalSettings, lock: Path, registry: Registry
) -> None:
    registry.answers = [BAD, GOOD]
    (jar,) = await install_kafka(settings, lock=lock)
    assert jar.read_bytes() == GOOD


async def test_a_jar_that_became_corrupt_is_fetched_again(settings: LocalSettings, lock: Path) -> None:
    (jar,) = await install_kafka(settings, lock=lock)
    jar.write_bytes(GOOD[:2])
    await install_kafka(settings, lock=lock)
    assert jar.read_bytes() == GOOD


async def test_a_jar_that_stays_corrupt_is_refused_and_not_kept(
    settings: LocalSettings, lock: Path, registry: Registry
) -> None:
    registry.answers = [BAD]
    with pytest.raises(CorruptDownload, match=r"thing-1\.0\.jar was downloaded twice"):
        await install_kafka(settings, lock=lock)
    assert registry.asked == 2
    assert not (settings.cache / "kafka" / PLACE).exists()


async def test_a_jar_the_registry_does_not_have_is_named(
    settings: LocalSettings, lock: Path, registry: Registry
) -> None:
    registry.answers = [None]
    with pytest.raises(Unreachable, match=r"thing-1\.0\.jar could not be downloaded"):
        await install_kafka(settings, lock=lock)


async def test_no_network_is_told(settings: LocalSettings, lock: Path) -> None:
    nobody = msgspec.structs.replace(settings, maven_mirror="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"check the network, or HTTPS_PROXY, and run the command again"):
        await install_kafka(nobody, lock=lock)


def test_the_lock_holds_kafka_and_names_no_address() -> None:
    path = Path(__file__).parents[2] / "deploy" / "local" / "kafka.lock"
    jars = {str(jar) for jar in read_lock(path)}
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "log4j-slf4j-impl-2.25.4.jar"} <= jars
    assert "://" not in path.read_text()
