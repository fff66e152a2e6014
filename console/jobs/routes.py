"""The routes of jobs and of replays."""

from typing import Final

from console.jobs.asking import download_file, post_deletion, post_file
from console.jobs.handlers import post_cancel, post_erasure, show_jobs, show_jobs_part
from console.jobs.replay import post_replay, show_replay
from console.web.route import Route

ROUTES: Final = (
    Route("GET", "/jobs", show_jobs, "page"),
    Route("GET", "/parts/jobs", show_jobs_part, "api"),
    Route("POST", "/jobs/{job_id}/cancel", post_cancel, "page"),
    Route("POST", "/jobs/files", post_file, "page"),
    Route("GET", "/jobs/{job_id}/file", download_file, "page"),
    Route("POST", "/jobs/{job_id}/file/delete", post_deletion, "page"),
    Route("POST", "/jobs/erasure", post_erasure, "page", "operate"),
    Route("GET", "/dead-letters/replay", show_replay, "page", "operate"),
    Route("POST", "/dead-letters/replay", post_replay, "page", "operate"),
)
