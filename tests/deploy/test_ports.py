"""Ports."""

import os
import socket
import subprocess
import sys

import msgspec
import psutil
import pytest

from deploy.local.errors import PortGivenTwice, PortTaken
from deploy.local.ports import SERVERS, Wanted, choose_port, free_port, is_free, require_free, reserve, settle_ports
from deploy.local.settings import LocalSettings


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert not is_free(other.getsockname()[1])


def test_a_port_somebody_listens_on_at_every_address_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:  # noqa: S104 - that is the case
        assert not is_free(other.getsockname()[1])


def test_no_port_is_promised_twice() -> None:
    # The two hundred servers of a run would meet now and then if each port were drawn afresh.
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)


def test_no_port_is_promised_to_two_processes() -> None:
    port = free_port()
    other = f"from deploy.local.ports import reserve; print(reserve({port}))"
    assert subprocess.run((sys.executable, "-c", other), capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_port_comes_back_when_the_process_that_had_it_is_gone() -> None:
    other = "from deploy.local.ports import free_port; print(free_port())"
    run = subprocess.run((sys.executable, "-c", other), capture_output=True, text=True, check=True)
    assert reserve(int(run.stdout))


def test_every_zero_becomes_a_port_of_its_own() -> None:
    settings = settle_ports(msgspec.structs.replace(LocalSettings(), **dict.fromkeys(SERVERS, 0)))
    assert len({getattr(settings, field) for field in SERVERS} - {0}) == len(SERVERS)


def test_a_port_that_is_set_stays() -> None:
    port = free_port()
    zeros = dict.fromkeys(SERVERS, 0)
    assert settle_ports(msgspec.structs.replace(LocalSettings(), **zeros | {"kafka_port": port})).kafka_port == port


@pytest.mark.parametrize(("field", "variable"), [(name, f"CLICKRAIL_LOCAL_{name.upper()}") for name in SERVERS])
def test_a_taken_port_is_named_with_its_setting(field: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = msgspec.structs.replace(LocalSettings(), **dict.fromkeys(SERVERS, 0) | {field: port})
        with pytest.raises(PortTaken, match=f"Port {port},.* set {variable} to another"):
            settle_ports(settings)


def test_all_taken_ports_are_named_at_once_and_who_has_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [server.getsockname()[1] for server in (one, other)]
        with pytest.raises(PortTaken) as raised:
            require_free([Wanted("ingest", "A_PORT", ports[0]), Wanted("sink", "B_PORT", ports[1])])
    me = f"process {os.getpid()}, {psutil.Process().name()}"
    assert str(raised.value) == (
        f"These ports are taken: {ports[0]} (ingest, A_PORT; {me}), {ports[1]} (sink, B_PORT; {me}). Stop those "
        "programs (perhaps another `make up`), or set the variables to other ports (0 takes a free one)."
    )


def test_a_port_that_two_are_to_listen_on_is_named_with_both_settings() -> None:
    port = free_port()
    with pytest.raises(PortGivenTwice, match=f"Port {port} is given twice, by A_PORT and B_PORT: set one of them"):
        require_free([Wanted("ingest", "A_PORT", port - 1, count=2), Wanted("console", "B_PORT", port)])


def test_ports_that_are_to_be_chosen_are_not_looked_at() -> None:
    require_free([Wanted("ingest", "A_PORT", 0), Wanted("console", "B_PORT", 0, count=3)])


def test_ports_in_a_row_are_all_free() -> None:
    first = choose_port(Wanted("ingest", "A_PORT", 0, count=4))
    assert [is_free(port) for port in range(first, first + 4)] == [True] * 4
    assert choose_port(Wanted("ingest", "A_PORT", 9100, count=4)) == 9100
