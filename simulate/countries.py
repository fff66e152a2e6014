"""Countries of visitors by share, with the languages of browsers and the networks of access providers. Pure.

The networks belong to providers for homes and mobile phones there, and are too wide to identify anybody.
"""

from typing import Final

import msgspec

from simulate.addresses import Networks
from simulate.rng import Weighted


class Country(msgspec.Struct, frozen=True):
    """`v6_share` of its visitors use IPv6; `search` is the main search engine there besides Google, if any."""

    code: str
    languages: Weighted[str]
    v4: Networks
    v6: Networks
    v6_share: float
    search: str | None = None


# code | share | share of IPv6 | languages and weights | IPv4 | IPv6 | search engine besides Google
TABLE: Final = """
US | 22  | .50 | en-US 90 es-US 6 zh-CN 1 | 73.0.0.0/10 98.160.0.0/11 71.160.0.0/12 172.56.0.0/14 107.192.0.0/11 | 2601::/20 2600:1700::/28 2607:fb90::/32 | www.bing.com
GB | 9   | .42 | en-GB 93 pl-PL 2 | 81.96.0.0/12 86.128.0.0/10 90.192.0.0/11 | 2a00:23c0::/27 2a02:c7c::/32 | www.bing.com
DE | 13  | .65 | de-DE 86 en-US 6 tr-TR 4 | 84.128.0.0/10 91.0.0.0/10 79.192.0.0/10 87.128.0.0/11 | 2003::/19 2a02:8100::/27 | www.ecosia.org
FR | 7   | .70 | fr-FR 93 en-US 4 | 82.64.0.0/14 86.192.0.0/10 90.0.0.0/12 | 2a01:c000::/20 | www.qwant.com
ES | 4   | .12 | es-ES 85 ca-ES 8 en-GB 4 | 83.32.0.0/11 79.144.0.0/12 88.0.0.0/11 95.120.0.0/13 | 2a02:9000::/24 |
IT | 4   | .15 | it-IT 95 | 79.0.0.0/10 87.0.0.0/12 93.32.0.0/12 151.16.0.0/12 | 2a01:e11::/32 |
NL | 3   | .40 | nl-NL 80 en-US 12 | 84.80.0.0/13 77.160.0.0/12 62.194.0.0/15 | 2001:1c00::/24 2a02:a400::/25 |
PL | 3   | .20 | pl-PL 94 uk-UA 3 | 83.0.0.0/11 79.184.0.0/13 | 2a02:a310::/28 |
SE | 2   | .25 | sv-SE 85 en-US 10 | 78.64.0.0/12 81.224.0.0/12 90.224.0.0/12 | 2001:2040::/27 2a00:801::/32 |
AT | 2   | .35 | de-AT 70 de-DE 18 en-US 6 | 80.108.0.0/15 | 2001:871::/32 |
CH | 2   | .40 | de-CH 55 fr-CH 22 it-CH 6 en-US 10 | 85.0.0.0/13 62.202.0.0/15 | 2a02:1200::/27 2a02:aa10::/28 |
PT | 1.5 | .45 | pt-PT 90 en-GB 5 | 85.240.0.0/13 2.80.0.0/14 188.80.0.0/14 | 2001:8a0::/32 2001:818::/32 |
BR | 5   | .45 | pt-BR 96 | 177.32.0.0/14 191.32.0.0/13 | 2804:14c::/31 |
MX | 3   | .40 | es-MX 85 es-419 10 | 187.128.0.0/11 189.128.0.0/11 | 2806:2f0::/32 |
AR | 1.5 | .20 | es-AR 70 es-419 25 | 181.0.0.0/12 186.128.0.0/12 190.16.0.0/14 | 2800:810::/32 2800:2100::/24 |
IN | 6   | .70 | en-IN 45 en-GB 25 en-US 15 hi-IN 12 | 106.192.0.0/11 117.192.0.0/11 157.32.0.0/12 | 2405:200::/29 2409:4000::/22 2401:4900::/32 | www.bing.com
ID | 2   | .15 | id-ID 85 en-US 12 | 36.64.0.0/11 114.120.0.0/13 | 2404:c0::/32 |
JP | 3   | .50 | ja-JP 96 en-US 2 | 126.0.0.0/10 60.32.0.0/12 180.0.0.0/11 | 2400:2650::/28 240b:10::/28 2001:268::/32 | search.yahoo.co.jp
KR | 1.5 | .15 | ko-KR 96 | 175.192.0.0/11 121.128.0.0/10 211.192.0.0/11 | 2001:e60::/32 | search.naver.com
AU | 2.5 | .30 | en-AU 80 en-GB 10 | 1.120.0.0/13 101.160.0.0/11 120.144.0.0/12 | 2001:8000::/20 2403:5800::/27 | www.bing.com
CA | 3   | .40 | en-CA 55 en-US 20 fr-CA 20 | 24.64.0.0/13 70.24.0.0/14 99.224.0.0/11 174.88.0.0/14 | 2607:fea8::/32 2001:56a::/32 2605:8d80::/32 | www.bing.com
ZA | 1   | .05 | en-ZA 70 en-GB 15 af-ZA 8 | 105.0.0.0/12 | 2c0f:f4c0::/32 |
NG | 1   | .05 | en-NG 40 en-GB 35 en-US 20 | 105.112.0.0/12 102.88.0.0/13 197.210.0.0/16 | 2c0f:2a80::/32 |
TR | 2   | .08 | tr-TR 96 | 78.160.0.0/11 85.96.0.0/12 88.224.0.0/11 | 2a02:e0::/32 | yandex.com.tr
"""  # noqa: E501 - a table


def read_row(row: str) -> tuple[Country, float]:
    code, share, v6_share, languages, v4, v6, search = (cell.strip() for cell in row.split("|"))
    words = languages.split()
    weighted = Weighted((tag, float(weight)) for tag, weight in zip(words[::2], words[1::2], strict=True))
    return Country(code, weighted, Networks(v4), Networks(v6), float(v6_share), search or None), float(share)


COUNTRIES: Final = Weighted(read_row(row) for row in TABLE.strip().splitlines())
BY_CODE: Final = {country.code: country for country in COUNTRIES}
