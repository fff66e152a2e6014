"""`python -m ingest`: the redirect service; with several workers, their supervisor, which imports very little."""

import os

if __name__ == "__main__":
    if os.environ.get("CLICKRAIL_INGEST_WORKERS", "1") == "1":
        from ingest.service import serve
        from ingest.settings import Settings
        from runtime.process import run

        run("ingest", Settings, serve)
    else:
        from ingest.supervisor.run import run as run_supervisor

        run_supervisor()
