"""A request: its signals, its query parameters, its sanitized texts, and the data of the hot path. Pure."""
