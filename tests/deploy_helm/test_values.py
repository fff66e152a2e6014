"""Values that do not fit are refused, in words."""

import json
from typing import Any, Final, get_type_hints

import msgspec
import pytest
import yaml

from docs.generators.settings import SERVICES
from runtime.expectations import plain_type
from runtime.secret import Secret
from tests.deploy_helm.renders import CHART, NAMES, RENDER, environment_of, parse, pods_in, render, values_of
from tests.deploy_helm.tools import ROOT, needs, run_tool
from tests.schemas.validating import Draft202012Validator

SCHEMA: Final = json.loads((ROOT / CHART / "values.schema.json").read_text())
DEFAULTS: Final = yaml.safe_load((ROOT / CHART / "values.yaml").read_text())
SET_BY_THE_CHART: Final = {
    "DATA_DIR",
    "WORKERS",
    "DRAIN_S",
    "FLUSH_S",
    "GROUP_INSTANCE_ID",
    "HOST",
    "PORT",
    "PRIVATE_HOST",
    "PRIVATE_PORT",
    "URL",
}


def problems(values: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(values)]


def own_settings_of(service: str) -> set[str]:
    """Give what may be set by hand: the service's own variables without secrets, and without those of the chart."""
    kind, prefix = SERVICES[service], f"CLICKRAIL_{service.upper()}_"
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if field.encode_name.startswith(prefix)
        and field.encode_name.removeprefix(prefix) not in SET_BY_THE_CHART
        and plain_type(hints[field.name]) is not Secret
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_knows_every_setting_of_a_service(service: str) -> None:
    assert own_settings_of(service) == set(SCHEMA["$defs"][f"{service}Settings"]["properties"])


@pytest.mark.parametrize("values", [DEFAULTS, *(yaml.safe_load(values_of(name).read_text()) for name in NAMES)])
def test_the_schema_takes_the_defaults_and_the_examples(values: dict[str, Any]) -> None:
    assert problems(values) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"ingest": {"settings": {"CLICKRAIL_INGEST_FALBACK_URL": "https://shop.example/"}}},
            "$.ingest.settings: Additional properties are not allowed ('CLICKRAIL_INGEST_FALBACK_URL' was unexpected)",
        ),
        (
            {"console": {"settings": {"CLICKRAIL_CONSOLE_PASSWORD": "a long password"}}},
            "$.console.settings: Additional properties are not allowed ('CLICKRAIL_CONSOLE_PASSWORD' was unexpected)",
        ),
        (
            {"sink": {"autoscaling": {"lagThreshold": 10}}},
            "$.sink.autoscaling.lagThreshold: 10 is less than the minimum of 1000",
        ),
        (
            {"sink": {"autoscaling": {"minReplicas": 0}}},
            "$.sink.autoscaling.minReplicas: 0 is less than the minimum of 1",
        ),
        ({"kafka": {"brokers": []}}, "$.kafka: Additional properties are not allowed ('brokers' was unexpected)"),
    ],
)
def test_the_schema_refuses_what_would_not_work(values: dict[str, Any], expected: str) -> None:
    assert problems(values) == [expected]


@needs("helm")
def test_without_values_everything_that_is_missing_is_said_at_once() -> None:
    done = run_tool("helm", *RENDER)

    said = [line[2:].split(" is empty")[0] for line in done.stderr.splitlines() if line.startswith("- ")]
    assert done.returncode == 1
    assert said == [
        "kafka.bootstrapServers",
        "publicUrl",
        *["database.existingSecret"] * 5,
        "keys.existingSecret",
        "console.existingSecret",
    ]


@needs("helm")
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ["enricher.replicas=13"],
            "enricher: 13 replicas are more than the topics have partitions (kafka.partitions: 12)",
        ),
        (
            ["kafka.sasl.existingSecret=k"],
            "kafka.securityProtocol is PLAINTEXT, but a password or certificates are given",
        ),
        (["console.ingress.enabled=true"], "console.ingress.host is empty, and no URL says it either"),
        (["kafka.tls.certificateKey=tls.crt"], "kafka.tls: certificateKey and keyKey belong together"),
    ],
)
def test_values_that_do_not_go_together_are_refused(values: list[str], expected: str) -> None:
    done = run_tool("helm", *RENDER, "--values", str(values_of("smallest")), *(f"--set={value}" for value in values))

    assert done.returncode == 1
    assert f"- {expected}" in done.stderr


@needs("helm")
def test_a_large_number_reaches_the_service_as_it_is_written() -> None:
    rendered = parse(render("smallest", "--set", "ingest.settings.CLICKRAIL_INGEST_CODE_BURST=10000000"))

    assert environment_of(dict(pods_in(rendered))["ingest"])["CLICKRAIL_INGEST_CODE_BURST"] == "10000000"


@needs("helm")
def test_a_claim_to_rescue_gets_a_job_that_delivers_its_journal() -> None:
    pods = dict(pods_in(parse(render("production", "--set", "ingest.journal.rescue={journal-clickrail-ingest-3}"))))
    (container,) = pods["rescue"]["containers"]

    assert container["command"] == ["python", "-m", "deploy.journal_rescue"]
    assert environment_of(pods["rescue"]) == environment_of(pods["ingest"])
    assert pods["rescue"]["volumes"][0] == {
        "name": "journal",
        "persistentVolumeClaim": {"claimName": "journal-clickrail-ingest-3"},
    }
