"""Whom a code belongs to: this process's cache, then Redis, then PostgreSQL, kept true by a change feed."""
