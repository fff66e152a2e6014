"""Everything looked at, all at once, in the order in which one thing follows from another."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from cli.offsets import READS
from cli.status.files import look_at_journal, look_at_keys
from cli.status.finding import Finding
from cli.status.lag import look_at_lag
from cli.status.local import look_at_run
from cli.status.scope import Scope, find_scope
from cli.status.servers import look_at_kafka, look_at_postgres, look_at_redis
from cli.status.services import look_at_service
from deploy.local.settings import LocalSettings
from runtime.settings import load

NEEDS_POSTGRES: Final = frozenset({"ingest", "sink", "console"})
NEEDS_KEYS: Final = frozenset({"ingest", "enricher"})


async def look(environ: Mapping[str, str], selected: Sequence[str]) -> list[Finding]:
    """Look at the services selected and what they need. Raises SettingsError for wrong settings of the local stack."""
    local = {name: text for name, text in environ.items() if name.startswith("CLICKRAIL_LOCAL_")}
    scope = find_scope(environ, load(LocalSettings, local).data)
    if scope.data is None:
        return await look_at_all(scope, selected)
    run = look_at_run(environ, scope.data)
    return [run] if run.wrong else [run, *await look_at_all(scope, selected)]


async def look_at_all(scope: Scope, selected: Sequence[str]) -> list[Finding]:
    """Servers first, then files, services and lag: what is wrong further down often follows from what is above."""
    names = set(selected)
    work: list[Coroutine[Any, Any, Finding | None]] = [look_at_kafka(scope.environ)]
    if names & NEEDS_POSTGRES or not names:
        work.append(look_at_postgres(scope.environ))
    if "ingest" in names or not names:
        work.append(look_at_redis(scope.environ))
    if names & NEEDS_KEYS:
        work.append(asyncio.to_thread(look_at_keys, scope.environ))
    if "ingest" in names:
        work.append(asyncio.to_thread(look_at_journal, scope.environ))
    work += [look_at_service(name, scope) for name in selected]
    work += [look_at_lag(stage, scope) for stage in READS if stage in names]
    return [found for found in await asyncio.gather(*work) if found is not None]
