"""What people change: programs, affiliates and codes, one at a time or by a file."""
