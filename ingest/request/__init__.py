"""A request, read once: what it asks for, its texts made harmless, what its link carries. Pure."""
