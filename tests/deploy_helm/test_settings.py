"""What the chart says to the services: names that exist, all that is required, and every secret as a file."""

from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec
import pytest

from deploy.healthcheck import PORTS
from docs.generators.settings import SERVICES
from runtime.expectations import plain_type
from runtime.kafka.settings import KafkaSettings
from runtime.secret import Secret
from runtime.settings import FILE, load
from schemas import CLICKS_ENRICHED, CLICKS_RAW, CLICKS_REJECTED
from tests.deploy_helm.renders import NAMES, Object, environment_of, parse, pods_in, read_golden, render
from tests.deploy_helm.tools import needs

MOUNTED_AT: Final = "/etc/clickrail/secrets"
CONTENTS: Final = {
    "database-url": "postgresql://u:p@postgres/c",
    "redis-url": "redis://valkey:6379/0",
    "kafka-password": "a long password",
    "console-password": "a long password",
    "console-session-secret": "s" * 32,
}
WORKLOADS: Final = [(name, component) for name in NAMES for component, _ in pods_in(read_golden(name))]
SERVICE_PODS: Final = [(name, component) for name, component in WORKLOADS if component in SERVICES]


def pod_of(name: str, component: str) -> Object:
    return dict(pods_in(read_golden(name)))[component]


def files_of(pod: Object) -> set[str]:
    """Give the files that the pod's secrets become."""
    (container,) = pod["containers"]
    volumes = [volume for volume in pod.get("volumes", []) if volume["name"] == "secrets"]
    if not volumes:
        return set()
    (volume,), (mount,) = volumes, (mount for mount in container["volumeMounts"] if mount["name"] == "secrets")
    assert (mount["mountPath"], mount["readOnly"], volume["projected"]["defaultMode"]) == (MOUNTED_AT, True, 0o440)
    return {item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]}


def is_secret(kind: type[msgspec.Struct], variable: str) -> bool:
    hints = get_type_hints(kind, include_extras=True)
    names = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    return variable in names and plain_type(hints[names[variable]]) is Secret


@pytest.mark.parametrize(("name", "component"), SERVICE_PODS)
def test_a_service_starts_with_what_the_chart_gives_it(name: str, component: str, tmp_path: Path) -> None:
    environ = environment_of(pod_of(name, component))
    for file, content in CONTENTS.items():
        (tmp_path / file).write_text(content)
    here = {variable: value.replace(MOUNTED_AT, str(tmp_path)) for variable, value in environ.items()}

    settings: Any = load(SERVICES[component], here)

    assert (settings.private_host, settings.private_port) == ("0.0.0.0", PORTS[component])  # noqa: S104 - for probes


@pytest.mark.parametrize(("name", "component"), WORKLOADS)
def test_every_file_that_a_setting_names_comes_from_a_secret(name: str, component: str) -> None:
    pod = pod_of(name, component)
    named = {Path(value).name for value in environment_of(pod).values() if value.startswith(MOUNTED_AT)}

    # A certificate that the database's URL names is in no setting.
    assert files_of(pod) - {"database-ca.crt", "redis-ca.crt"} == named


@pytest.mark.parametrize(("name", "component"), WORKLOADS)
def test_no_secret_stands_in_the_environment(name: str, component: str) -> None:
    environ = environment_of(pod_of(name, component))
    kinds = [*SERVICES.values(), KafkaSettings]

    assert [variable for variable in environ if any(is_secret(kind, variable) for kind in kinds)] == []


@pytest.mark.parametrize(("name", "component"), WORKLOADS)
def test_every_variable_is_one_that_its_component_reads(name: str, component: str) -> None:
    kind = SERVICES.get(component) or {"migrate": SERVICES["sink"], "topics": KafkaSettings}[component]
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    given = {
        variable if variable in known else variable.removesuffix(FILE)
        for variable in environment_of(pod_of(name, component))
    }

    assert given - known == set()


@pytest.mark.parametrize(("name", "component"), SERVICE_PODS)
def test_the_probes_ask_the_private_port(name: str, component: str) -> None:
    (container,) = pod_of(name, component)["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    asked = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness", "liveness")}

    assert ports["private"] == PORTS[component]
    # The console is reached while PostgreSQL is away: it says so.
    readiness = "/healthz" if component == "console" else "/readyz"
    assert asked == {"startup": "/healthz", "readiness": readiness, "liveness": "/healthz"}
    assert {container[f"{probe}Probe"]["httpGet"]["port"] for probe in asked} == {"private"}


@pytest.mark.parametrize("name", NAMES)
def test_ingest_has_the_time_to_drain_and_flush_before_it_is_killed(name: str) -> None:
    pod = pod_of(name, "ingest")
    settings = environment_of(pod)
    # A supervisor gives its workers 12 s more than the flush (docs/operating.md).
    longest = int(settings["CLICKRAIL_INGEST_DRAIN_S"]) + int(settings["CLICKRAIL_INGEST_FLUSH_S"]) + 12

    assert pod["terminationGracePeriodSeconds"] > longest


def test_the_lag_is_asked_of_the_groups_and_topics_that_the_stages_have() -> None:
    asked = {
        (one["metadata"]["name"], trigger["metadata"]["consumerGroup"], trigger["metadata"]["topic"])
        for one in read_golden("production")
        if one["kind"] == "ScaledObject"
        for trigger in one["spec"]["triggers"]
    }

    assert asked == {
        ("clickrail-enricher", "clickrail.enricher", CLICKS_RAW.name),
        ("clickrail-sink", "clickrail.sink", CLICKS_ENRICHED.name),
        ("clickrail-sink", "clickrail.sink", CLICKS_REJECTED.name),
    }


@needs("helm")
def test_with_a_provider_the_console_gets_its_secret_as_a_file_and_may_reach_it() -> None:
    issuer = "console.settings.CLICKRAIL_CONSOLE_OIDC_ISSUER=https://login.shop.example"
    rendered = parse(render("smallest", "--set", f"console.oidcClientSecretKey=oidc,{issuer}"))
    pod = dict(pods_in(rendered))["console"]
    file = environment_of(pod)["CLICKRAIL_CONSOLE_OIDC_CLIENT_SECRET_FILE"]
    policies = {one["metadata"]["name"]: one["spec"] for one in rendered if one["kind"] == "NetworkPolicy"}

    assert file.removeprefix(f"{MOUNTED_AT}/") in files_of(pod)
    assert environment_of(pod)["CLICKRAIL_CONSOLE_OIDC_ISSUER"] == "https://login.shop.example"
    assert {"ports": [{"port": 443, "protocol": "TCP"}]} in policies["clickrail-console"]["egress"]
