"""`python -m enricher`: the enricher."""

from enricher.service import serve
from enricher.settings import Settings
from runtime.process import run

if __name__ == "__main__":
    run("enricher", Settings, serve)
