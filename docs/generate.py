"""Write the documents that follow from the code: `python docs/generate.py`. A test fails while one is stale."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from docs.generators.metrics import describe_metrics
from docs.generators.reasons import describe_reasons
from docs.generators.settings import describe_settings

FOLDER: Final = Path(__file__).resolve().parent
NOTE: Final = "<!-- Generated from the code: `python docs/generate.py` writes it again. -->\n\n"

DOCUMENTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "configuration.md": describe_settings,
        "metrics.md": describe_metrics,
        "reasons.md": describe_reasons,
    }
)


def generate(name: str) -> str:
    """Give the text of a generated document."""
    return NOTE + DOCUMENTS[name]()


def main() -> None:
    for name in DOCUMENTS:
        (FOLDER / name).write_text(generate(name), encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
