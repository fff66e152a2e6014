"""Checks whether the local stack of a folder runs, and if not, whether it could start."""

from collections.abc import Mapping
from pathlib import Path

from cli.status.finding import Finding
from cli.up.selection import SERVICES
from runtime.errors import SettingsError


def check_run(environ: Mapping[str, str], data: Path) -> Finding:
    """Check whether `clickrail up` runs; if not, whether its settings, ports and disk would let it start."""
    from cli.up.run import ENVIRONMENT, choose_ports, read_local
    from deploy.local.errors import LocalStackError
    from deploy.local.folder import lock_owner, require_room
    from deploy.local.stack import NEEDED_MIB

    pid = lock_owner(data)
    if pid is not None and (data / ENVIRONMENT).exists():
        return Finding("make up", f"runs (process {pid})")
    if pid is not None:
        return Finding(
            "make up", "starting", f"process {pid} is still starting", "wait: its terminal shows the progress"
        )
    try:
        choose_ports(read_local(environ), environ, SERVICES)
        if data.exists():
            require_room(data, NEEDED_MIB)
    except (SettingsError, LocalStackError) as error:
        return Finding("make up", "not running", str(error), "correct that first: `make up` would fail with this error")
    remedy = "run `make up`; to check services that run elsewhere, set their CLICKRAIL_* variables in this shell"
    return Finding("make up", "not running", f"no local stack runs in {data}", remedy)
