"""What happened, as it is drawn without anybody having written it."""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["change", "keys", "outage", "loss"]


class Automatic(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at a time: `text` for people of the installation.

    `public` is what a shared page says of it: no name, no id, nothing that somebody wrote. Empty: nothing.
    """

    at: datetime
    kind: Kind
    text: str
    public: str = ""
    program: str = ""
