"""Answers for programs: JSON, with field names that stay."""
