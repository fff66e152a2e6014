"""The signals in words: what each means, what it does not mean, and what one click's evidence was. Pure.

docs/quality.md is generated from here; the console and `clickrail explain` show these sentences.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas import Fraud, Signal


class SignalText(msgspec.Struct, frozen=True):
    """`title` names the signal, `evidence` is a sentence about one click with `{value}`, `{limit}` and `{detail}`.

    `caution` says when a person causes the signal, and what guards against it.
    """

    title: str
    evidence: str
    caution: str


TEXTS: Final[Mapping[str, SignalText]] = {
    "declared_bot": SignalText(
        "Declared bot",
        "The user agent names a program that is not a browser ({detail}).",
        "None known: a browser's own full user agent is read as a person's.",
    ),
    "odd_user_agent": SignalText(
        "Odd user agent",
        "The user agent has {value} characters; the limit is {limit}.",
        "Views inside apps have long user agents; they are exempt from the longest length.",
    ),
    "prefetch": SignalText(
        "Prefetch",
        "The browser fetched the link before the visitor followed it.",
        "The visitor may follow the link later; that is a click of its own.",
    ),
    "hosting_network": SignalText(
        "Hosting network",
        "The address belongs to a hosting provider ({detail}).",
        "VPNs and cloud desktops are people there, so this alone never makes a click suspicious by 50 or more.",
    ),
    "tor_exit": SignalText(
        "Tor exit", "The address is an exit of the Tor network.", "People use Tor; so do programs that hide."
    ),
    "vpn_network": SignalText(
        "VPN",
        "The address belongs to a VPN ({detail}).",
        "Most visitors through a VPN are people: the weight is small.",
    ),
    "mail_security_network": SignalText(
        "Mail security",
        "The address belongs to a service that checks the links in mails ({detail}).",
        "Browser isolation of the same provider is a person.",
    ),
    "no_accept_language": SignalText(
        "No Accept-Language",
        "The user agent claims a browser, and browsers say which languages their user reads; this request did not.",
        "A proxy may remove the header: it counts only where most clicks on the same host have it.",
    ),
    "hints_contradict": SignalText(
        "Contradicting hints",
        "The client hints contradict the user agent ({detail}).",
        "A phone in desktop mode and a Chromebook are no contradiction.",
    ),
    "hints_missing": SignalText(
        "Missing hints",
        "The user agent claims a Chromium browser, which sends client hints; this request had none.",
        "Firefox and Safari never send them. A proxy may remove them: it counts only where most clicks have them.",
    ),
    "not_a_navigation": SignalText(
        "Not a navigation",
        "The request did not open a page ({detail}).",
        "Older browsers do not say it, and a proxy may remove it: its absence counts only where most clicks have it.",
    ),
    "stale_browser": SignalText(
        "Stale browser",
        "The browser is {value} major versions older than the newest one seen; the limit is {limit}.",
        "Only desktop browsers, which update themselves; version 109, the last for Windows 7, is exempt.",
    ),
    "duplicate_click": SignalText(
        "Duplicate click",
        "The same browser had followed the same link {value} times in the 30 s before; from {limit} on it weighs more.",
        "A double tap is a person: the first repeats weigh little.",
    ),
    "client_rate": SignalText(
        "Clicks of one browser",
        "One browser at one address made {value} clicks within {detail}; the limit is {limit}.",
        "Identical devices behind one address look like one; where many share an address, the limit is higher.",
    ),
    "network_rate": SignalText(
        "Clicks of one address",
        "One address made {value} clicks within 60 s, many for each browser there; the limit is {limit}.",
        "Does not apply where many different browsers share an address.",
    ),
    "link_sweep": SignalText(
        "Link sweep",
        "{value} different links were visited within 10 s, from no page; the limit is {limit}.",
        "Tabs that a person opens from a page name that page. Identical devices behind one address look like one: on"
        " phones, and where many share an address, the limit is higher.",
    ),
    "twin_click": SignalText(
        "Twin click",
        "A link made for one recipient was visited from two networks within 120 s, and this visit has an anomaly"
        " ({detail}).",
        "A person with two devices has no anomaly.",
    ),
    "machine_rhythm": SignalText(
        "Machine rhythm",
        "The gaps between the clicks of this browser are nearly equal: they deviate by {value} of their mean; the limit"
        " is {limit}.",
        "At least six clicks in a day are needed.",
    ),
    "wide_client": SignalText(
        "Wide client",
        "One browser at one address visited links of {value} affiliates of the program in a day; the limit is {limit}.",
        "People who look for coupons visit several.",
    ),
}
BANDS: Final[Mapping[str, str]] = {
    "clean": "clean",
    "suspicious": "suspicious",
    "likely_invalid": "likely invalid",
    "invalid": "invalid",
}
CLASSES: Final[Mapping[str, str]] = {
    "givt": "general invalid traffic: the click declares itself, or is on a list",
    "sivt": "sophisticated invalid traffic: several pieces of evidence together",
}


def describe_signal(signal: Signal) -> str:
    """Give one sentence about a click's evidence. A signal of a newer version is named by its name."""
    text = TEXTS.get(signal.name)
    if text is None:
        return f"{signal.name} ({signal.detail or format_number(signal.value)})"
    sentence = text.evidence.format(
        value=format_number(signal.value), limit=format_number(signal.limit), detail=signal.detail or "unnamed"
    )
    return sentence.replace(" (unnamed)", "")


def describe_score(fraud: Fraud) -> str:
    """Give the score with its band and class, or say that there is none."""
    if fraud.score is None:
        return "not scored"
    band = BANDS.get(fraud.band or "", fraud.band or "unknown")
    reason = CLASSES.get(fraud.ivt_class or "")
    return f"{fraud.score} of 100, {band}" + (f" ({reason})" if reason else "")


def format_number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) else f"{value:.2g}"
