"""How many examples a property is tried with: what it says in `make test`, a tenth of that in `make check`."""

from typing import Final

from hypothesis import HealthCheck, settings

QUICK: Final = "quick"
SHARE: Final = 10


def register_profiles() -> None:
    """Make the profiles, of which `pytest --hypothesis-profile=quick` takes the second one."""
    # A busy machine is no bug: how long an example takes is not judged.
    settings.register_profile("whole", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(QUICK, settings.get_profile("whole"), max_examples=100 // SHARE)
    settings.load_profile("whole")


def examples(count: int) -> settings:
    """Give the settings of a property: `@examples(150)` above its `@given`."""
    return settings(max_examples=few(count))


def few(count: int) -> int:
    """Give how often to try what `make test` tries so often."""
    return count // SHARE if settings.get_current_profile_name() == QUICK else count
