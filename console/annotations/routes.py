"""The routes of annotations."""

from typing import Final

from console.annotations.handlers import PATH, post_annotation, post_removal, show_annotations
from console.web.route import Route

ROUTES: Final = (
    Route("GET", PATH, show_annotations, "page"),
    Route("POST", PATH, post_annotation, "page", "edit"),
    Route("POST", f"{PATH}/{{number}}/remove", post_removal, "page", "edit"),
)
