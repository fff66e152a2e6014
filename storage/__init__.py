"""The tables of clicks, rejected clicks and dead letters, and everything that happens to them.

- schema: `migrations/` (SQL), `tables` (names and keys), `columns` (records to rows)
- load: `load` (a batch in one transaction), `bisection` (finds its bad rows), `writer` (the sink's connection)
- days: `days` (prepare, list and drop days), on `partitions` (native) or `chunks` (TimescaleDB), as `engine` tells;
  `jobs` (creates the coming days)
- scores: `scores` (settled scores, and the verdicts of people), `settling` (passes over the table, and their progress),
  `rescoring` (what other rules change), `affiliate_quality` (counts of a day)
- dead letters: `replay` (sends them again)
- `read/`: what people ask of the tables, and the names of dead letters
"""
