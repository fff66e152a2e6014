"""What the chart makes of the three value files. `python -m tests.deploy_helm.renders` writes the golden files."""

import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy_helm.tools import ROOT, find_tool, run_tool

CHART: Final = "deploy/helm/clickrail"
NAMES: Final = ("smallest", "production", "edge")
GOLDEN: Final = Path(__file__).parent / "golden"
MADE_FROM: Final = GOLDEN / "made-from.sha256"
"""The digest of the chart that the golden files were made from, so that its change is noticed without Helm too."""
RENDER: Final = ("template", "clickrail", CHART, "--namespace", "clickrail")

Object = dict[str, Any]


def values_of(name: str) -> Path:
    return ROOT / "deploy" / "helm" / "values" / f"{name}.yaml"


def render(name: str, *arguments: str) -> str:
    """Render the chart by Helm. Raises AssertionError with what Helm said."""
    done = run_tool("helm", *RENDER, "--values", str(values_of(name)), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def read_golden(name: str) -> list[Object]:
    """Give the objects of a golden file, the same ones each time: do not change them."""
    return parse((GOLDEN / f"{name}.yaml").read_text())


def parse(text: str) -> list[Object]:
    return [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]


def pods_in(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    """Give the component and the pod of each workload."""
    for found in objects:
        if found["kind"] in {"StatefulSet", "Deployment", "Job"}:
            template = found["spec"]["template"]
            yield template["metadata"]["labels"]["app.kubernetes.io/component"], template["spec"]


def environment_of(pod: Object) -> dict[str, str]:
    """Give the environment of a pod's container; what Kubernetes fills in is `filled-in`."""
    (container,) = pod["containers"]
    return {variable["name"]: variable.get("value", "filled-in") for variable in container["env"]}


def digest_of_the_chart() -> str:
    """Give one digest of everything that the renders are made from."""
    files = [*(ROOT / CHART).rglob("*"), *map(values_of, NAMES)]
    lines = [f"{path.relative_to(ROOT)} {sha256(path.read_bytes()).hexdigest()}" for path in files if path.is_file()]
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def main() -> None:
    if find_tool("helm") is None:
        sys.exit("There is no helm here: `make tools` builds it.")
    for name in NAMES:
        (GOLDEN / f"{name}.yaml").write_text(render(name))
    MADE_FROM.write_text(f"{digest_of_the_chart()}\n")


if __name__ == "__main__":
    main()
