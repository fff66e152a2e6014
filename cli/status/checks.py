"""Runs all checks at the same time, and returns their findings, causes before what follows from them."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from cli.status.files import check_journal, check_keys
from cli.status.finding import Finding
from cli.status.lag import check_lag
from cli.status.local import check_run
from cli.status.scope import Scope, find_scope
from cli.status.servers import check_kafka, check_postgres, check_redis
from cli.status.services import check_service
from deploy.local.settings import LocalSettings
from runtime.settings import load
from schemas.topics import READS

NEEDS_POSTGRES: Final = frozenset({"ingest", "sink", "settler", "console"})
NEEDS_KEYS: Final = frozenset({"ingest", "enricher"})


async def check(environ: Mapping[str, str], selected: Sequence[str]) -> list[Finding]:
    """Check the selected services and what they need. Raises SettingsError for wrong settings of the local stack."""
    local = {name: text for name, text in environ.items() if name.startswith("CLICKRAIL_LOCAL_")}
    scope = find_scope(environ, load(LocalSettings, local).data)
    if scope.data is None:
        return await check_all(scope, selected)
    run = check_run(environ, scope.data)
    return [run] if run.wrong else [run, *await check_all(scope, selected)]


async def check_all(scope: Scope, selected: Sequence[str]) -> list[Finding]:
    """Return servers first, then files, services and lag: a later problem often follows from an earlier one."""
    names = set(selected)
    work: list[Coroutine[Any, Any, Finding | None]] = [check_kafka(scope.environ)]
    if names & NEEDS_POSTGRES or not names:
        work.append(check_postgres(scope.environ))
    if "ingest" in names or not names:
        work.append(check_redis(scope.environ))
    if names & NEEDS_KEYS:
        work.append(asyncio.to_thread(check_keys, scope.environ))
    if "ingest" in names:
        work.append(asyncio.to_thread(check_journal, scope.environ))
    work += [check_service(name, scope) for name in selected]
    work += [check_lag(stage, scope) for stage in READS if stage in names]
    return [found for found in await asyncio.gather(*work) if found is not None]
