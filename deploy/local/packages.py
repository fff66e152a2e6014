"""Where an installed package lies, without importing it: some do things on import that we do not want."""

from importlib.util import find_spec
from pathlib import Path


def package_folder(name: str) -> Path:
    """Give the folder of an installed package. Raises ModuleNotFoundError."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {name} is not installed: `make up` installs it", name=name)
    return Path(spec.origin).parent
