"""The package `iporigin`, if it is installed (the extra `networks`): ranges that providers publish, with labels."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from types import ModuleType

import msgspec
import structlog

from enricher.rules.networks import Certainty, Kind
from enricher.rules.package_labels import PACKAGE_LABELS
from enricher.steps.database import IpAddress
from enricher.steps.network import Claim, NetworkSource

log = structlog.get_logger()


class PackagedNetworks:
    """Its labels, read as our kinds (`PACKAGE_LABELS`). What it says about datacenters is not used.

    `find` takes an address as a number and 4 or 6, and gives provider and kind.
    """

    def __init__(self, find: Callable[[int, int], tuple[str, str] | None], label: str) -> None:
        self._find = find
        self._claims = {
            provider: Claim(kind=kind, certainty=certainty, provider=provider, label=label)
            for provider, (kind, certainty) in PACKAGE_LABELS.items()
        }

    def find_claims(self, address: IpAddress, _asn: int | None, /) -> Iterator[Claim]:
        found = self._find(int(address), address.version)
        if found is not None and (claim := self._claims.get(found[0])) is not None:
            yield claim


def load_package() -> NetworkSource | None:
    """Give what the package knows; None if it is not installed. A package that cannot be read is logged."""
    try:
        package = importlib.import_module("iporigin")
        # Its public `classify` gives the same in 18 us; this takes 2. The extra pins the version for it.
        ranges = importlib.import_module("iporigin._data").dataset()
        return PackagedNetworks(ranges.find, describe_version(package))
    except ModuleNotFoundError:
        return None
    except Exception:
        # Optional, and of a third party: without it clicks go on with fewer kinds.
        log.exception("the package iporigin is not used: it cannot be read")
        return None


def describe_version(package: ModuleType, labels: Mapping[str, tuple[Kind, Certainty]] = PACKAGE_LABELS) -> str:
    """Name the package's version, its data's, and by a digest how we read its labels."""
    built = datetime.fromtimestamp(package.dataset_info()["built_at"], UTC).date()
    digest = sha256(msgspec.json.encode(labels, order="sorted")).hexdigest()
    return f"iporigin {package.__version__} {built} {digest[:8]}"
