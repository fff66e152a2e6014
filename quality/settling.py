"""Settling: what the clicks around a click say about it, found in one pass over clicks in the order of their ids. Pure.

    sweep      one client, or one network of a mail scanner or host, visits several links within seconds, from no page
    twin       a link made for one recipient is visited from two networks, and this visit has an anomaly
    rhythm     how evenly the client's clicks of a day are spaced
    affiliates how many affiliates of the program the client visited in a day
    unique     whether it is the visitor's first click, where the live verdict was not sure

Everything depends on the clicks of the 24 h before a click and the 120 s after it, and on nothing else: a pass that
begins 24 h earlier finds the same. A click is final when a later one is more than 120 s younger.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from quality.anomalies import find_anomaly
from quality.evidence import NOTHING_LATER, LaterEvidence
from quality.rate_signals import KINDS_OF_SWEEPERS
from quality.rhythm import measure_rhythm
from quality.rules import Rules, override
from quality.settled_uniqueness import is_sure, judge_by_opener
from quality.settling_click import ClientClick, Pending, SettledClick, SettlingClick, find_opener
from quality.shared_networks import is_shared

LOOK_BACK_MS: Final = 24 * 3600 * 1000
LOOK_AHEAD_MS: Final = 120_000
SWEEP_MS: Final = 10_000
MOST_CLIENTS_OF_PERSONAL_LINK: Final = 5
MOST_CLICKS: Final = 50
"""Clicks that are remembered of one client, or of one sweep, at most: a burst must not fill the memory."""
FEWEST_FOR_RHYTHM: Final = 3
"""Two gaps: fewer have no deviation. The rules ask for more."""
CLEANING_MS: Final = 6 * 3600 * 1000
MOST_KEYS: Final = 4_000_000
"""Clients and links that are remembered at most. Beyond it, those that were seen longest ago are forgotten."""


class Settling:
    """One pass. Clicks must come in the order of their ids (`quality.reorder`)."""

    def __init__(self, rules: Rules, most_keys: int = MOST_KEYS) -> None:
        self._rules = rules
        self._most_keys = most_keys
        self._pending: deque[Pending] = deque()
        self._sweeps: dict[str, deque[Pending]] = {}
        # A client's clicks of a day, the oldest first.
        self._clients: dict[str, deque[ClientClick]] = {}
        self._links: dict[bytes, dict[str, int]] = {}
        self._visits: dict[bytes, deque[SettlingClick]] = {}
        self._clean_at = 0

    def add(self, click: SettlingClick) -> list[SettledClick]:
        """Add the next click; give the clicks that are final now, in order."""
        final = self.advance(click.time_ms)
        pending = Pending(click, click.unique)
        self._pending.append(pending)
        if click.is_counted:
            self._note_sweep(pending)
            self._note_client(pending)
            self._note_link(click)
        if click.time_ms >= self._clean_at or len(self._clients) + len(self._links) > self._most_keys:
            self._clean(click.time_ms)
        return final

    def advance(self, time_ms: int) -> list[SettledClick]:
        """Give the clicks that are final if no click before this time is to come, in order."""
        waiting, final, edge = self._pending, [], time_ms - LOOK_AHEAD_MS
        while waiting and waiting[0].click.time_ms < edge:
            final.append(self._settle(waiting.popleft()))
        return final

    def end(self) -> list[SettledClick]:
        """Give the clicks that are still pending: nothing comes after them."""
        final = [self._settle(pending) for pending in self._pending]
        self._pending.clear()
        return final

    def _note_sweep(self, pending: Pending) -> None:
        click = pending.click
        if click.evidence.referrer.url:
            return
        is_sweeper = click.evidence.network.kind in KINDS_OF_SWEEPERS
        for key in (click.client, click.net) if is_sweeper else (click.client,):
            if key is None:
                continue
            together = self._sweeps.get(key)
            if together is None:
                self._sweeps[key] = deque((pending,), MOST_CLICKS)
                continue
            while together and together[0].click.time_ms < click.time_ms - SWEEP_MS:
                together.popleft()
            together.append(pending)
            mark_sweep(together)

    def _note_client(self, pending: Pending) -> None:
        click = pending.click
        if click.client is None:
            return
        known = self._clients.get(click.client)
        if known is None:
            known = self._clients[click.client] = deque(maxlen=MOST_CLICKS)
        while known and known[0][0] <= click.time_ms - LOOK_BACK_MS:
            known.popleft()
        unique = click.unique
        if unique.status != "judged" and not is_sure(unique):
            opener = find_opener(known, click.program)
            unique = judge_by_opener(click.click_id, click.time_ms, click.window_ms, opener)
            pending.unique = unique
        opener = unique.first_click_id if unique.basis == "address" else None
        known.append((click.time_ms, click.affiliate, click.program, opener))
        if len(known) > 1:
            self._note_rhythm(pending, known)

    def _note_rhythm(self, pending: Pending, known: deque[ClientClick]) -> None:
        click = pending.click
        values = override(self._rules, click.evidence.quality_rules).values
        if len(known) >= max(FEWEST_FOR_RHYTHM, values["machine_rhythm_limit_clicks"]):
            pending.rhythm_clicks = len(known)
            pending.rhythm = measure_rhythm([time_ms for time_ms, _, _, _ in known])
        affiliates = len({affiliate for _, affiliate, program, _ in known if program == click.program})
        if affiliates > 1 and not is_shared(click.evidence, values):
            pending.affiliates = affiliates

    def _note_link(self, click: SettlingClick) -> None:
        if not click.is_personal or click.client is None or click.net is None:
            return
        clients = self._links.setdefault(click.link, {})
        clients.pop(click.client, None)
        clients[click.client] = click.time_ms
        if len(clients) > MOST_CLIENTS_OF_PERSONAL_LINK + 1:
            # The clients seen last decide whether there are more than five in a day.
            del clients[next(iter(clients))]
        self._visits.setdefault(click.link, deque(maxlen=MOST_CLICKS)).append(click)

    def _settle(self, pending: Pending) -> SettledClick:
        click = pending.click
        twin = self._find_twin(click) if click.is_personal and click.is_counted else None
        self._forget_visits(click)
        sweep = pending.sweep_links if pending.sweep_links > 1 else 0
        self._forget_sweep(pending)
        if twin is None and not sweep and not pending.rhythm_clicks and not pending.affiliates:
            return SettledClick(click, NOTHING_LATER, pending.unique)
        later = LaterEvidence(
            sweep_links=sweep,
            twin=twin,
            rhythm=pending.rhythm,
            rhythm_clicks=pending.rhythm_clicks,
            affiliates=pending.affiliates,
        )
        return SettledClick(click, later, pending.unique)

    def _find_twin(self, click: SettlingClick) -> str | None:
        """Name the anomaly of a visit whose link was visited from another network within 120 s."""
        visits = self._visits.get(click.link)
        if visits is None or click.net is None:
            return None
        while visits and visits[0].time_ms < click.time_ms - LOOK_AHEAD_MS:
            visits.popleft()
        if (len(visits) == 1 and visits[0] is click) or all(visit.net == click.net for visit in visits):
            return None
        since = click.time_ms + LOOK_AHEAD_MS - LOOK_BACK_MS
        if sum(time > since for time in self._links.get(click.link, {}).values()) > MOST_CLIENTS_OF_PERSONAL_LINK:
            return None
        return find_anomaly(click.evidence, override(self._rules, click.evidence.quality_rules).values)

    def _forget_visits(self, click: SettlingClick) -> None:
        """Forget the visits of a link with the last of them: whatever comes now is more than 120 s later."""
        if click.is_personal and (visits := self._visits.get(click.link)) and visits[-1] is click:
            del self._visits[click.link]

    def _forget_sweep(self, pending: Pending) -> None:
        for key in (pending.click.client, pending.click.net):
            together = self._sweeps.get(key or "")
            if together and together[-1] is pending:
                del self._sweeps[key or ""]

    def _clean(self, now_ms: int) -> None:
        """Forget what no click can need any more, every six hours; and the oldest half if there is too much."""
        self._clean_at = now_ms + CLEANING_MS
        oldest = now_ms - LOOK_BACK_MS
        if len(self._clients) + len(self._links) > self._most_keys:
            times = sorted([known[-1][0] for known in self._clients.values()] + list(map(newest, self._links.values())))
            oldest = max(oldest, times[len(times) // 2])
        self._clients = {key: known for key, known in self._clients.items() if known[-1][0] > oldest}
        self._links = {link: clients for link, clients in self._links.items() if newest(clients) > oldest}


def mark_sweep(together: Iterable[Pending]) -> None:
    links = len({one.click.link for one in together})
    for one in together:
        one.sweep_links = max(one.sweep_links, links)


def newest(clients: Mapping[str, int]) -> int:
    return max(clients.values())
