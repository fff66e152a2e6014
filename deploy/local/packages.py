"""Finds the folder of an installed package without importing it: some packages have side effects on import."""

from importlib.util import find_spec
from pathlib import Path


def package_folder(name: str) -> Path:
    """Give the folder of an installed package. Raises ModuleNotFoundError."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {name} is not installed: `make up` installs it", name=name)
    return Path(spec.origin).parent
