"""How often the password may be guessed."""

from console.attempts import FORGIVEN_S, FREE, MOST_PEERS, Attempts, peer_of


def test_a_few_wrong_guesses_are_free_and_then_each_has_to_be_waited_for() -> None:
    attempts = Attempts()
    waits = []
    for _ in range(FREE):
        waits.append(attempts.wait_s("192.0.2.1", 100))
        attempts.fail("192.0.2.1", 100)

    assert waits == [0] * FREE
    assert attempts.wait_s("192.0.2.1", 100) == FORGIVEN_S
    assert attempts.wait_s("192.0.2.1", 100 + FORGIVEN_S) == 0


def test_others_are_not_made_to_wait() -> None:
    attempts = Attempts()
    for _ in range(FREE):
        attempts.fail("192.0.2.1", 100)

    assert attempts.wait_s("192.0.2.2", 100) == 0


def test_the_right_password_forgives() -> None:
    attempts = Attempts()
    for _ in range(FREE):
        attempts.fail("192.0.2.1", 100)
    attempts.succeed("192.0.2.1")

    assert attempts.wait_s("192.0.2.1", 100) == 0


def test_all_addresses_of_an_ipv6_network_are_one() -> None:
    assert peer_of("2001:db8:1:2:3::4") == peer_of("2001:db8:1:2:ffff::")
    assert peer_of("2001:db8:1:2::1") != peer_of("2001:db8:1:3::1")
    assert peer_of("unix") == "unix"


def test_what_is_remembered_has_an_end() -> None:
    attempts = Attempts()
    for number in range(MOST_PEERS + 50):
        attempts.fail(f"peer {number}", 100)

    assert attempts.wait_s("peer 0", 100) == 0
    assert len(attempts._forgiven_at) == MOST_PEERS
