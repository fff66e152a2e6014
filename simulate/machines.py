"""Crawlers, libraries and link previews: their user agents and networks. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

from simulate.addresses import Networks
from simulate.browsers import Header
from simulate.rng import Weighted
from simulate.visitors import FORWARDED

NETWORKS: Final = {
    "google": Networks("66.249.64.0/19"),
    "microsoft": Networks("157.55.39.0/24 40.77.167.0/24"),
    "apple": Networks("17.58.96.0/19"),
    "meta": Networks("173.252.64.0/18 69.171.224.0/19 2a03:2880:20ff::/48"),
    "x": Networks("199.16.156.0/22 199.59.148.0/22"),
    "telegram": Networks("149.154.160.0/20"),
    "linkedin": Networks("108.174.0.0/20"),
    "yandex": Networks("5.255.253.0/24 2a02:6b8:c00::/40"),
    "openai": Networks("20.171.206.0/24"),
    "anthropic": Networks("160.79.104.0/21"),
    "amazon": Networks("3.80.0.0/12 54.144.0.0/12 52.0.0.0/11"),
    "hosting": Networks("88.198.0.0/16 51.68.0.0/16 165.227.0.0/16 64.225.0.0/17 2a01:4f8::/32 2604:a880::/32"),
}
ACCEPTED: Final = {
    "any": "*/*",
    "page": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "json": "application/json, text/plain, */*",
}


class Machine(msgspec.Struct, frozen=True):
    user_agent: str
    accept: str
    networks: Networks


# share | networks | what it accepts | user agent
CRAWLERS_TABLE: Final = """
14 | google | page | Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.7444.59 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
8 | google | page | Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
9 | microsoft | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36
5 | apple | any | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)
3 | yandex | page | Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)
8 | openai | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)
3 | openai | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; OAI-SearchBot/1.3; +https://openai.com/searchbot)
6 | anthropic | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
3 | amazon | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)
3 | amazon | any | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot) Chrome/119.0.6045.214 Safari/537.36
8 | hosting | page | Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
6 | hosting | any | Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
3 | hosting | page | Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)
5 | hosting | page | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36
3 | hosting | any | curl/8.16.0
5 | hosting | any | python-requests/2.32.5
4 | amazon | any | Go-http-client/1.1
2 | amazon | any | okhttp/5.1.0
2 | amazon | json | axios/1.12.2
"""  # noqa: E501 - a table

PREVIEWS_TABLE: Final = """
26 | meta | any | facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
8 | meta | any | meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
18 | meta | any | WhatsApp/2.25.24.78 A
10 | x | any | Twitterbot/1.0
9 | telegram | any | TelegramBot (like TwitterBot)
9 | amazon | any | Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
8 | hosting | any | Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
5 | linkedin | any | LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
4 | apple | any | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0
3 | hosting | any | Mastodon/4.4.3 (http.rb/5.3.1; +https://mastodon.social/)
"""  # noqa: E501 - a table


def read_rows(table: str) -> Iterator[tuple[Machine, float]]:
    for row in table.strip().splitlines():
        share, networks, accept, user_agent = row.split(" | ")
        yield Machine(user_agent, ACCEPTED[accept], NETWORKS[networks]), float(share)


CRAWLERS: Final = Weighted(read_rows(CRAWLERS_TABLE))
"""Search engines, crawlers for language models, link checkers of marketing tools, and scripts."""

PREVIEWS: Final = Weighted(read_rows(PREVIEWS_TABLE))
"""What apps send to show a preview of a shared link."""


def identify(machine: Machine, rng: Random) -> tuple[Header, ...]:
    """Give the headers of one request of a machine."""
    return (
        ("User-Agent", machine.user_agent),
        ("Accept", machine.accept),
        ("Accept-Encoding", "gzip, deflate"),
        (FORWARDED, machine.networks.draw(rng)),
    )
