"""Cut the schemas of the kinds that the chart renders out of those of all Kubernetes, as `schemas/README.md` says.

`python -m tests.deploy_helm.cut_schemas kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict`
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

SCHEMAS: Final = Path(__file__).parent / "schemas"
DEFINITIONS: Final = "_definitions.json"
KINDS: Final = (
    "deployment-apps-v1",
    "ingress-networking-v1",
    "job-batch-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "service-v1",
    "serviceaccount-v1",
    "statefulset-apps-v1",
)


class Cutter:
    """Copies schemas without descriptions. `needed` has every definition that the copies refer to, directly or not."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.needed: dict[str, Any] = {}
        self._definitions = definitions

    def copy(self, node: Any, file: str) -> Any:
        """Copy a node; its references lead to the definitions in `file`."""
        if isinstance(node, list):
            return [self.copy(item, file) for item in node]
        if not isinstance(node, dict):
            return node
        kept = {key: value for key, value in node.items() if not is_left_out(key, value)}
        return {
            key: self._refer(value, file) if key == "$ref" else self.copy(value, file) for key, value in kept.items()
        }

    def _refer(self, reference: str, file: str) -> str:
        name = reference.rpartition("/")[2]
        if name not in self.needed:
            self.needed[name] = {}
            self.needed[name] = self.copy(self._definitions[name], "")
        return f"{file}#/$defs/{name}"


def is_left_out(key: str, value: object) -> bool:
    """Tell whether a line says nothing to a validator. A property may be named `description`: then it is a schema."""
    return (key == "description" and isinstance(value, str)) or key.startswith("x-kubernetes") or key == "$id"


def main() -> None:
    source = Path(sys.argv[1])
    cutter = Cutter(json.loads((source / DEFINITIONS).read_text())["$defs"])
    for name in KINDS:
        schema = json.loads((source / f"{name}.json").read_text())
        schema["properties"].pop("status", None)
        path = SCHEMAS / f"{name.partition('-')[0]}.json"
        path.write_text(f"{json.dumps(cutter.copy(schema, DEFINITIONS))}\n")
    lines = (f"{json.dumps(name)}: {json.dumps(schema)}" for name, schema in sorted(cutter.needed.items()))
    (SCHEMAS / DEFINITIONS).write_text('{"$defs": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main()
