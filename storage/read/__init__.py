"""The read side of the tables: `queries` (rows), `counts` (numbers), `records` (rows back to records)."""
