"""What was found of one thing. Pure."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`state` is in a word or two; `problem` says what is wrong, if anything is, and `remedy` what to do."""

    what: str
    state: str
    problem: str = ""
    remedy: str = ""

    @property
    def wrong(self) -> bool:
        return bool(self.problem)
