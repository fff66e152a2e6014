"""Backfill: records that Kafka still has are read again into an empty or damaged table, each stored once."""
