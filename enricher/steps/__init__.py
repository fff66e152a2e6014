"""The steps of enrichment, each a pure function of one click."""
