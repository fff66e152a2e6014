"""`python -m ingest`: the redirect service."""

from ingest.service import serve
from ingest.settings import Settings
from runtime.process import run

if __name__ == "__main__":
    run("ingest", Settings, serve)
