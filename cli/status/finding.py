"""The result of one check. Pure."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`state` is one or two words, `problem` says what is wrong (empty if nothing is), `remedy` says what to do."""

    what: str
    state: str
    problem: str = ""
    remedy: str = ""

    @property
    def wrong(self) -> bool:
        return bool(self.problem)
