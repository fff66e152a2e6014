"""The overview, and what the clicks of an affiliate are like."""
