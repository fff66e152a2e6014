"""The chart's renders: as they were last looked at, and such as Kubernetes takes."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.deploy_helm.renders import (
    CHART,
    GOLDEN,
    MADE_FROM,
    NAMES,
    Object,
    digest_of_the_chart,
    pods_in,
    read_golden,
    render,
    values_of,
)
from tests.deploy_helm.tools import needs, run_tool
from tests.schemas.validating import Draft202012Validator

SCHEMAS: Final = Path(__file__).parent / "schemas"
DEFINITIONS: Final = "_definitions.json"


@cache
def validator_of(kind: str) -> Draft202012Validator:
    definitions = Resource(json.loads((SCHEMAS / DEFINITIONS).read_text()), DRAFT202012)
    schema = json.loads((SCHEMAS / f"{kind.lower()}.json").read_text())
    return Draft202012Validator(schema, registry=Registry().with_resource(DEFINITIONS, definitions))


def test_the_renders_were_made_from_the_chart_as_it_is() -> None:
    assert MADE_FROM.read_text().strip() == digest_of_the_chart(), "write them: python -m tests.deploy_helm.renders"


@needs("helm")
@pytest.mark.parametrize("name", NAMES)
def test_a_render_is_as_it_was_last_looked_at(name: str) -> None:
    assert render(name) == (GOLDEN / f"{name}.yaml").read_text(), "write it: python -m tests.deploy_helm.renders"


@needs("helm")
@pytest.mark.parametrize("name", NAMES)
def test_helm_finds_nothing_wrong_with_the_chart(name: str) -> None:
    done = run_tool("helm", "lint", "--strict", CHART, "--values", str(values_of(name)))

    assert (done.returncode, "1 chart(s) linted, 0 chart(s) failed" in done.stdout) == (0, True), done.stdout


@needs("helm")
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("smallest", "clickrail-ingest-0 -- clickrail code add spring-24"),
        ("production", "code spring-24 in the console (below; ingest's database account only reads)"),
        ("edge", "code spring-24 at the centre"),
    ],
)
def test_a_newcomer_is_told_how_to_make_a_code_with_the_rights_that_there_are(name: str, way: str) -> None:
    arguments = ("--namespace", "clickrail", "--values", str(values_of(name)), "--dry-run=client")
    _, _, notes = run_tool("helm", "install", "clickrail", CHART, *arguments).stdout.partition("NOTES:\n")

    assert notes.count("spring-24") == 2
    assert way in notes


@needs("kubeconform")
@pytest.mark.parametrize("name", NAMES)
def test_kubeconform_finds_nothing_wrong_with_a_render(name: str) -> None:
    location = str(SCHEMAS / "{{ .ResourceKind }}.json")
    golden = (GOLDEN / f"{name}.yaml").read_text()
    done = run_tool("kubeconform", "-strict", "-summary", "-schema-location", location, "-", given=golden)

    assert done.returncode == 0, done.stdout
    assert f"Valid: {len(read_golden(name))}, Invalid: 0, Errors: 0, Skipped: 0" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_kubernetes_schemas_take_each_object(name: str) -> None:
    wrong = [
        f"{one['kind']} {one['metadata']['name']} {error.json_path}: {error.message}"
        for one in read_golden(name)
        for error in validator_of(one["kind"]).iter_errors(one)
    ]

    assert wrong == []


def test_a_misspelt_field_is_found() -> None:
    (ingest,) = (deepcopy(one) for one in read_golden("smallest") if one["kind"] == "StatefulSet")
    ingest["spec"]["template"]["spec"]["terminationGracePeriod"] = 30

    (error,) = validator_of("StatefulSet").iter_errors(ingest)

    assert "'terminationGracePeriod' was unexpected" in error.message


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_runs_without_root_without_rights_and_on_a_read_only_file_system(name: str) -> None:
    for component, pod in pods_in(read_golden(name)):
        (container,) = pod["containers"]
        of_pod, own = pod["securityContext"], container["securityContext"]
        assert (of_pod["runAsNonRoot"], of_pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), component
        assert own == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }, component
        assert pod["automountServiceAccountToken"] is False, component


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_says_what_it_needs_and_has_a_bound_for_memory(name: str) -> None:
    for component, pod in pods_in(read_golden(name)):
        resources = pod["containers"][0]["resources"]
        assert resources["requests"].keys() == {"cpu", "memory"}, component
        assert resources["limits"].keys() == {"memory"}, component


@pytest.mark.parametrize("name", NAMES)
def test_selectors_of_services_budgets_monitors_and_policies_find_pods(name: str) -> None:
    objects = read_golden(name)
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in objects if "template" in one.get("spec", {})]
    selectors = {f"{one['kind']} {one['metadata']['name']}": selector_of(one) for one in objects if selector_of(one)}

    assert selectors
    assert [
        who for who, wanted in selectors.items() if not any(wanted.items() <= having.items() for having in labels)
    ] == []


def selector_of(one: Object) -> dict[str, str]:
    spec = one.get("spec", {})
    if one["kind"] == "Service":
        return dict(spec["selector"])
    selector = spec.get("selector") or spec.get("podSelector") or {}
    return dict(selector.get("matchLabels", {}))


def test_nothing_is_allowed_that_a_component_does_not_use() -> None:
    policies = {
        one["metadata"]["name"].removeprefix("clickrail-"): one["spec"]
        for one in read_golden("production")
        if one["kind"] == "NetworkPolicy"
    }
    assert policies.pop("default-deny").keys() == {"podSelector", "policyTypes"}
    ports = {
        name: tuple(
            sorted({port["port"] for rule in spec.get(way, []) for port in rule["ports"]})
            for way in ("ingress", "egress")
        )
        for name, spec in policies.items()
    }

    assert ports == {
        "ingest": ([8080, 9100, 9101, 9102], [53, 5432, 6379, 9093]),
        "enricher": ([9120], [53, 6379, 9093]),
        "sink": ([9130], [53, 5432, 9093]),
        "settler": ([9150], [53, 5432]),
        "console": ([8081, 9140], [53, 5432, 9093]),
        "migrate": ([], [53, 5432]),
        "topics": ([], [53, 9093]),
    }


def test_a_stage_that_scales_by_lag_has_no_number_of_replicas_of_its_own() -> None:
    objects = read_golden("production")
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in objects if one["kind"] == "ScaledObject"}
    counted = {one["metadata"]["name"] for one in objects if "replicas" in one.get("spec", {})}

    assert scaled == {"clickrail-enricher", "clickrail-sink"}
    assert counted == {"clickrail-ingest", "clickrail-settler", "clickrail-console"}
