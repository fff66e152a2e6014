"""Finds the affiliate and program of a code: in this process, then Redis, then Postgres."""
