"""What /readyz says of a process."""

import asyncio

from ingest.environment import Environment


class Readiness:
    """`problems` make a process not ready; what is `degraded` is told beside them: visitors are answered well without.

    `env` is null until it is open. From when `stop` is set nobody new is to be sent here.
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
        return {"journal": self.env.journal.problem, "kafka": self.env.publisher.problem}
