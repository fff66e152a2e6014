"""Clicks as they arrive: one consumer, a bounded queue per browser, server-sent events."""
