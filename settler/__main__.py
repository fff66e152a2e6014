"""`python -m settler`: scores of clicks, settled."""

from runtime.process import run
from settler.service import serve
from settler.settings import Settings

if __name__ == "__main__":
    run("settler", Settings, serve)
