"""Settings of the local stack. A field `kafka_port` is read from `CLICKRAIL_LOCAL_KAFKA_PORT`."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

REPOSITORY: Final = Path(__file__).resolve().parents[2]

Port = Annotated[int, Meta(ge=0, le=65535, description="port on 127.0.0.1; 0 takes a free one")]
Mib = Annotated[int, Meta(ge=16, le=65536, description="memory, in MiB")]


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return f"CLICKRAIL_LOCAL_{field.upper()}"


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True, rename=variable):
    """Where the servers keep their data, where they listen, and what memory they may take.

    With the defaults the three stay below 900 MiB together.
    """

    data_dir: Annotated[str, Meta(description="folder of the servers' data, logs and password")] = ".local"
    cache_dir: Annotated[
        str, Meta(description="folder of downloads, shared by any number of data folders; empty: beside the source")
    ] = ""
    maven_mirror: Annotated[str, Meta(description="URL to fetch Kafka's jars from; empty: the public registry")] = ""
    kafka_port: Port = 19092
    kafka_controller_port: Port = 19093
    postgres_port: Port = 15432
    valkey_port: Port = 16379
    landing_port: Annotated[
        int, Meta(ge=0, le=65535, description="port of the page that the demo's links lead to; 0 takes a free one")
    ] = 18080
    kafka_heap_mib: Annotated[int, Meta(ge=128, description="Kafka's Java heap, in MiB")] = 384
    postgres_shared_buffers_mib: Mib = 96
    valkey_maxmemory_mib: Mib = 64
    throwaway: Annotated[
        bool, Meta(description="for tests: starts faster, runs slower, and data may be lost in a power cut")
    ] = False
    start_seconds: Annotated[float, Meta(gt=0, description="how long a server may take to start, in seconds")] = 60.0
    stop_seconds: Annotated[float, Meta(gt=0, description="how long a server may take to stop, in seconds")] = 15.0

    @property
    def data(self) -> Path:
        return Path(self.data_dir).resolve()

    @property
    def cache(self) -> Path:
        return Path(self.cache_dir).resolve() if self.cache_dir else REPOSITORY / ".local" / "cache"
