"""All dashboards, and what is on none of them on purpose."""

from typing import Final

from docs.generators.grafana.overview import OVERVIEW
from docs.generators.grafana.pipeline import PIPELINE
from docs.generators.grafana.quality import QUALITY
from docs.generators.grafana.redirect import REDIRECT
from docs.generators.grafana.storage import STORAGE

DASHBOARDS: Final = (OVERVIEW, REDIRECT, PIPELINE, STORAGE, QUALITY)
NOT_SHOWN: Final = {
    "process_virtual_memory_bytes": "resident memory says what a process costs",
    "python_info": "the version of Clickrail says which Python it was built with; support asks for the rest",
}
"""Metrics that no dashboard shows, each with the reason."""
