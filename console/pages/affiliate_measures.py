"""What the clicks of an affiliate are like, measured and in words. They are in no click's score. Pure."""

from collections.abc import Callable
from typing import Final

import msgspec

from console.clicks.events import Tone
from storage.read.affiliates import AffiliateCounts

ENOUGH: Final = 100
"""Of fewer clicks a share says little: no limit applies."""


class Text(msgspec.Struct, frozen=True):
    """A measure in words, with the part and the whole of its share.

    A share above the limit is marked; below it, if `is_least`.
    """

    title: str
    sentence: str
    caution: str
    read: Callable[[AffiliateCounts], tuple[int, int]]
    limit: float | None = None
    is_least: bool = False


class Measure(msgspec.Struct, frozen=True):
    """One measure of one affiliate. `percent` is null where nothing was counted; `limit` says it in words.

    `is_beyond` is null where no limit applies.
    """

    title: str
    sentence: str
    caution: str
    percent: int | None
    limit: str
    is_beyond: bool | None

    @property
    def tone(self) -> Tone:
        return "test" if self.is_beyond is None else "rejected" if self.is_beyond else "accepted"


TEXTS: Final = (
    Text(
        "Hosting and VPN",
        "{part} of {whole} clicks came from hosting providers or VPNs.",
        "People use VPNs, but not three of four visitors of an ordinary page.",
        lambda counts: (counts.hosting_vpn, counts.clicks),
        limit=0.75,
    ),
    Text(
        "Largest network",
        "{part} of {whole} clicks came from one address.",
        "A company's office or a mobile carrier can be that address: look at its clicks first.",
        lambda counts: (counts.top_net, counts.clicks),
        limit=0.2,
    ),
    Text(
        "Likely invalid",
        "{part} of {whole} clicks have a score of 60 or more, or were decided to be invalid.",
        "Scanners of mails follow a newsletter's links, too, without the affiliate's doing.",
        lambda counts: (counts.invalid, counts.clicks),
    ),
    Text(
        "Different visitors",
        "{whole} clicks came from {part} browsers and addresses.",
        "Phones behind one address of a carrier look like one visitor.",
        lambda counts: (counts.clients, counts.known),
        limit=0.3,
        is_least=True,
    ),
    Text(
        "Repeats",
        "{part} of {whole} clicks that were judged repeat an earlier click of the same visitor.",
        "Loyal readers come back; compare with other affiliates of the program.",
        lambda counts: (counts.repeats, counts.judged),
    ),
    Text(
        "At night",
        "{part} of {whole} clicks came between 0 and 6 h UTC.",
        "It depends on where the visitors live: compare days of this affiliate with each other.",
        lambda counts: (counts.night, counts.clicks),
    ),
)
"""In the order in which they are shown."""


def measure_affiliate(counts: AffiliateCounts) -> tuple[Measure, ...]:
    return tuple(measure(text, counts) for text in TEXTS)


def measure(text: Text, counts: AffiliateCounts) -> Measure:
    part, whole = text.read(counts)
    share = part / whole if whole else None
    return Measure(
        title=text.title,
        sentence=text.sentence.format(part=f"{part:,}", whole=f"{whole:,}"),
        caution=text.caution,
        percent=None if share is None else round(100 * share),
        limit=describe_limit(text, whole),
        is_beyond=is_beyond(text, share) if whole >= ENOUGH else None,
    )


def is_beyond(text: Text, share: float | None) -> bool | None:
    if share is None or text.limit is None:
        return None
    return share < text.limit if text.is_least else share > text.limit


def describe_limit(text: Text, whole: int) -> str:
    if text.limit is None:
        return "no limit"
    if whole < ENOUGH:
        return f"no limit below {ENOUGH} clicks"
    return f"{'at least' if text.is_least else 'at most'} {text.limit:.0%}"
