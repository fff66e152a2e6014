"""A text that is not shown: no log and no error message prints it."""


class Secret(str):
    """A text whose `str` and `repr` are `***`. `reveal()` returns it, for code that connects."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        return str.__str__(self)
