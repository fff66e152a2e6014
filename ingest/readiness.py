"""The readiness of a process, as shown on /readyz."""

import asyncio

from ingest.environment import Environment


class Readiness:
    """A process with `problems` is not ready. What is `degraded` is shown too, but visitors are still answered.

    `env` is null until it is open. Once `stop` is set the process is not ready, so balancers send no new visitors.
    """

    def __init__(self, stop: asyncio.Event) -> None:
        self.env: Environment | None = None
        self._stop = stop

    def problems(self) -> dict[str, str | None]:
        if self._stop.is_set():
            return {"process": "stopping"}
        if self.env is None:
            return {"process": "starting"}
        return {"referrals": self.env.lookup.problem()}

    def degraded(self) -> dict[str, str | None]:
        if self.env is None:
            return {}
        return {
            "journal": self.env.journal.problem,
            "kafka": self.env.publisher.problem,
            "load": self.env.overload_log.problem,
        }
