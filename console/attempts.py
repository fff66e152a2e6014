"""How often somebody may guess the password. Pure but for what it remembers: the time is an argument."""

from ipaddress import IPv6Address, ip_address
from typing import Final

FREE: Final = 5
"""Wrong guesses that cost nothing; from then on each takes FORGIVEN_S to be forgiven."""
FORGIVEN_S: Final = 30.0
MOST_PEERS: Final = 10_000


class Attempts:
    """Counts wrong guesses by where they come from; IPv6 by /64, of which anybody has a whole one."""

    def __init__(self) -> None:
        self._forgiven_at: dict[str, float] = {}

    def wait_s(self, peer: str, now: float) -> float:
        """Give the seconds until this peer may guess again; 0 means now."""
        return max(0.0, self._forgiven_at.get(peer_of(peer), now) - now - (FREE - 1) * FORGIVEN_S)

    def fail(self, peer: str, now: float) -> None:
        name = peer_of(peer)
        forgiven_at = max(now, self._forgiven_at.pop(name, now)) + FORGIVEN_S
        if len(self._forgiven_at) >= MOST_PEERS:
            self._forget(now)
        self._forgiven_at[name] = forgiven_at

    def succeed(self, peer: str) -> None:
        self._forgiven_at.pop(peer_of(peer), None)

    def _forget(self, now: float) -> None:
        self._forgiven_at = {name: time for name, time in self._forgiven_at.items() if time > now}
        while len(self._forgiven_at) >= MOST_PEERS:
            del self._forgiven_at[next(iter(self._forgiven_at))]


def peer_of(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return known.exploded[:19] if isinstance(known, IPv6Address) and known.ipv4_mapped is None else str(known)
