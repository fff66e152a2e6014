"""Why a change is refused. Pure."""

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """A change that is refused: the sentence for people, the field of the form, and the status of the response."""

    reason: str
    field: str = ""
    status: int = 422
