"""`python -m sink`: the loader."""

from runtime.process import run
from sink.service import serve
from sink.settings import Settings

if __name__ == "__main__":
    run("sink", Settings, serve)
