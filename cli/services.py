"""`clickrail ingest|enricher|sink|console`: run one service, with its settings from the environment."""


def ingest() -> None:
    """Run the redirect service."""
    from ingest.service import serve
    from ingest.settings import Settings
    from runtime.process import run

    run("ingest", Settings, serve)


def enricher() -> None:
    """Run the enricher."""
    from enricher.service import serve
    from enricher.settings import Settings
    from runtime.process import run

    run("enricher", Settings, serve)


def sink() -> None:
    """Run the sink."""
    from runtime.process import run
    from sink.service import serve
    from sink.settings import Settings

    run("sink", Settings, serve)


def console() -> None:
    """Run the console."""
    from console.service import serve
    from console.settings import Settings
    from runtime.process import run

    run("console", Settings, serve)
