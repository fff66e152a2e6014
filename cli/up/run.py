"""Runs the local stack: servers, set-up, services, one demo click, addresses, then the status until it is stopped."""

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from cli.up.banner import describe_addresses, describe_commands
from cli.up.demo import DEMO_CODE
from cli.up.demo_click import ClickNotStored, DemoLink, describe_trace, follow_click
from cli.up.environ import Addresses, service_environ, write_exports
from cli.up.landing import DEMO_PROGRAM, serve_landing
from cli.up.screen import Screen
from cli.up.services import (
    LocalService,
    plan_service,
    ports_of,
    prioritize_ingest,
    read_services,
    run_services,
)
from cli.up.setup import fetch_databases, find_addresses, make_secrets, placeholders, set_up, write_private
from cli.up.status import show_status
from deploy.local.ports import SERVERS, Wanted, choose_port, require_free, wanted_ports
from deploy.local.postgres import program
from deploy.local.settings import LocalSettings, variable
from deploy.local.stack import Stack, keep_up, ready_folder, run_servers
from deploy.local.task_group import run_concurrently
from runtime.settings import load

NEEDED_BY_CLICK: Final = frozenset({"ingest", "enricher", "sink"})
"""The services that a click passes."""
ENVIRONMENT: Final = "environment"
"""A file in the data folder, with the settings of this run for shells and other commands."""


class Local(msgspec.Struct, frozen=True):
    """The settings of the servers, the environment of the services, and the services that run."""

    settings: LocalSettings
    environ: Mapping[str, str]
    services: Mapping[str, LocalService]
    addresses: Addresses


async def run_up(environ: Mapping[str, str], selected: Sequence[str], screen: Screen) -> None:
    """Run everything until cancelled. Raises the errors that `cli.up.command` catches; then nothing is left running."""
    stop_on_signals()
    settings = read_local(environ)
    # Before anything is downloaded or started, so that another run, a wrong setting or a taken port fails at once.
    with ready_folder(settings.data, screen.progress):
        settings, environ = choose_ports(settings, environ, selected)
        # Remove the file of an earlier run: its addresses may be wrong until this run is up.
        (settings.data / ENVIRONMENT).unlink(missing_ok=True)
        files = await fetch_databases(environ, settings.cache, screen.progress)
        async with run_servers(settings, screen.progress) as stack:
            addresses = find_addresses(stack, settings, files)
            make_secrets(addresses)
            inner = service_environ(environ, addresses)
            services = {service.name: service for service in read_services(inner, selected)}
            await run_services_on(stack, Local(settings, inner, services, addresses), screen)


def read_local(environ: Mapping[str, str]) -> LocalSettings:
    """Read the settings of the local stack. Raises SettingsError."""
    return load(LocalSettings, {name: text for name, text in environ.items() if name.startswith("CLICKRAIL_LOCAL_")})


def choose_ports(
    settings: LocalSettings, environ: Mapping[str, str], selected: Sequence[str]
) -> tuple[LocalSettings, dict[str, str]]:
    """Return the settings of servers and services, with a free port in place of every 0.

    Raises SettingsError, PortTaken with every port that is taken, PortGivenTwice.
    """
    services = ports_of(read_services(service_environ(environ, placeholders()), selected))
    servers = wanted_ports(settings)
    landing = Wanted("the demo's page", variable("landing_port"), settings.landing_port)
    require_free([*services, landing, *servers])
    chosen = dict(zip([*SERVERS, "landing_port"], map(choose_port, [*servers, landing]), strict=True))
    ports = {each.setting: str(choose_port(each)) for each in services}
    return msgspec.structs.replace(settings, **chosen), {**environ, **ports}


async def run_services_on(stack: Stack, local: Local, screen: Screen) -> None:
    """Run the services on the servers, show the addresses, and then the status until cancelled."""
    addresses, services = local.addresses, local.services
    console = services["console"].browser_url if "console" in services else None
    async with serve_landing(local.settings.landing_port, addresses.keys_file, console) as landing:
        screen.progress("Applying topics and migrations", None)
        await set_up(addresses, local.environ, landing)
        write_private(local.settings.data / ENVIRONMENT, write_exports(local.environ, services, program("psql").parent))
        if services:
            screen.progress(f"Starting {', '.join(services)}", None)
        plans = [plan_service(service, local.environ, local.settings.data) for service in services.values()]
        async with run_services(plans, screen.say):
            for line in [*await trace_demo_click(local, screen), *describe_run(local)]:
                screen.say(line)
            await prioritize_ingest((stack.kafka, stack.postgres))
            await run_concurrently(
                show_status(tuple(services.values()), screen),
                keep_up(stack.servers, lambda what, _: screen.say(f"[yellow]{what}[/]")),
            )


async def trace_demo_click(local: Local, screen: Screen) -> list[str]:
    """Follow a click and return lines that describe it; no lines unless every service that it needs runs."""
    if not NEEDED_BY_CLICK.issubset(local.services):
        return []
    screen.progress("Following one click from its 302 to its row", None)
    https = local.environ["CLICKRAIL_PUBLIC_URL"].startswith("https:")
    link = DemoLink(local.services["ingest"].url, DEMO_CODE, DEMO_PROGRAM, https)
    went = await follow_click(link, local.addresses.keys_file, local.addresses.postgres)
    return [f"  [yellow]{went.reason}[/]", ""] if isinstance(went, ClickNotStored) else [*describe_trace(went), ""]


def describe_run(local: Local) -> list[str]:
    link = f"{local.environ['CLICKRAIL_PUBLIC_URL']}/ref/{DEMO_CODE}"
    file = local.settings.data / ENVIRONMENT
    return [
        *describe_addresses(link, local.services, local.addresses, local.environ),
        "",
        *describe_commands(local.services, file, sys.argv[0]),
        "",
    ]


def stop_on_signals() -> None:
    # Handle SIGINT too: a shell script starts background processes with SIGINT ignored, and Python keeps that.
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
