"""The sink stores enriched clicks, rejections and dead letters from Kafka as rows in PostgreSQL, each exactly once.

Promises: a batch is in the tables before its offsets are committed, reading a topic twice changes nothing, a bad row
is dead-lettered alone, and an outage never fills the dead-letter topic.
"""
