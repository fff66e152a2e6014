"""The administration of programs, affiliates and codes: one at a time, or by importing a file."""
