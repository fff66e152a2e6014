"""How a cluster is made."""

from pathlib import Path

from deploy.local.postgres import cluster_options


def test_only_the_password_of_a_cluster_to_throw_away_is_hashed_in_one_round() -> None:
    kept, thrown_away = (
        cluster_options(Path("data"), Path("password"), throwaway=throwaway) for throwaway in (False, True)
    )
    assert thrown_away == (*kept, "--set=scram_iterations=1")
