"""Which services a run consists of."""

import pytest

from cli.up.selection import SERVICES, WrongSelection, select


@pytest.mark.parametrize(
    ("only", "without", "selected"),
    [
        (None, None, SERVICES),
        (None, "console", ("ingest", "enricher", "sink", "settler")),
        (None, " sink , enricher ", ("ingest", "settler", "console")),
        ("sink,ingest", None, ("ingest", "sink")),
        ("servers", None, ()),
    ],
)
def test_services_are_chosen_in_the_order_of_the_stream(
    only: str | None, without: str | None, selected: tuple[str, ...]
) -> None:
    assert select(only, without) == selected


@pytest.mark.parametrize(
    ("only", "without", "says"),
    [
        ("ingset", None, "--only: there is no service 'ingset': use ingest, enricher, sink, settler, console, servers"),
        (None, "kafka", "--without: there is no service 'kafka': use ingest, enricher, sink, settler, console"),
        (",", None, "--only: name at least one of ingest, enricher, sink, settler, console, servers"),
        ("", None, "--only: name at least one of ingest, enricher, sink, settler, console, servers"),
        (None, " ", "--without: name at least one of ingest, enricher, sink, settler, console"),
        ("sink", "ingest", "give either --only or --without, not both"),
    ],
)
def test_what_there_is_not_is_named(only: str | None, without: str | None, says: str) -> None:
    with pytest.raises(WrongSelection) as raised:
        select(only, without)
    assert str(raised.value) == says
