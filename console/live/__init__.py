"""Clicks as they arrive: one Kafka consumer, a bounded queue per browser, server-sent events."""
