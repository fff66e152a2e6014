"""Seeded requests, and what each of them must get: people, machines, prefetches, mistakes, attacks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.end_to_end.codes import PAUSED, TARGETS
from tests.ingest.wire import Answer, request, send

AGENTS = tuple(
    line.rsplit(" | ", 1)[1]
    for name in ("people.txt", "machines.txt")
    for line in (Path(__file__).parents[1] / "enricher" / "steps" / name).read_text().splitlines()
    if line and not line.startswith("#")
)
REFERRERS = (
    None,
    "https://www.google.com/",
    "https://t.co/x",
    "https://blog.example/post?a=ü",
    "android-app://com.slack/",
)

MALFORMED = (b"%00", b"a%0d%0ab", b"a%2fb", b"..%2f", b"%ff%fe", b"x" * 4096, b"../../x", b"a.b", b"")
HOSTILE_AGENTS = (
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"B" * 8_100, "B" * 512),
    # A number this long is one that int() refuses, in the parser of user agents.
    (b"BlackBerry" + b"9" * 4_301, "BlackBerry" + "9" * 502),
    (b'a" 200 1 "\xe2\x80\xae', 'a" 200 1 "\u202e'),
)
UNREADABLE = (
    (400, {"X-Forwarded-For": b"203.0.113.7\x01"}),
    (400, {"User-Agent": b"a\0b"}),
    (431, {"User-Agent": b"B" * 33_000}),
    (400, {"Cookie": b"a=\x1b[31m"}),
)
NETWORKS_V4 = ("203.0.113.{}", "198.51.100.{}", "81.2.69.{}")
# How the addresses of all visitors begin, as text and packed. None of the latter is UTF-8 text without control
# characters, so what is found of them is no accident.
BEGINNINGS = (
    ("203.0.113.", b"\xcb\x00\x71"),
    ("198.51.100.", b"\xc6\x33\x64"),
    ("81.2.69.", b"\x51\x02\x45"),
    ("127.66.", b"\x7f\x42"),
    ("2001:db8:", b"\x20\x01\x0d\xb8"),
    ("2001:0db8:", b"\x20\x01\x0d\xb8"),
    ("9.9.9.9", b"\x09\x09\x09\x09"),
)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what it must get. `answer` is its name in the metrics; `client` whose address the click is of.

    `location` holds `{click_id}` and `{click_token}` where those of the click must stand. `stored` names columns of the
    click's row and what must stand in them.
    """

    number: int
    answer: str
    status: int
    client: str
    target: bytes
    method: str = "GET"
    fields: Mapping[str, bytes | str] = {}
    source: str = "127.0.0.1"
    location: str | None = None
    reason: str | None = None
    stored: Mapping[str, Any] = {}

    def write(self, cookie: str | None = None, *, last: bool = True) -> bytes:
        fields = {**self.fields, "Cookie": cookie} if cookie else self.fields
        return request(self.target, fields, self.method, last=last)

    async def send(self, port: int, cookie: str | None = None) -> Answer | None:
        """Make the visit; give its answer, or null when the connection ended without one."""
        try:
            answers = await send(port, self.write(cookie), self.source)
        except OSError:
            return None
        return answers[0] if answers else None


def seeded_traffic(seed: int, counts: Mapping[Callable[..., Visit], int]) -> list[Visit]:
    chance = Random(seed)
    makers = [maker for maker, count in counts.items() for _ in range(count)]
    chance.shuffle(makers)
    return [maker(chance, number) for number, maker in enumerate(makers)]


def draw_address(chance: Random) -> str:
    if chance.random() < 0.3:
        return f"2001:db8:{chance.randrange(1, 65536):x}::{chance.randrange(1, 65536):x}"
    return chance.choice(NETWORKS_V4).format(chance.randrange(1, 255))


