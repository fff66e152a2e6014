"""`python -m console`: the web page for people."""

from console.service import serve
from console.settings import Settings
from runtime.process import run

if __name__ == "__main__":
    run("console", Settings, serve)
