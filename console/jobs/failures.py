"""Why a job ends without its result."""


class JobFailed(Exception):  # noqa: N818 - named after the condition
    """The job cannot be done. The message is for people."""
