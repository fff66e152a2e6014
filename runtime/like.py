"""Patterns of LIKE in PostgreSQL. Pure."""


def escape_like(text: str) -> str:
    """Escape what LIKE takes for wildcards."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