def follow_link(chance: Random, number: int, code: str | None = None, more: str = "", **changes: Any) -> Visit:
    """A visitor behind our proxy. What stands left of the entry the proxy adds is what the visitor made up."""
    code = code or chance.choice(list(TARGETS))
    client, agent, referrer = draw_address(chance), chance.choice(AGENTS), chance.choice(REFERRERS)
    forged = chance.choice(["", "", "9.9.9.9, ", "' OR 1=1, ", "127.0.0.1, "])
    fields: dict[str, bytes | str] = {"User-Agent": agent, "X-Forwarded-For": forged + client}
    if referrer:
        fields["Referer"] = referrer
    sub1 = chance.choice(["mail", "a b", "ü", "{click_id}", "..", "//evil.example"])
    query = f"external_id={number}&sub1={sub1.replace(' ', '+')}&utm_source=news&u=https://evil.example{more}"
    stored = {"code": code, "user_agent": agent, "referrer_url": referrer, "sub1": sub1, "external_id": str(number)}
    visit = Visit(
        number=number,
        answer="accepted",
        status=302,
        client=client,
        target=f"/ref/{code}?{query.replace('ü', '%C3%BC')}".encode(),
        fields=fields,
        location=TARGETS.get(code),
        stored=stored,
    )
    return msgspec.structs.replace(visit, **changes)


def come_directly(chance: Random, number: int) -> Visit:
    """A visitor of no proxy, who claims to be somebody else."""
    peer = f"127.66.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    return follow_link(chance, number, source=peer, client=peer)


def ask_for_privacy(chance: Random, number: int) -> Visit:
    visit = follow_link(chance, number)
    signal = chance.choice(["Sec-GPC", "DNT"])
    return msgspec.structs.replace(visit, fields={**visit.fields, signal: "1"})


def send_hostile_values(chance: Random, number: int) -> Visit:
    agent, stored = chance.choice(HOSTILE_AGENTS)
    visit = follow_link(chance, number, more="&sub2=x%00y&sub3=%9b%c2%9b1m&utm_term=" + "t" * 300)
    known = {**visit.stored, "user_agent": stored, "sub2": "xy", "sub3": "\ufffd1m", "utm_term": "t" * 128}
    truncated = ["utm_term", *(["user_agent"] if len(stored) == 512 else [])]
    return msgspec.structs.replace(
        visit, fields={**visit.fields, "User-Agent": agent}, stored={**known, "truncated": truncated}
    )


def refused(visit: Visit, status: int, reason: str | None, location: str | None = None, **changes: Any) -> Visit:
    answer = "rejected" if reason else changes.pop("answer")
    return msgspec.structs.replace(
        visit, answer=answer, status=status, reason=reason, location=location, stored={}, **changes
    )


def mistype(chance: Random, number: int) -> Visit:
    return refused(follow_link(chance, number, f"nobody{chance.randrange(40)}"), 404, "R102")


def ask_nonsense(chance: Random, number: int) -> Visit:
    return refused(follow_link(chance, number), 404, "R101", target=b"/ref/" + chance.choice(MALFORMED))


def follow_paused_link(chance: Random, number: int) -> Visit:
    code = chance.choice(list(PAUSED))
    return refused(follow_link(chance, number, code), 302, *PAUSED[code])


def prefetch(chance: Random, number: int) -> Visit:
    visit = follow_link(chance, number)
    return refused(visit, 503, "R401", fields={**visit.fields, "Sec-Purpose": "prefetch;prerender"})


def look(chance: Random, number: int) -> Visit:
    visit = follow_link(chance, number)
    location = (visit.location or "").format(click_id="", click_token="")
    return refused(visit, 302, None, location, answer="head", method="HEAD")


def post(chance: Random, number: int) -> Visit:
    return refused(follow_link(chance, number), 405, None, answer="method_not_allowed", method="POST")


def wander(chance: Random, number: int) -> Visit:
    target = chance.choice([b"/", b"/favicon.ico", b"/.env", b"/metrics", b"//ref/shoes1"])
    return refused(follow_link(chance, number), 404, None, answer="not_found", target=target)


def send_what_cannot_be_read(chance: Random, number: int) -> Visit:
    visit = come_directly(chance, number)
    status, fields = chance.choice(UNREADABLE)
    return refused(visit, status, None, answer="unreadable", fields={**visit.fields, **fields})


VARIED: Mapping[Callable[..., Visit], int] = {
    follow_link: 1_000,
    come_directly: 100,
    ask_for_privacy: 100,
    send_hostile_values: 100,
    mistype: 20,
    ask_nonsense: 80,
    follow_paused_link: 100,
    prefetch: 40,
    look: 80,
    post: 20,
    wander: 20,
    send_what_cannot_be_read: 40,
}
SCAN: Mapping[Callable[..., Visit], int] = {mistype: 100}
