"""The pure pieces of `clickrail up`."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.up.environ import Addresses, service_environ
from cli.up.follow import Followed, describe_way
from cli.up.run import placeholders
from cli.up.screen import PlainScreen
from cli.up.services import LocalService, read_services, require_ports
from cli.up.status import Reading, describe, summarise
from deploy.local.errors import PortTaken
from runtime.errors import SettingsError

ADDRESSES = Addresses(
    kafka="127.0.0.1:1",
    postgres="postgresql://h/d",
    valkey="redis://h",
    keys_file=Path("/k"),
    password_file=Path(__file__),
    session_file=Path(__file__),
    data_dir=Path("/data"),
    geo_databases=(Path("/v4"), Path("/v6")),
)


def test_the_services_get_valid_settings_and_the_ports_of_the_design() -> None:
    assert read_services(service_environ({}, ADDRESSES)) == (
        LocalService("ingest", 8080, 9100),
        LocalService("enricher", None, 9120),
        LocalService("sink", None, 9130),
        LocalService("console", 8081, 9140),
    )


def test_the_settings_of_the_services_can_be_read_before_the_servers_run() -> None:
    assert read_services(service_environ({}, placeholders())) == read_services(service_environ({}, ADDRESSES))


def test_a_port_somebody_sets_is_taken_and_named_in_the_public_url() -> None:
    environ = service_environ({"CLICKRAIL_INGEST_PORT": "8888"}, ADDRESSES)

    assert read_services(environ)[0].port == 8888
    assert environ["CLICKRAIL_PUBLIC_URL"] == "http://127.0.0.1:8888"


def test_a_misspelt_setting_is_refused_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match="did you mean CLICKRAIL_INGEST_PORT"):
        read_services(service_environ({"CLICKRAIL_INGEST_PROT": "1"}, ADDRESSES))


def test_how_another_kafka_is_reached_is_nothing_to_the_local_one() -> None:
    elsewhere = {"CLICKRAIL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "CLICKRAIL_KAFKA_SASL_PASSWORD_FILE": "/nowhere"}

    assert service_environ(elsewhere, ADDRESSES) == service_environ({}, ADDRESSES)


@pytest.mark.parametrize(
    "name", ["CLICKRAIL_DATABASE_URL_FILE", "CLICKRAIL_REDIS_URL_FILE", "CLICKRAIL_CONSOLE_PASSWORD"]
)
def test_a_secret_of_elsewhere_is_replaced_in_whatever_form_it_is_set(name: str) -> None:
    assert service_environ({name: "/nowhere"}, ADDRESSES) == service_environ({}, ADDRESSES)


async def test_a_taken_port_is_named_with_its_setting() -> None:
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    with pytest.raises(PortTaken, match="CLICKRAIL_INGEST_PORT"):
        require_ports([LocalService("ingest", port, 1)])
    server.close()
    await server.wait_closed()


def test_the_status_is_made_of_the_services_metrics() -> None:
    texts = {
        "ingest": 'clickrail_requests_total{answer="accepted"} 30\nclickrail_requests_total{answer="rejected"} 2\n',
        "enricher": 'kafka_consumergroup_lag{partition="0"} 4\nkafka_consumergroup_lag{partition="1"} 5\n',
        "sink": 'clickrail_sink_rows_stored_total{table="clicks"} 20\nclickrail_clicks_lost_total{reason="x"} 1\n',
        "console": "",
    }
    reading = summarise(texts)

    assert reading == Reading(accepted=30, rejected=2, stored=20, lag_enricher=9, lost=1)
    assert describe(Reading(), reading, 2).startswith("[bold]15[/] clicks/s · 1 rejected/s · 10 rows/s")
    assert "1 lost" in describe(Reading(), reading, 2)


def test_a_followed_click_tells_the_milliseconds_of_each_stage() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    later = [now + timedelta(milliseconds=number) for number in (8, 30, 70)]

    assert describe_way(Followed("ID", "https://shop.example/", 1.26, now, *later)) == [
        "  [bold]   1.3 ms[/]  answered: 302 to https://shop.example/",
        "       8 ms  in Kafka, clicks.raw",
        "      30 ms  enriched, clicks.enriched",
        "      70 ms  a row in PostgreSQL, ID",
    ]


def test_without_a_terminal_each_phrase_is_said_once_and_markup_is_left_out() -> None:
    lines: list[str] = []
    screen = PlainScreen(lines.append)

    screen.progress("Fetching", 0.1)
    screen.progress("Fetching", 0.2)
    screen.say("[bold]Link[/] x")
    for _ in range(31):
        screen.status("0 clicks/s")

    assert lines == ["Fetching ...", "Link x", "0 clicks/s", "0 clicks/s"]
