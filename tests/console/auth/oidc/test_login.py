"""The whole way to the provider and back, against a provider that speaks the protocol."""

from tests.console.auth.oidc.fake_provider import FakeProvider
from tests.console.auth.oidc.round_trip import log_in
from tests.console.running import Console


async def test_who_was_invited_logs_in_and_goes_on_where_they_wanted(
    oidc_console: Console, provider: FakeProvider
) -> None:
    reply = await log_in(oidc_console.client, "/clicks?code=a")

    assert (reply.status, reply.has_session) == (200, True)
    assert 'content="0; url=/clicks?code=a"' in reply.text
    async with oidc_console.client.get("/clicks", allow_redirects=False) as response:
        assert response.status == 200
    assert oidc_console.tables is not None
    vera = oidc_console.tables.accounts["vera"]
    assert (vera.oidc_issuer, vera.oidc_subject) == (provider.issuer, "f3a1")
    assert [entry.action for entry in oidc_console.tables.entries] == ["user.link", "login"]
    assert oidc_console.tables.entries[-1].after == {
        "browser": "A program",
        "how": "openid connect",
        "second_factor": "the provider's",
    }
