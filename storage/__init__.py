"""The tables of clicks and what happens to them: rows in, partitions, what people ask.

`load` and `store` put rows in, `partitions` and `jobs` make and drop days, `replay` sends dead letters again, and
`read` answers questions. The sink is the thin stage above it.
"""
