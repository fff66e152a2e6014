"""Resolve Kafka and write its lock: `python -m deploy.local.update_lock 4.3.1 2.25.4` (Kafka, log4j). For maintainers.

Kafka depends on slf4j and log4j, but not on the binding between them, which its distribution adds. The binding is
resolved separately and without its dependencies: together with Kafka, its parent would bring in an older kafka-clients.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from deploy.local.jars import LOCK

HEADER = "# Kafka's jars: group:artifact:version sha256. Written by `python -m deploy.local.update_lock`.\n"


def resolve(kafka: str, log4j: str, folder: Path) -> dict[str, Path]:
    """Fetch the jars into `folder`; return their paths by `group:artifact:version`."""
    context = MavenContext(resolver=PythonResolver(), repo_cache=folder)
    root = context.create_dependency(f"org.apache.kafka:kafka_2.13:{kafka}")
    joint = context.create_dependency(f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}")
    roots, needed = context.resolver.resolve([root])
    return {
        f"{each.groupId}:{each.artifactId}:{each.version}": each.artifact.resolve()
        for each in (*roots, *needed, joint)
        if each.scope in ("compile", "runtime", None)
    }


def main() -> None:
    kafka, log4j = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        jars = resolve(kafka, log4j, Path(folder))
        lines = [f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for name, path in sorted(jars.items())]
    LOCK.write_text(HEADER + "".join(lines))


if __name__ == "__main__":
    main()
