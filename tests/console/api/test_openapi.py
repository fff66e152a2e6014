"""The description of the API, held against its routes and against what they answer."""

import asyncio
import re
from typing import Any

import asyncpg
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance, unsupported_method

from console.api.routes import DESCRIPTION, ENDPOINTS
from console.web.routes import ROUTES
from tests.console.builders import enriched_click, rejected_click, store
from tests.console.running import Console

SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
EXAMPLES = 8
NOT_SAID = [positive_data_acceptance, unsupported_method, ignored_auth]
"""What the schema of one value cannot say: which two fit together, and which ids have a time that can be.

Here a session lets in, whatever key is sent: what a key lets do is shown in `tests/console/auth`.
"""
TEMPLATE = re.compile(r"\{(\w+)(?::[^}]*)?\}")


def test_every_route_of_the_api_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, one in DESCRIPTION["paths"].items() for method in one}
    routes = {(one.method, TEMPLATE.sub(r"{\1}", one.path)) for one in ROUTES if one.path.startswith("/api/v1/")}

    assert described == routes


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len({one.name for one in ENDPOINTS}) == len(ENDPOINTS)


# The console's own tasks draw random numbers while a strategy runs, in another thread.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.servers
async def test_whatever_is_asked_is_answered_as_described(tables_console: Console, tables: asyncpg.Connection) -> None:
    await store(tables, [enriched_click(), rejected_click()])
    cookies = {cookie.key: cookie.value for cookie in tables_console.client.session.cookie_jar}
    headers = {"X-CSRF-Token": await tables_console.read_csrf()}
    operations = [found.ok() for found in SCHEMA.get_all_operations()]

    def ask_one_by_one() -> None:
        for one in operations:
            ask_all(one, tables_console.address, cookies, headers)

    await asyncio.to_thread(ask_one_by_one)


def ask_all(operation: Any, address: str, cookies: dict[str, str], headers: dict[str, str]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        response = case.call(base_url=address, cookies=cookies, headers=headers)
        # 501: this console has no key ring.
        assert response.status_code < 500 or response.status_code == 501
        case.validate_response(response, excluded_checks=[*NOT_SAID, not_a_server_error])

    ask()
