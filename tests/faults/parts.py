"""The six parts of a pipeline, each of which can be stopped, frozen or killed, and come back."""

import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from deploy.local.server import Server
from deploy.local.settings import LocalSettings
from deploy.local.stack import run_stack
from tests.faults.pairs import PARTS, Fault, Kind, PartName
from tests.pipeline import Pipeline, Service, running_pipeline
from tests.waiting import eventually


class Part(Protocol):
    """One part of the pipeline. `come_back` ends a fault, if there is one, and waits for no other part."""

    async def fail(self, kind: Kind) -> None: ...
    async def come_back(self) -> None: ...


class ServerPart:
    """Kafka, Redis or Postgres."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def fail(self, kind: Kind) -> None:
        match kind:
            case "stopped":
                await self._server.stop()
            case "frozen":
                self._server.freeze()
            case "killed":
                await self._server.kill()

    async def come_back(self) -> None:
        try:
            self._server.thaw()
        except ProcessLookupError:
            await self._server.start()


class ServicePart:
    """One of our services. A stop must end it in order, whatever else has failed."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fail(self, kind: Kind) -> None:
        match kind:
            case "stopped":
                assert await self._service.stop() == 0, self._service.log.read_text()[-2000:]
            case "frozen":
                self._service.send(signal.SIGSTOP)
            case "killed":
                self._service.send(signal.SIGKILL)
                await self._service.stop()

    async def come_back(self) -> None:
        try:
            self._service.send(signal.SIGCONT)
        except ProcessLookupError:
            await self._service.launch()


class Parts(msgspec.Struct, frozen=True):
    """A running pipeline on servers of its own, and its parts by name."""

    pipeline: Pipeline
    by_name: Mapping[PartName, Part]

    async def fail(self, fault: Fault) -> None:
        await self.by_name[fault.part].fail(fault.kind)

    async def come_back(self, *names: PartName) -> None:
        """End the faults of these parts, or of all."""
        for name in names or PARTS:
            await self.by_name[name].come_back()

    async def until_ready(self) -> None:
        for service in self.pipeline.services.values():
            await eventually(service.is_ready)


@asynccontextmanager
async def running_parts(settings: LocalSettings, folder: Path, prefix: str) -> AsyncIterator[Parts]:
    """Run a pipeline on servers of its own. Enricher and sink are static members of their groups, as they should be."""
    async with run_stack(settings) as stack:
        pipeline = Pipeline(folder, stack.kafka.address, stack.postgres.address, stack.valkey.address, prefix)
        for stage in ("ENRICHER", "SINK"):
            pipeline.environ[f"CLICKRAIL_{stage}_GROUP_INSTANCE_ID"] = "only-one"
        servers: dict[PartName, Server] = {"Kafka": stack.kafka, "Redis": stack.valkey, "Postgres": stack.postgres}
        services: dict[PartName, Service] = {
            "ingest": pipeline.services["ingest"],
            "enricher": pipeline.services["enricher"],
            "sink": pipeline.services["sink"],
        }
        parts: dict[PartName, Part] = {name: ServerPart(server) for name, server in servers.items()}
        parts |= {name: ServicePart(service) for name, service in services.items()}
        async with running_pipeline(pipeline):
            yield Parts(pipeline, parts)
