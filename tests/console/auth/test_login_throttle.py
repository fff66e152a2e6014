"""How often the password may be guessed."""

from datetime import timedelta
from ipaddress import ip_address

import pytest

from console.auth.login_throttle import (
    ACCOUNTS,
    CLIENT,
    CLIENT_UNDER_ATTACK,
    CODES,
    EVERYBODY,
    LoginClient,
    LoginThrottle,
    network_of,
)
from runtime.errors import DependencyAway
from tests.console.builders import NOW
from tests.console.memory_tables import MemoryTables

HOME, ELSEWHERE = ip_address("192.0.2.1"), ip_address("198.51.100.7")
COST = CLIENT.cost.total_seconds()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def throttle() -> LoginThrottle:
    return LoginThrottle(MemoryTables(), b"key", Clock())


async def guess_often(throttle: LoginThrottle, times: int) -> None:
    """Guess once from each of so many addresses."""
    for number in range(times):
        await throttle.admit(throttle.identify(ip_address(0x0A000000 + number), None), NOW)


async def waits(throttle: LoginThrottle, client: LoginClient, times: int) -> list[float]:
    return [await throttle.admit(client, NOW) for _ in range(times)]


async def test_a_few_wrong_guesses_are_free_and_then_each_has_to_be_waited_for(throttle: LoginThrottle) -> None:
    client = throttle.identify(HOME, None)

    assert await waits(throttle, client, CLIENT.guesses + 1) == [0.0] * CLIENT.guesses + [COST]
    assert await throttle.admit(client, NOW + CLIENT.cost) == 0
    assert await throttle.admit(client, NOW + CLIENT.cost) == COST


async def test_one_guesser_locks_nobody_else_out(throttle: LoginThrottle) -> None:
    await waits(throttle, throttle.identify(HOME, None), 1000)

    assert await throttle.admit(throttle.identify(ELSEWHERE, None), NOW) == 0


async def test_while_many_guess_from_everywhere_each_client_has_one_guess_and_a_fresh_one_is_let_try(
    throttle: LoginThrottle,
) -> None:
    await guess_often(throttle, EVERYBODY.guesses + 1)
    owner = throttle.identify(HOME, None)

    assert await waits(throttle, owner, 2) == [0, CLIENT_UNDER_ATTACK.cost.total_seconds()]


async def test_an_attack_at_one_user_is_none_at_another(throttle: LoginThrottle) -> None:
    await guess_often(throttle, EVERYBODY.guesses + 1)
    vera = throttle.identify(HOME, None, "vera")

    assert await waits(throttle, vera, CLIENT.guesses) == [0.0] * CLIENT.guesses


async def test_a_client_is_counted_over_all_users_that_it_tries(throttle: LoginThrottle) -> None:
    clients = [throttle.identify(HOME, None, f"user-{number}") for number in range(CLIENT.guesses + 1)]

    assert [await throttle.admit(client, NOW) for client in clients] == [0.0] * CLIENT.guesses + [COST]


@pytest.mark.slow
async def test_made_up_login_names_fill_no_table() -> None:
    tables = MemoryTables()
    throttle = LoginThrottle(tables, b"key", Clock())
    for number in range(20_000):
        await throttle.admit(throttle.identify(HOME, b"b" * 16, f"user-{number}"), NOW)
    accounts = {throttle.identify(HOME, None, f"user-{number}").account for number in range(20_000)}

    assert len(tables.failures) == 1
    assert len(accounts) <= ACCOUNTS


async def test_guesses_at_codes_from_elsewhere_leave_a_known_browser_its_own(throttle: LoginThrottle) -> None:
    stranger, known = throttle.identify(ELSEWHERE, None), throttle.identify(HOME, b"b" * 16)
    guesses = [await throttle.admit_code(stranger, "owner", NOW) for _ in range(CODES.guesses + 1)]

    assert guesses == [0.0] * CODES.guesses + [CODES.cost.total_seconds()]
    assert await throttle.admit_code(throttle.identify(HOME, None), "owner", NOW) > 0
    assert await throttle.admit_code(known, "owner", NOW) == 0
    await throttle.forgive_code(stranger, "owner")
    assert await throttle.admit_code(stranger, "owner", NOW) == 0


async def test_after_an_attack_guesses_are_free_as_before(throttle: LoginThrottle) -> None:
    await guess_often(throttle, 2 * EVERYBODY.guesses)
    owner = throttle.identify(HOME, None)
    later = NOW + timedelta(hours=1, minutes=10)

    assert [await throttle.admit(owner, later) for _ in range(2)] == [0, 0]


async def test_an_attack_is_over_a_day_after_it_however_large_it_was() -> None:
    tables = MemoryTables()
    throttle = LoginThrottle(tables, b"key", Clock())
    await guess_often(throttle, 5000)

    assert max(tables.failures.values()) <= NOW + timedelta(days=1) + EVERYBODY.cost


