"""Kafka, in and out: clients that are safe by default, topics, the consume loop, the producer, lag."""
