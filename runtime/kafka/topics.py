"""Kafka topics: create what is missing, report what differs, delete nothing."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from runtime.errors import DependencyAway
from runtime.kafka.security import PLAINTEXT, KafkaSecurity

REPLICATED: Final = {"min.insync.replicas": "2"}
LISTED_S: Final = 60.0
TICK_S: Final = 0.05


class TopicSpec(Protocol):
    """A topic as it is wanted."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def config(self) -> Mapping[str, str]: ...
    @property
    def minimums(self) -> Mapping[str, int]: ...


class Applied(msgspec.Struct, frozen=True):
    """What was found of one topic: whether it was created, and how it differs (`setting: is, wanted`).

    A topic that was created differs where the broker's default is below a minimum.
    """

    name: str
    created: bool
    differences: tuple[str, ...]


async def compare_topics(
    bootstrap_servers: Sequence[str], wanted: Sequence[TopicSpec], security: KafkaSecurity = PLAINTEXT
) -> dict[str, tuple[str, ...] | None]:
    """Give of each topic how it differs from what is wanted, null where it does not exist; nothing is changed.

    Raises DependencyAway when Kafka does not answer or refuses.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=list(bootstrap_servers), request_timeout_ms=15_000, **security.options()
    )
    try:
        await admin.start()
        there = set(await admin.list_topics())
        return {spec.name: await differences(admin, spec) if spec.name in there else None for spec in wanted}
    except (KafkaError, OSError) as error:
        raise DependencyAway(f"Kafka at {','.join(bootstrap_servers)}: {error!r}") from error
    finally:
        await admin.close()


async def apply_topics(
    bootstrap_servers: Sequence[str], wanted: Sequence[TopicSpec], security: KafkaSecurity = PLAINTEXT
) -> list[Applied]:
    """Create the topics that do not exist, and say how the others differ.

    Replication is 3, with two in sync, where there are three brokers, and 1 where there are fewer. Raises
    DependencyAway when Kafka does not answer or refuses.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=list(bootstrap_servers), request_timeout_ms=15_000, **security.options()
    )
    try:
        await admin.start()
        brokers = len((await admin.describe_cluster())["brokers"])
        there = set(await admin.list_topics())
        await create(admin, [spec for spec in wanted if spec.name not in there], replication=3 if brokers >= 3 else 1)  # noqa: PLR2004 - Kafka's usual three
        await until_listed(admin, {spec.name for spec in wanted})
        return [
            Applied(
                spec.name,
                spec.name not in there,
                await (differences(admin, spec) if spec.name in there else low_settings(admin, spec)),
            )
            for spec in wanted
        ]
    except (KafkaError, OSError) as error:
        raise DependencyAway(f"Kafka at {','.join(bootstrap_servers)}: {error!r}") from error
    finally:
        await admin.close()


async def create(admin: AIOKafkaAdminClient, missing: Sequence[TopicSpec], *, replication: int) -> None:
    more = REPLICATED if replication > 1 else {}
    response = await admin.create_topics(
        [NewTopic(spec.name, spec.partitions, replication, topic_configs={**spec.config, **more}) for spec in missing]
    )
    for name, code, *message in response.topic_errors:
        # Somebody else may have created it since we looked.
        if code not in (0, 36):
            raise for_code(code)(f"{name}: {message}")


async def until_listed(admin: AIOKafkaAdminClient, names: Collection[str]) -> None:
    """Wait until a broker lists the topics: it hears of a new one a moment after the controller has made it.

    Raises TimeoutError.
    """
    try:
        async with asyncio.timeout(LISTED_S):
            while not set(names) <= set(await admin.list_topics()):  # noqa: ASYNC110 - polling: Kafka tells nobody
                await asyncio.sleep(TICK_S)
    except TimeoutError as error:
        raise TimeoutError(
            f"it has created the topics, but does not list all of them after {LISTED_S:.0f} s; "
            f"a broker that is starting needs longer: run `clickrail topics apply` again"
        ) from error


async def differences(admin: AIOKafkaAdminClient, spec: TopicSpec) -> tuple[str, ...]:
    """Give `setting: is, wanted` for each setting of the spec that the existing topic does not have."""
    (described,) = await admin.describe_topics([spec.name])
    found = {"partitions": str(len(described["partitions"])), **await read_config(admin, spec.name, spec.config)}
    wanted = {"partitions": str(spec.partitions), **spec.config}
    different = (
        f"{name}: {found.get(name)}, wanted {value}" for name, value in wanted.items() if found.get(name) != value
    )
    return (*different, *await low_settings(admin, spec))


async def low_settings(admin: AIOKafkaAdminClient, spec: TopicSpec) -> tuple[str, ...]:
    """Give `setting: is, wanted at least` for each setting, the topic's own or the broker's, below its minimum."""
    found = await read_config(admin, spec.name, spec.minimums) if spec.minimums else {}
    return tuple(
        f"{name}: {found.get(name)}, wanted at least {least}"
        for name, least in spec.minimums.items()
        if int(found.get(name) or 0) < least
    )


async def read_config(admin: AIOKafkaAdminClient, topic: str, names: Iterable[str]) -> dict[str, Any]:
    """Read settings of a topic as they are in force: its own, else the broker's."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(names))
    (answer,) = await admin.describe_configs([resource])
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}
