"""Write the documents that follow from the code: `python docs/generate.py`. A test fails while one is stale."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from docs.generators.alerts import describe_alerts
from docs.generators.api import write_openapi
from docs.generators.dbt import describe_sources
from docs.generators.fields import describe_fields
from docs.generators.grafana.dashboard import write_dashboard
from docs.generators.grafana.dashboards import DASHBOARDS
from docs.generators.metrics import describe_metrics
from docs.generators.quality import describe_evaluation, describe_rules, describe_signals
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
TABLES: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = MappingProxyType(
    {
        "data-fields.md": {"fields": describe_fields},
        "monitoring.md": {"alerts": describe_alerts},
        "quality.md": {"signals": describe_signals, "rules": describe_rules, "evaluation": describe_evaluation},
    }
)
"""The generated parts of documents that are written by hand, each between two comments."""
FILES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "../dbt/sources.yml": describe_sources,
        "openapi.json": write_openapi,
        **{f"../deploy/grafana/dashboards/{each.uid}.json": partial(write_dashboard, each) for each in DASHBOARDS},
    }
)
"""Generated files that are no documents."""


def generate(name: str) -> str:
    """Give the text of a generated document, or of one with generated parts."""
    if name in FILES:
        return FILES[name]()
    if name in DOCUMENTS:
        return NOTE + DOCUMENTS[name]()
    text = (FOLDER / name).read_text(encoding="utf-8")
    for part, describe in TABLES[name].items():
        text = replace_part(text, part, describe())
    return text


def replace_part(text: str, part: str, content: str) -> str:
    """Put this content between the comments of a generated part. Raises ValueError if the text has no such part."""
    begin, end = f"<!-- generated: {part} -->", "<!-- end of generated -->"
    replaced, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n\n{content}\n\n{end}", text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{count} parts begin with {begin}, not one")
    return replaced


def main() -> None:
    for name in (*DOCUMENTS, *TABLES, *FILES):
        path = (FOLDER / name).resolve()
        path.write_text(generate(name), encoding="utf-8")
        print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    main()
