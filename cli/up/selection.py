"""Reads `--only` and `--without`: which services run. Pure."""

from typing import Final

SERVICES: Final = ("ingest", "enricher", "sink", "settler", "console")
"""In the order of the stream."""
SERVERS: Final = "servers"
"""Selects no service: Kafka, PostgreSQL and Valkey always run."""


class WrongSelection(Exception):  # noqa: N818 - what it is
    """An option names an unknown service; the message is for a person."""


def select(only: str | None, without: str | None) -> tuple[str, ...]:
    """Give the services to run. Raises WrongSelection."""
    if only is not None and without is not None:
        raise WrongSelection("give either --only or --without, not both")
    if only is not None:
        named = read_names("--only", only, (*SERVICES, SERVERS))
        return tuple(name for name in SERVICES if name in named)
    named = set() if without is None else read_names("--without", without, SERVICES)
    return tuple(name for name in SERVICES if name not in named)


def read_names(option: str, text: str, known: tuple[str, ...]) -> set[str]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    for name in sorted(names - set(known)):
        raise WrongSelection(f"{option}: there is no service {name!r}: use {', '.join(known)}")
    if not names:
        raise WrongSelection(f"{option}: name at least one of {', '.join(known)}")
    return names
