"""The routes of the pipeline."""

from typing import Final

from console.pipeline.handlers import show_pipeline, show_pipeline_part
from console.pipeline.losses import post_losses, show_losses
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/pipeline", show_pipeline, "page"),
    Route("GET", "/parts/pipeline", show_pipeline_part, "api"),
    Route("GET", "/pipeline/losses", show_losses, "page", "operate"),
    Route("POST", "/pipeline/losses", post_losses, "page", "operate"),
)
