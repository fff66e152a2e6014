"""Programs, affiliates and codes in the words and addresses of the pages. Pure."""

from typing import Final

import msgspec

from referrals.model import Kind, Status


class KindPage(msgspec.Struct, frozen=True):
    """How pages name a kind: one, many, the path of the list, and the field of views and rollups."""

    kind: Kind
    one: str
    many: str
    article: str

    @property
    def path(self) -> str:
        return f"/{self.many}"

    @property
    def title(self) -> str:
        return self.many.capitalize()


KINDS: Final[dict[str, KindPage]] = {
    "programs": KindPage("program", "program", "programs", "a"),
    "affiliates": KindPage("affiliate", "affiliate", "affiliates", "an"),
    "codes": KindPage("code", "code", "codes", "a"),
}
OF_KIND: Final[dict[Kind, KindPage]] = {page.kind: page for page in KINDS.values()}
TONES: Final[dict[Status, str]] = {"active": "accepted", "paused": "bot", "archived": "test"}
CONSEQUENCES: Final[dict[Status, str]] = {
    "active": "Links count clicks again, within a second.",
    "paused": "Links lead to the program's fallback or target from now on: no cookie, no click.",
    "archived": "As when paused, and lists leave them out. Ids are never used again; clicks stay.",
}
VERBS: Final[dict[Status, str]] = {"active": "Resume", "paused": "Pause", "archived": "Archive"}