async def test_a_browser_that_is_known_is_not_held_up_by_others_at_its_own_address(throttle: LoginThrottle) -> None:
    await waits(throttle, throttle.identify(HOME, None), 100)
    await guess_often(throttle, 2 * EVERYBODY.guesses)
    owner = throttle.identify(HOME, b"b" * 16)

    assert await waits(throttle, owner, CLIENT.guesses + 1) == [0.0] * CLIENT.guesses + [COST]
    assert await throttle.admit(throttle.identify(ELSEWHERE, None), NOW) == 0


async def test_the_right_password_forgives_the_wrong_ones_of_a_known_browser(throttle: LoginThrottle) -> None:
    client = throttle.identify(HOME, b"b" * 16)
    await waits(throttle, client, CLIENT.guesses)
    await throttle.forgive(client, NOW)

    assert await waits(throttle, client, CLIENT.guesses) == [0.0] * CLIENT.guesses


async def test_ones_own_password_gives_no_address_more_guesses_at_others(throttle: LoginThrottle) -> None:
    admitted = 0
    for _ in range(20):
        other = throttle.identify(HOME, None, "ana@shop.example")
        admitted += (await waits(throttle, other, CLIENT.guesses - 1)).count(0.0)
        own = throttle.identify(HOME, None, "affiliate@shop.example")
        if not await throttle.admit(own, NOW):
            await throttle.forgive(own, NOW)

    assert admitted == CLIENT.guesses


async def test_who_logs_in_again_and_again_is_not_held_up(throttle: LoginThrottle) -> None:
    client = throttle.identify(HOME, None)
    for _ in range(3 * CLIENT.guesses):
        assert await throttle.admit(client, NOW) == 0
        await throttle.forgive(client, NOW)


async def test_logins_that_succeed_are_no_attack(throttle: LoginThrottle) -> None:
    for number in range(2 * EVERYBODY.guesses):
        client = throttle.identify(ip_address(0x0A000000 + number), None)
        await throttle.admit(client, NOW)
        await throttle.forgive(client, NOW)

    assert await waits(throttle, throttle.identify(HOME, None), 2) == [0, 0]


async def test_processes_count_together() -> None:
    tables = MemoryTables()
    processes = [LoginThrottle(tables, b"key", Clock()) for _ in range(3)]
    admitted = [await one.admit(one.identify(HOME, None), NOW) for one in processes * CLIENT.guesses]

    assert admitted.count(0.0) == CLIENT.guesses


async def test_who_was_told_to_wait_is_told_so_again_without_a_question_to_the_table() -> None:
    tables, clock = MemoryTables(), Clock()
    throttle = LoginThrottle(tables, b"key", clock)
    client = throttle.identify(HOME, None)
    assert throttle.cached_wait_s(client) == 0
    await waits(throttle, client, CLIENT.guesses + 1)
    asked = tables.asked
    clock.now += 10

    assert throttle.cached_wait_s(client) == COST - 10
    assert tables.asked == asked
    clock.now += 30
    assert throttle.cached_wait_s(client) == 0


async def test_without_its_table_nobody_is_let_try() -> None:
    tables = MemoryTables()
    throttle = LoginThrottle(tables, b"key", Clock())
    tables.problem = "PostgreSQL does not answer"

    with pytest.raises(DependencyAway):
        await throttle.admit(throttle.identify(HOME, None), NOW)


async def test_no_address_stands_in_the_table_nor_in_what_logs_show() -> None:
    tables = MemoryTables()
    throttle = LoginThrottle(tables, b"key", Clock())
    client = throttle.identify(HOME, None)
    await throttle.admit(client, NOW)

    assert client.name.isalnum()
    assert len(client.name) == 12
    assert [subject for subject in tables.failures if b"192" in subject or HOME.packed in subject] == []
    assert client.name != LoginThrottle(tables, b"other key", Clock()).identify(HOME, None).name


def test_all_addresses_of_an_ipv6_network_are_one() -> None:
    assert network_of(ip_address("2001:db8:1:2:3::4")) == network_of(ip_address("2001:db8:1:2:ffff::"))
    assert network_of(ip_address("2001:db8:1:2::1")) != network_of(ip_address("2001:db8:1:3::1"))


async def test_what_was_used_is_used_for_all_processes_until_it_is_over() -> None:
    tables, minute = MemoryTables(), timedelta(minutes=1)
    first, second = (LoginThrottle(tables, b"key", Clock()) for _ in range(2))

    assert [await throttle.use_once("state", minute, NOW) for throttle in (first, second)] == [True, False]
    assert await second.use_once("another", minute, NOW)
    assert await second.use_once("state", minute, NOW + minute)
    assert "state" not in str(tables.failures)
